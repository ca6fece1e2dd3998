/* units.h - a state dict as the units that its names speak of. */
#ifndef NONET_VGG_UNITS_H
#define NONET_VGG_UNITS_H

#include "vgg/model.h"

typedef enum vgg_naming { VGG_NAMED_TORCHVISION, VGG_NAMED_TIMM, VGG_NAMED_CAFFE } vgg_naming;
enum { PART_WEIGHT, PART_BIAS, PART_MEAN, PART_VAR, PART_COUNT };

/* Up to four tensors that share a name up to the last dot: a convolution, a BatchNorm or an FC. */
typedef struct vgg_unit {
    int in_classifier;
    vgg_naming style;
    int index;                  /* features.N: N; conv3_2: 302; fc6: 6 */
    const vgg_tensor *part[PART_COUNT];
    int lrn, pool;              /* a convolution's: what stands behind its ReLU */
} vgg_unit;

typedef struct vgg_units {
    vgg_model *model;
    vgg_unit *units;            /* sorted: features before classifier, each by index */
    int count, features;        /* all, and those in features */
} vgg_units;

/* Fills r->units (room for count of them) and checks that each has the tensors and shapes of what it is, that the first is a
 * convolution and that a BatchNorm follows a convolution or FC. */
nonet_vgg_status vgg_units_collect(vgg_units *r, const vgg_tensor *tensors, int count, nonet_vgg_error *err);

int vgg_unit_is_batchnorm(const vgg_unit *u);
/* The name of one of its tensors, for messages. */
const char *vgg_unit_label(const vgg_unit *u);

#endif
