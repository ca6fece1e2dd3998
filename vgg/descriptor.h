/* descriptor.h - a picture as a row of numbers for other classifiers: the paper's appendix B (docs/PAPER.md).
 *
 * The network, cut off after a layer, is applied densely to the whole picture at each scale; the map is pooled over space; the
 * mirror image's row is averaged with it; scales are averaged, or stacked side by side; the row is scaled to length 1. Sums are
 * in double, in a fixed order, so a row has the same bits on every instruction set and with any number of threads. */
#ifndef NONET_VGG_DESCRIPTOR_H
#define NONET_VGG_DESCRIPTOR_H

#include "vgg/protocol.h"

typedef enum vgg_across { VGG_ACROSS_AVG = 0, VGG_ACROSS_MAX, VGG_ACROSS_STACK } vgg_across;

typedef struct vgg_descriptor {
    int max_pool;               /* over space: the largest value of each channel, else their mean */
    int flip;                   /* average with the mirror image */
    int l2;                     /* scale the row to length 1; a row of zeros stays */
    vgg_across across;          /* scales: their mean, their largest values, or all of them, in the order that they are given */
    int scales;                 /* at least one */
    int scale[VGG_SCALES];      /* smaller side of the resized picture, not below what the network was trained on */
} vgg_descriptor;

/* Numbers in a row of a network with so many output channels. */
size_t vgg_descriptor_width(const vgg_descriptor *how, int channels);

/* net: opened for dense application; its size changes. prepare: how pictures are normalised (h and w are not looked at). The
 * picture gets the channels that the network takes. row: vgg_descriptor_width floats. */
nonet_vgg_status vgg_describe(nonet_vgg *net, const vgg_prepare *prepare, const vgg_descriptor *how, vgg_picture *picture,
                              float *row, nonet_vgg_error *err);

/* The map of a dense network over the whole picture (free it) with its smaller side `side` long: info->out_c x out_h x out_w,
 * filled in. pixels: NULL, or gets the resized picture (free it). */
nonet_vgg_status vgg_dense_map(nonet_vgg *net, const vgg_prepare *prepare, vgg_picture *picture, int side, int flip, float **map,
                               nonet_vgg_info *info, uint8_t **pixels, nonet_vgg_error *err);

#endif
