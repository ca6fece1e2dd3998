/* net.h - a network that can run: steps with their plans, packed weights and activations. */
#ifndef NONET_VGG_NET_H
#define NONET_VGG_NET_H

#include "vgg/model.h"

enum {
    VGG_ACTS = 3,
    VGG_CHAIN_MAX = 32          /* steps of a chain */
};

typedef struct vgg_step {
    vgg_layer layer;            /* its weights are gone once they are packed */
    int index;                  /* in model.layers */
    nonet_conv conv;            /* CONV and FC */
    nonet_plan *plan;
    nonet_weights *weights;
    nonet_chain *chain;         /* that starts with this step, or NULL */
    int chained;                /* its steps */
    nonet_layout out_layout;
    int c, h, w, k, oh, ow;     /* one image in and out */
    int relu, pool;             /* fused behind it */
    int images;                 /* of one call */
} vgg_step;

/* What a layer keeps whatever the size of the input. */
typedef struct vgg_pin {
    nonet_algo algo;
    nonet_isa isa;
    nonet_weight_form form;
    int r, s;                   /* of an FC layer: the map that it was trained on */
} vgg_pin;

struct nonet_vgg {
    vgg_model model;            /* without its layers' data after opening, and without the layers that are not run */
    char name[32];
    nonet_vgg_options options;
    int batch, h, w;
    int trained_h, trained_w;   /* dense: the least input */
    vgg_pin *pins;              /* one a layer of the model */
    int pinned;                 /* they are set: by the first vgg_build_steps */
    vgg_step *steps;
    int count;
    int early;                  /* steps that run a few images at a time: passes.c */
    float *act[VGG_ACTS];       /* what steps write by turns: a chain needs three */
    size_t act_floats[VGG_ACTS];
    void *workspace;
    size_t workspace_bytes;
    int mapped, unfit;          /* layers with packed weights in the file: used, and not */
};

/* The input size where neither the caller nor the file says it: 224, else the smallest that the classifier fits (28 for one
 * channel where it fits). Fails when none does. */
nonet_vgg_status vgg_input_size(const vgg_model *model, int *h, int *w, nonet_vgg_error *err);
/* Cuts the model's layers into steps with shapes and plans. The first time it sets the pins; options.last is not looked at
 * later. */
nonet_vgg_status vgg_build_steps(nonet_vgg *net, nonet_vgg_error *err);
/* Whether the layers, folded, go through for an input that the caller asks for: else the sentence, and NONET_VGG_USAGE if the size
 * is to blame. */
nonet_vgg_status vgg_check_size(const vgg_model *model, int h, int w, nonet_vgg_error *err);
/* Steps with their plans and chains; the weights are somebody else's. */
void vgg_free_steps(vgg_step *steps, int count);

/* Where the weights of a layer come from: fills (or points to) output channels [first, first+count) of it. */
typedef struct vgg_source {
    void *context;
    nonet_vgg_status (*rows)(void *context, const vgg_step *step, int first, int count, const float **weight,
                             const float **bias, nonet_vgg_error *err);
} vgg_source;
/* Packs what does not stand packed in the model's file already. */
nonet_vgg_status vgg_pack_steps(nonet_vgg *net, const vgg_source *source, nonet_vgg_error *err);

/* The source of weights that stand in the model's map or memory. */
typedef struct vgg_file_source {
    const vgg_model *model;
    const float *packed, *end;  /* what was handed out last, and is packed when the next is asked for */
} vgg_file_source;
nonet_vgg_status vgg_file_rows(void *context, const vgg_step *step, int first, int count, const float **weight,
                               const float **bias, nonet_vgg_error *err);

/* nonet_vgg_open; keep: checks all of the file, and the model's layers keep their data, for whoever writes them. */
nonet_vgg_status vgg_open_model(nonet_vgg **net, const char *path, const nonet_vgg_options *options, int keep,
                                nonet_vgg_error *err);

/* Seconds from an arbitrary start. */
double vgg_now(void);
/* Has the pages of a part of a mapped file mapped now, without reading them all. */
void vgg_prefault(const void *start, size_t count, int threads);
/* Ends the OpenMP threads, unless called by one of them. */
void vgg_release_threads(const nonet_vgg *net);
/* Sets early, and the images of a call of each step. */
void vgg_choose_passes(nonet_vgg *net);
/* Floats of a step's output; of the activations; before the gathered output of the last early step in its activations. */
size_t vgg_step_floats(const vgg_step *s, int images);
void vgg_act_floats(const nonet_vgg *net, size_t floats[VGG_ACTS]);
size_t vgg_gather_offset(const nonet_vgg *net);

/* What running the steps takes. */
typedef struct vgg_needs {
    size_t act_floats[VGG_ACTS], workspace_bytes, weight_bytes;
} vgg_needs;
vgg_needs vgg_needs_of(const nonet_vgg *net);
size_t vgg_needs_bytes(const vgg_needs *needs);
/* Fails when the steps need more than options.max_memory. */
nonet_vgg_status vgg_check_budget(const nonet_vgg *net, nonet_vgg_error *err);
/* Activations and workspace for all steps. */
nonet_vgg_status vgg_alloc_buffers(nonet_vgg *net, nonet_vgg_error *err);
void vgg_free_buffers(nonet_vgg *net);
int vgg_has_buffers(const nonet_vgg *net);
/* Steps for another input; weights that are packed already go with them. On failure the steps are as they were. */
nonet_vgg_status vgg_rebuild(nonet_vgg *net, int batch, int h, int w, nonet_vgg_error *err);

#endif
