/* localise.h - where in a picture a class is seen: networks whose last layer predicts boxes (docs/PAPER.md, appendix A).
 *
 * A box network predicts one box at each position: 4 numbers (one box whatever the class, SCR) or 4 a class (PCR, class k has the
 * numbers 4k to 4k + 3): centre x, centre y, width, height, relative to the input crop of the position. Boxes of all positions,
 * scales, mirror images and box networks are merged; the class networks, run over the same views, rate them. */
#ifndef NONET_VGG_LOCALISE_H
#define NONET_VGG_LOCALISE_H

#include "vgg/protocol.h"

/* Edges in pixels of a picture: its left edge is x = 0, its right one x = w. */
typedef struct vgg_box { double x0, y0, x1, y1; } vgg_box;

/* Area of the intersection by that of the union; 0 if a box has no area. */
double vgg_box_iou(const vgg_box *a, const vgg_box *b);
/* How far two boxes are from being one: the distance of their centres in units of the mean of their diagonals, and 1 - IoU. */
double vgg_box_distance(const vgg_box *a, const vgg_box *b);

typedef struct vgg_prediction {
    vgg_box box;
    double rating;              /* of the class at the position, or the sum of those */
    int64_t merged;             /* predictions it is the mean of */
} vgg_prediction;

/* Two boxes closer than this merge by default: of one size they overlap with an IoU of a half. */
#define VGG_MERGE_DISTANCE 0.75

/* Replaces the two closest boxes (of several pairs the first) by the mean of the predictions in them, in the place of the earlier
 * one, until no two are within `limit`. Returns how many are left, in order, at the front; -1 when there is no memory. */
int vgg_boxes_merge(vgg_prediction *predictions, int count, double limit);

typedef struct vgg_localiser vgg_localiser;

typedef struct vgg_localiser_options {
    int nets;                   /* box networks, 1..VGG_MODELS: their predictions are merged together */
    const char *const *net;     /* their files */
    vgg_protocol protocol;      /* centre: a box from each centre crop; dense: one from each position */
    double merge;               /* limit of vgg_boxes_merge */
    int pixels;                 /* the networks' numbers are pixels of the input crop; else fractions of its width and height */
    nonet_vgg_options options;  /* as in vgg_evaluator_options; max_memory holds for the class networks too */
} vgg_localiser_options;

/* classes: networks of the same input size and positions, opened with net.dense if the boxes are dense; it must outlive the
 * localiser, and a limit of its memory becomes smaller by what the box networks take. */
nonet_vgg_status vgg_localiser_open(vgg_localiser **localiser, vgg_evaluator *classes, const vgg_localiser_options *options,
                                    nonet_vgg_error *err);
void vgg_localiser_close(vgg_localiser *localiser);
/* Of a box network, as vgg_evaluator_info and vgg_evaluator_prepare. */
const nonet_vgg_info *vgg_localiser_info(const vgg_localiser *localiser, int net);
void vgg_localiser_prepare(vgg_localiser *localiser, int net, const vgg_prepare *how);
/* Bytes that the class and box networks take at present. */
size_t vgg_localiser_memory(const vgg_localiser *localiser);

/* The box with the best rating, in the picture and cut at its edges. */
typedef struct vgg_found {
    vgg_box box;
    double rating;
    int64_t merged, of;         /* predictions in the box, and all that there were; 0 of them: no box */
} vgg_found;
/* A box for each of `count` classes. */
nonet_vgg_status vgg_localiser_run(vgg_localiser *localiser, const vgg_picture *picture, const int *classes, int count,
                                   vgg_found *found, nonet_vgg_error *err);

#endif
