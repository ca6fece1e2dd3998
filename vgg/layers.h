/* layers.h - adds the layers of a VGG network one by one, and names them as the paper does: conv1_1, relu1_1, pool1, ... fc6. */
#ifndef NONET_VGG_LAYERS_H
#define NONET_VGG_LAYERS_H

#include "vgg/model.h"

typedef struct vgg_builder {
    vgg_model *model;
    int group, place;           /* of the next convolution, from 1; after the last pool, group is the number of the first FC */
    int channels;               /* outputs of the last convolution or FC */
    int failed;                 /* no memory: every later call does nothing */
} vgg_builder;

/* Each returns the layer it added, NULL when there is no memory (builder->failed stays set). */
vgg_layer *vgg_add_conv(vgg_builder *b, int k, int c, int r);   /* stride 1; padding 1 for 3x3, 0 for 1x1 */
vgg_layer *vgg_add_batchnorm(vgg_builder *b);                   /* named after the layer before it; k is set, eps is 1e-5 */
vgg_layer *vgg_add_relu(vgg_builder *b);                        /* the same */
vgg_layer *vgg_add_lrn(vgg_builder *b);                         /* with the constants of nets.h */
vgg_layer *vgg_add_pool(vgg_builder *b);                        /* floor; ends the group */
vgg_layer *vgg_add_avgpool(vgg_builder *b, int side);
vgg_layer *vgg_add_flatten(vgg_builder *b);
vgg_layer *vgg_add_fc(vgg_builder *b, int k, int c);

/* Sets kind and the means and deviations that go with it (one channel of NONET_VGG_GREY: Fashion-MNIST's). */
void vgg_set_preparation(vgg_model *model, nonet_vgg_kind kind);

#endif
