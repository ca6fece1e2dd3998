/* stream.h - a region of a blocked tensor as a stream of cache lines (16-channel pixels) that is fetched in equal shares. */
#ifndef NONET_ENGINE_STREAM_H
#define NONET_ENGINE_STREAM_H

#include "engine/view.h"

typedef struct nonet_stream {
    const float *row;           /* where the row of the next share starts */
    size_t row_step, jump;      /* floats to the next row; more of them from a channel block's last row to the next block */
    long rows, pixels;          /* of a channel block, of a row */
    long y, x;                  /* where the next share starts */
    long lines;                 /* that are left */
    long share;                 /* lines of one */
} nonet_stream;

/* Rows [y0,y1) and pixels [x0,x1), clipped to the map, of `cblocks` channel blocks from cb on of image n. Nothing where the tensor
 * is not blocked or the region is empty. */
nonet_stream nonet_stream_of(const nonet_view *v, const float *tensor, int n, int cb, int cblocks, int y0, int y1, int x0, int x1);
/* Divides it into `shares` shares. */
void nonet_stream_start(nonet_stream *s, long shares);

/* Sets stream 1 of a multiply call to the next share; to nothing after the last. What a share has beyond the end of a row is
 * fetched from wherever it leads: a fetch is a hint. */
void nonet_stream_next(nonet_stream *s, nonet_wino_gemm_args *args);

#endif
