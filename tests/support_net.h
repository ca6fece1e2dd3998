/* support_net.h - small networks in files of their own, and what they make of a picture: layer by layer in double, by reference/
 * (maps are rounded to f32 between layers). */
#ifndef NONET_TESTS_SUPPORT_NET_H
#define NONET_TESTS_SUPPORT_NET_H

#include "cli/sweep.h"
#include "vgg/model.h"
#include "vgg/picture.h"

typedef struct support_map {
    int c, h, w;
    double *x;
    double unit;        /* its rounding errors are measured in it: the largest |bias| + sum of |w||x| of the layer that made it */
} support_map;

/* Writes a network into a new file of P_tmpdir, whose name goes into path (64 bytes): `blocks` of a convolution and a pool,
 * channels from 8 up; two FC layers on the side that is left, 7 classes. Layers are named by type and place: conv1, ..., fc8. */
void support_net_make(char *path, int side, int blocks, int pad, int ceil, sweep_random *random);
/* Likewise: `convs` convolutions of k channels in a row, behind a layer of the type `first`, if that is not a convolution. */
void support_net_convs(char *path, vgg_layer_type first, int side, int convs, int k, sweep_random *random);
void support_net_read(vgg_model *m, const char *path);
/* The map of class scores (free its x), or the one after the layer called `last` and its ReLU. FC layers are convolutions over
 * the map. */
support_map support_net_run(const vgg_model *m, const float *x, int h, int w, const char *last);

vgg_picture support_picture(int w, int h, int channels, sweep_random *random);
/* A rectangle of a resized picture as the network's input, straight from the definition (torch and grey kinds). */
float *support_net_cut(const vgg_model *m, const uint8_t *pixels, int columns, int top, int left, int h, int w, int flip);

#endif
