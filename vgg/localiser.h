/* localiser.h - what a localiser is inside. */
#ifndef NONET_VGG_LOCALISER_H
#define NONET_VGG_LOCALISER_H

#include "vgg/evaluator.h"
#include "vgg/localise.h"

struct vgg_localiser {
    vgg_evaluator *classes;     /* not its own */
    vgg_evaluator *box[VGG_MODELS];     /* one network each */
    int nets;
    vgg_protocol protocol;
    double merge;
    int pixels;
    int stride;                 /* pixels of the input from one position to the next */
    size_t max_memory;
    float *src, *dst;           /* a view and its map */
    size_t src_floats, dst_floats;
};

/* The class networks get what the box networks leave of the memory's limit. */
void vgg_localiser_share(vgg_localiser *localiser);

#endif
