/* stream.h - a region of a blocked tensor as a stream of cache lines (16-channel pixels) that is fetched in equal shares. */
#ifndef NONET_ENGINE_STREAM_H
#define NONET_ENGINE_STREAM_H

#include "engine/view.h"

typedef struct nonet_stream {
    const float *base;
    size_t cblock, row;         /* floats between channel blocks and rows */
    long rows, pixels;          /* of each channel block */
    long lines, per_share;      /* in all; of a share */
} nonet_stream;

/* Rows [y0,y1) and pixels [x0,x1), clipped to the map, of `cblocks` channel blocks from cb on of image n, in `shares` shares.
 * Nothing where the tensor is not blocked or the region is empty. */
nonet_stream nonet_stream_of(const nonet_view *v, const float *tensor, int n, int cb, int cblocks, int y0, int y1, int x0, int x1,
                             long shares);

/* Sets stream 1 of a multiply call to a share; nothing past the last. What a share has beyond the end of a row is fetched from
 * wherever it leads: a fetch is a hint. */
void nonet_stream_share(const nonet_stream *s, long share, nonet_wino_gemm_args *args);

#endif
