/* nets.h - the six networks of Table 1 of the VGG paper. */
#ifndef NONET_VGG_NETS_H
#define NONET_VGG_NETS_H

#include "vgg/model.h"

/* The names, for messages. */
#define VGG_NET_NAMES "vgg11, vgg11-lrn, vgg13, vgg16c, vgg16, vgg19"

/* Table 1's A-LRN takes Krizhevsky's normalisation x / (2 + 1e-4 * sum x^2)^0.75 over 5 channels. His alpha is not divided by the
 * number of channels; in the convention of vgg_layer (Caffe's and PyTorch's, alpha/size) the same function has alpha = 5e-4. */
#define VGG_LRN_SIZE 5
#define VGG_LRN_ALPHA 5e-4f
#define VGG_LRN_BETA 0.75f
#define VGG_LRN_K 2.0f

typedef struct vgg_netspec {
    const char *name;
    const char *features;       /* "64 L M 128 M 256 256 256/1 M": outputs of a 3x3 convolution (/1: of a 1x1), L: LRN, M: pool */
} vgg_netspec;

/* NULL when no network has this name. */
const vgg_netspec *vgg_net_find(const char *name);

typedef struct vgg_spec_item {
    vgg_layer_type type;        /* VGG_CONV, VGG_LRN or VGG_MAXPOOL */
    int k, r;                   /* a convolution's outputs and kernel side */
} vgg_spec_item;

/* Takes the next item off a feature string; 0 at its end. */
int vgg_spec_next(const char **features, vgg_spec_item *item);

/* Makes the layers of a network for 3x224x224 and 1000 classes, exactly as in the table: ReLU after every layer but the last, no
 * Dropout, no soft-max. Its weights and biases are NULL: vgg_random_rows makes them, some outputs at a time, from the seed. */
nonet_vgg_status vgg_model_from_spec(vgg_model *model, const vgg_netspec *spec, uint64_t seed, nonet_vgg_error *err);

/* 1 if the model's convolutions are those of the network, or without a classifier the first of them. */
int vgg_net_matches(const vgg_model *model, const vgg_netspec *spec);

/* The name of the network whose features these layers are, or "sequence". */
const char *vgg_net_name(const vgg_model *model);

#endif
