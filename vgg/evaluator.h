/* evaluator.h - what an evaluator is inside. */
#ifndef NONET_VGG_EVALUATOR_H
#define NONET_VGG_EVALUATOR_H

#include "vgg/protocol.h"

enum { VGG_CROPS = 10 };        /* crops of a picture in one forward */

typedef struct vgg_member {
    nonet_vgg *net;
    nonet_vgg_info info;        /* as it was opened */
    int batch, h, w;            /* its shape now */
    vgg_prepare how;
    float mean[4], std[4];
    double weight;              /* those of all models add up to 1 */
} vgg_member;

typedef struct vgg_slot {
    int picture;
    double weight;
} vgg_slot;

struct vgg_evaluator {
    int models, classes, batch;
    vgg_member member[VGG_MODELS];
    vgg_protocol protocol;
    size_t max_memory;
    int h, w, waiting, room;    /* the views that wait, and how many may */
    vgg_slot *slot;
    float *src, *dst, *row;
    size_t src_floats, dst_floats;
    double *sum;                /* of the pictures that run */
};

/* How a picture is resized for a scale, and what is kept of it: everything, but for the centre protocol. */
vgg_window vgg_view_window(const vgg_evaluator *e, const vgg_member *m, const vgg_picture *p, int scale);
/* Whether the network can take a view of that window. */
nonet_vgg_status vgg_check_window(const vgg_member *m, const vgg_picture *p, const vgg_window *window, nonet_vgg_error *err);
/* The picture itself, or a copy (whose pixels are others) with the channels that a network takes. */
nonet_vgg_status vgg_with_channels(const vgg_picture *p, int channels, vgg_picture *copy, nonet_vgg_error *err);
/* Makes a buffer at least so large; what it held is lost. 0 when there is no memory. */
int vgg_grow(float **buffer, size_t *held, size_t floats);

#endif
