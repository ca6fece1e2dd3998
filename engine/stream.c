/* stream.c - shares of a region to fetch. */
#include "engine/stream.h"

static int clip(int x, int max)
{
    return x < 0 ? 0 : x > max ? max : x;
}

nonet_stream nonet_stream_of(const nonet_view *v, const float *tensor, int n, int cb, int cblocks, int y0, int y1, int x0, int x1)
{
    nonet_stream s = { .row = tensor };
    y0 = clip(y0, v->h);
    x0 = clip(x0, v->w);
    s.rows = clip(y1, v->h) - y0;
    s.pixels = clip(x1, v->w) - x0;
    if (v->layout != NONET_NCHW16C || s.rows <= 0 || s.pixels <= 0)
        return s;
    s.row = tensor + nonet_blocked_at(v, n, cb, y0) + (size_t)x0 * NONET_L;
    s.row_step = (size_t)v->w * NONET_L;
    s.jump = (size_t)(v->h - s.rows) * s.row_step;
    s.lines = (long)cblocks * s.rows * s.pixels;
    return s;
}

void nonet_stream_start(nonet_stream *s, long shares)
{
    shares = shares > 0 ? shares : 1;
    s->share = (s->lines + shares - 1) / shares;
}

/* No division here: this runs before every multiply call. */
void nonet_stream_next(nonet_stream *s, nonet_wino_gemm_args *a)
{
    a->fetch_step[1] = 0;
    if (s->lines <= 0)
        return;
    a->fetch[1] = s->row + s->x * NONET_L;
    a->fetch_step[1] = (size_t)(s->share * NONET_L + a->channels - 1) / (size_t)a->channels;
    s->lines = s->lines > s->share ? s->lines - s->share : 0;
    for (s->x += s->share; s->x >= s->pixels; s->x -= s->pixels) {
        s->row += s->row_step;
        if (++s->y == s->rows) {
            s->y = 0;
            s->row += s->jump;
        }
    }
}
