/* protocol.h - how a picture becomes class posteriors: the protocols of the VGG paper (sections 3.2 and 4; docs/PAPER.md).
 *
 * A protocol cuts views out of a picture: the whole resized picture (dense), or crops of the size that the network was trained
 * on.
 * Each view gives one soft-max vector; the posteriors are their weighted mean, in double:
 *   dense      the class score map is averaged over space, then soft-max (3.2)
 *   crops      soft-max of each crop
 *   flip       as many views again, mirrored; posteriors averaged (3.2)
 *   scales     posteriors averaged (4.2)
 *   both       mean of dense and multi-crop posteriors (4.3)
 *   models     posteriors averaged, with weights if wanted (4.4) */
#ifndef NONET_VGG_PROTOCOL_H
#define NONET_VGG_PROTOCOL_H

#include "vgg/preprocess.h"

typedef enum vgg_protocol_kind {
    VGG_CENTRE = 0,             /* one crop from the middle */
    VGG_DENSE,
    VGG_MULTICROP,              /* a 5 x 5 grid of crops and their mirror images: 50 views a scale */
    VGG_BOTH                    /* dense and multi-crop */
} vgg_protocol_kind;

enum { VGG_SCALES = 16, VGG_GRID = 5, VGG_MODELS = 16 };

typedef struct vgg_protocol {
    vgg_protocol_kind kind;
    int flip;                   /* centre, dense: the mirror image too (multi-crop always has it) */
    int scales;                 /* 0: one, 256/224 of the trained side (the side itself below 64), as in preprocess.h */
    int scale[VGG_SCALES];      /* smaller side of the resized picture */
} vgg_protocol;

/* "centre", "dense", "multicrop", "both"; 0 if the text is none of them. */
int vgg_protocol_kind_of(const char *text, vgg_protocol_kind *kind);
const char *vgg_protocol_name(vgg_protocol_kind kind);
/* "256", "256,384,512" or "S-32,S,S+32", where S is the scale that the network was trained at (0: not known, so no S). */
nonet_vgg_status vgg_protocol_scales(vgg_protocol *protocol, const char *text, int trained_at, nonet_vgg_error *err);

/* One or more networks and a protocol. One evaluator may be used by one thread at a time; different ones are independent. */
typedef struct vgg_evaluator vgg_evaluator;

typedef struct vgg_evaluator_options {
    int models;                 /* 1..VGG_MODELS */
    const char *const *model;   /* their files */
    const double *weight;       /* NULL: all the same; else one a model, each above 0 */
    vgg_protocol protocol;
    /* Each network's options. batch: views of one size in a forward, fewer where max_memory wants it; 0: 10 crops of a picture,
     * else one. max_memory bounds all networks and the views' buffers together. dense: ready for dense application, whatever the
     * protocol. height, width, last: not used. */
    nonet_vgg_options net;
} vgg_evaluator_options;

nonet_vgg_status vgg_evaluator_open(vgg_evaluator **evaluator, const vgg_evaluator_options *options, nonet_vgg_error *err);
void vgg_evaluator_close(vgg_evaluator *evaluator);
/* As they were opened: info->h, w is the size that a network was trained on, out_c the number of classes. Valid until it is
 * closed. */
const nonet_vgg_info *vgg_evaluator_info(const vgg_evaluator *evaluator, int model);
/* Changes how a model's pictures are prepared (else as its file says); h, w of `how` are not used, what it points to is
 * copied. */
void vgg_evaluator_prepare(vgg_evaluator *evaluator, int model, const vgg_prepare *how);
/* Bytes of weights, activations, workspace and views at present. */
size_t vgg_evaluator_memory(const vgg_evaluator *evaluator);
/* The same for pictures of w x h, before anything is allocated: what the largest scale takes. */
nonet_vgg_status vgg_evaluator_announce(vgg_evaluator *evaluator, int w, int h, size_t *bytes, nonet_vgg_error *err);
/* posteriors: `pictures` rows of out_c floats. The pictures are not changed. Views of several pictures that have one size share
 * forwards; the posteriors of a picture do not depend on its company. */
nonet_vgg_status vgg_evaluator_run(vgg_evaluator *evaluator, const vgg_picture *picture, int pictures, float *posteriors,
                                   nonet_vgg_error *err);
/* A fault when one of a picture's scores is infinite or no number: the network, or the deviations given, overflow. */
nonet_vgg_status vgg_check_scores(const float *scores, int classes, nonet_vgg_error *err);

#endif
