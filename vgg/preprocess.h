/* preprocess.h - from a picture to a network's input, as the networks' trainers did it. */
#ifndef NONET_VGG_PREPROCESS_H
#define NONET_VGG_PREPROCESS_H

#include "vgg/picture.h"

/* What the input looks like. */
typedef struct vgg_prepare {
    nonet_vgg_kind kind;
    int c, h, w;                /* c: 1 or 3 */
    const float *mean, *std;    /* c floats each, in the kind's own order (Caffe: B, G, R); std is not used by Caffe's */
} vgg_prepare;

/* The usual means and deviations of a kind: 4 floats each, the unused ones 0 and 1. */
void vgg_prepare_defaults(nonet_vgg_kind kind, float *mean, float *std);
/* "torch", "caffe", "grey"; 0 if the text is none of them. */
int vgg_prepare_kind(const char *text, nonet_vgg_kind *kind);
const char *vgg_prepare_name(nonet_vgg_kind kind);

/* Resizes (antialiased bilinear; the side becomes 256/224 of the input, or the input itself when that is smaller than 64; no
 * resize when it has that size), crops the centre and normalises into dst: c x h x w floats, planes. The picture is converted
 * to c channels in place. */
nonet_vgg_status vgg_prepare_picture(const vgg_prepare *how, vgg_picture *picture, float *dst, nonet_vgg_error *err);

/* A rectangle of how->h x how->w pixels in an interleaved picture of how->c channels, normalised into planes. */
typedef struct vgg_cut {
    const uint8_t *pixels;
    int columns;                /* of the whole picture */
    int top, left;
    int flip;                   /* mirrored, left for right */
} vgg_cut;
void vgg_normalise(const vgg_prepare *how, const vgg_cut *cut, float *dst);

/* A window of a resized picture: resized to w x h, of which the rows and columns from (top, left) on are kept. The same
 * bytes as Pillow's bilinear resize followed by a crop. `to` gets rows x columns x channels bytes. */
typedef struct vgg_window {
    int64_t w, h;               /* size after the resize */
    int64_t left, top;
    int columns, rows;
} vgg_window;
/* The centre h x w of a picture whose short side becomes `side`, the long one rounded down; side 0: as vgg_prepare_picture. */
vgg_window vgg_centre_window(const vgg_picture *picture, int h, int w, int side);
/* The whole picture with its smaller side `side` long, the other one rounded to the nearest. columns and rows are 0 when that
 * would be more than 2^24 pixels. */
vgg_window vgg_whole_window(const vgg_picture *picture, int side);
/* The smaller side of pictures for a network with inputs of h x w, where nobody says it: 256 for 224. */
int vgg_default_side(int h, int w);
nonet_vgg_status vgg_resize(const vgg_picture *picture, const vgg_window *window, uint8_t *to, nonet_vgg_error *err);
/* The whole window and its pixels (free them), or a sentence. */
nonet_vgg_status vgg_resize_whole(const vgg_picture *picture, int side, vgg_window *window, uint8_t **pixels,
                                  nonet_vgg_error *err);

#endif
