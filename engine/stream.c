/* stream.c - shares of a region to fetch. */
#include "engine/stream.h"

static int clip(int x, int max)
{
    return x < 0 ? 0 : x > max ? max : x;
}

nonet_stream nonet_stream_of(const nonet_view *v, const float *tensor, int n, int cb, int cblocks, int y0, int y1, int x0, int x1,
                             long shares)
{
    nonet_stream s = { .base = tensor };
    y0 = clip(y0, v->h);
    x0 = clip(x0, v->w);
    s.rows = clip(y1, v->h) - y0;
    s.pixels = clip(x1, v->w) - x0;
    if (v->layout != NONET_NCHW16C || s.rows <= 0 || s.pixels <= 0)
        return s;
    s.base = tensor + nonet_blocked_at(v, n, cb, y0) + (size_t)x0 * NONET_L;
    s.row = (size_t)v->w * NONET_L;
    s.cblock = (size_t)v->h * s.row;
    s.lines = (long)cblocks * s.rows * s.pixels;
    s.per_share = (s.lines + shares - 1) / shares;
    return s;
}

void nonet_stream_share(const nonet_stream *s, long share, nonet_wino_gemm_args *a)
{
    long line = share * s->per_share;
    a->fetch_step[1] = 0;
    if (line >= s->lines)
        return;
    long row = line / s->pixels, x = line % s->pixels;
    a->fetch[1] = s->base + (size_t)(row / s->rows) * s->cblock + (size_t)(row % s->rows) * s->row + (size_t)x * NONET_L;
    a->fetch_step[1] = (size_t)((s->per_share * NONET_L + a->channels - 1) / a->channels);
}
