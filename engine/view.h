/* view.h - a tensor in any layout, read and written a row of 16-channel pixels at a time. Zeros stand outside it. */
#ifndef NONET_ENGINE_VIEW_H
#define NONET_ENGINE_VIEW_H

#include "engine/choose.h"
#include "kernels/kernels.h"

typedef struct nonet_view {
    nonet_layout layout;
    int c, h, w;
} nonet_view;

/* Whether a tensor may have these dimensions; then no number of its rows or channels overflows. */
static inline int nonet_dims_ok(int n, int c, int h, int w)
{
    return n >= 1 && c >= 1 && h >= 1 && w >= 1 && n <= NONET_DIM_MAX && c <= NONET_DIM_MAX && h <= NONET_DIM_MAX &&
           w <= NONET_DIM_MAX;
}

/* Floats before channel block cb, row y of image n of a blocked tensor. */
static inline size_t nonet_blocked_at(const nonet_view *v, int n, int cb, int y)
{
    size_t blocks = (size_t)(v->c + NONET_L - 1) / NONET_L;
    return (((size_t)n * blocks + (size_t)cb) * (size_t)v->h + (size_t)y) * (size_t)v->w * NONET_L;
}

/* out[i][16] = the 16 channels of block cb at (y, x0+i), i < count; zeros for pixels outside the map and channels past c. */
void nonet_gather_row(const nonet_view *v, const float *src, int n, int cb, int y, int x0, int count, float *out);
/* out[i] = channel c at (y, x0+i), likewise. */
void nonet_gather_plane_row(const nonet_view *v, const float *src, int n, int c, int y, int x0, int count, float *out);
/* The pixels in[i][16] go to (y, x0+i) of channel block cb; pixels right of the map are dropped; blocked: all 16 lanes. */
void nonet_scatter_row(const nonet_view *v, float *dst, int n, int cb, int y, int x0, int count, const float *in);

/* Has `count` pixels from (y, x) on fetched into L1, in each of `rows` rows that is in the map, of channel block cb of image n; of
 * a blocked tensor only; write: to be written. Right of the map it is what the addresses, which are integers, lead to: a fetch is
 * a hint. */
void nonet_fetch_pixels(const nonet_view *v, const float *tensor, int n, int cb, int y, int x, int rows, int count,
                        int write);

#endif
