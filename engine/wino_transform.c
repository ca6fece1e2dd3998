/* wino_transform.c - input and output transform of a block of tiles: tiles inside the map where they stand, those at its edges
 * and those of other layouts by way of a scratch tile. */
#include <string.h>
#include "engine/wino_task.h"

enum {
    A_MAX = 8,
    PIXEL = NONET_L * sizeof(float),
    READ_AHEAD = 3, WRITE_AHEAD = 4     /* tiles: their pixels are fetched into L1 while another one is transformed */
};

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* One row of a tile, pixels x0 .. x0+pixels-1, in the blocked layout: nonet_gather_row for few pixels, copied one by one.
 * from: the row's first pixel in the map, NULL outside it. */
static void copy_row(const float *from, int x0, int pixels, int width, float *to)
{
    int first = x0 < 0 ? -x0 : 0, last = from ? min_int(pixels, width - x0) : 0, x = 0;
    for (; x < first && x < last; x++)
        memset(to + x * NONET_L, 0, PIXEL);
    for (; x < last; x++)
        memcpy(to + x * NONET_L, from + (ptrdiff_t)(x0 + x) * NONET_L, PIXEL);
    for (; x < pixels; x++)
        memset(to + x * NONET_L, 0, PIXEL);
}

/* Where in src the input of a tile starts: n, y, x. */
static nonet_tile source_of(const nonet_wino_task *t, const nonet_tile *tile)
{
    int pad = t->plan->p.pad;
    return (nonet_tile){ tile->n - t->origin.n, tile->y - pad - t->origin.y, tile->x - pad - t->origin.x, tile->is_short };
}

/* The pixels from `at` on of a tile that touches an edge, or of one in another layout, with zeros around the map. */
static void gather_tile(const nonet_wino_task *t, const nonet_tile *at, int cb, int rows, int pixels, float *room)
{
    for (int y = at->y; y < at->y + rows; y++, room += pixels * NONET_L) {
        int inside = y >= 0 && y < t->in.h;
        if (t->in.layout == NONET_NCHW16C)
            copy_row(inside ? t->src + nonet_blocked_at(&t->in, at->n, cb, y) : NULL, at->x, pixels, t->in.w, room);
        else
            nonet_gather_row(&t->in, t->src, at->n, cb, y, at->x, pixels, room);
    }
}

static void in_tile(const nonet_wino_task *t, int cb, const nonet_tile *tile, float *v)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    const nonet_view *in = &t->in;
    int rows = tile->is_short & NONET_SHORT_H ? NONET_SHORT_POINTS : w->a;
    int pixels = tile->is_short & NONET_SHORT_W ? NONET_SHORT_POINTS : w->a;
    nonet_tile at = source_of(t, tile);
    float room[A_MAX * A_MAX * NONET_L];
    const float *d = room;
    size_t d_row = (size_t)pixels * NONET_L;
    if (at.y >= 0 && at.x >= 0 && at.y + rows <= in->h && at.x + pixels <= in->w && in->layout == NONET_NCHW16C) {
        d = t->src + nonet_blocked_at(in, at.n, cb, at.y) + (size_t)at.x * NONET_L;
        d_row = (size_t)in->w * NONET_L;
    } else {
        gather_tile(t, &at, cb, rows, pixels, room);
    }
    if (tile->is_short)
        plan->in_short->fn.wino_in_short(d, d_row, v, w->v_xi, tile->is_short);
    else
        plan->in->fn.wino_in(d, d_row, v, w->v_xi);
}

/* `count` pixels from (y, x) on, in each of those `rows` rows that are in the map, of channel block cb of image n. Pixels right
 * of it are fetched from wherever their addresses, which are integers, lead: a fetch is a hint. */
static void fetch_pixels(const nonet_view *v, const float *tensor, int n, int cb, int y, int x, int rows, int count)
{
    int first = y < 0 ? -y : 0, last = min_int(rows, v->h - y);
    if (v->layout != NONET_NCHW16C)
        return;
    uintptr_t at = (uintptr_t)tensor + nonet_blocked_at(v, n, cb, y + first) * sizeof(float) + (uintptr_t)x * PIXEL;
    for (int i = first; i < last; i++, at += (uintptr_t)v->w * PIXEL)
        for (int j = 0; j < count; j++)
            __builtin_prefetch((const void *)(at + (uintptr_t)j * PIXEL));
    __asm__ volatile("" : : "r"(at));       /* else GCC takes this for a function without effect, and leaves out the calls */
}

/* What the tile in this slot reads; its neighbour to the left has read two columns of it. A slot past the last is one of the next
 * channel block. */
static void fetch_input(const nonet_wino_task *t, int cb, int slot)
{
    const nonet_plan *plan = t->plan;
    if (slot >= t->block.tiles) {
        slot -= t->block.tiles;
        cb++;
    }
    if (slot >= t->block.tiles || cb >= plan->cb)
        return;
    nonet_tile at = source_of(t, &t->block.tile[slot]);
    fetch_pixels(&t->in, t->src, at.n, cb, at.y, at.x + 2, plan->wino.a, plan->wino.m);
}

void nonet_wino_in(const nonet_wino_task *t, int cb)
{
    float *v = t->v + (size_t)(cb / 4) * t->plan->wino.v_cblock + (size_t)(cb % 4) * NONET_L;
    for (int slot = 0; slot < t->block.tiles; slot++) {
        fetch_input(t, cb, slot + READ_AHEAD);
        in_tile(t, cb, &t->block.tile[slot], v + (size_t)slot * NONET_SUM);
    }
}

static void out_tile(const nonet_wino_task *t, int kb, const nonet_tile *at, const float *m)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    int shift = plan->p.pool ? 1 : 0, y = at->y >> shift, x = at->x >> shift;
    int rows = (at->is_short & NONET_SHORT_H ? NONET_SHORT_SIDE : w->m) >> shift;
    int pixels = (at->is_short & NONET_SHORT_W ? NONET_SHORT_SIDE : w->m) >> shift;
    const float *bias = t->weights->bias + (size_t)kb * NONET_L;
    unsigned flags = at->is_short | (plan->p.relu ? NONET_RELU : 0) | (plan->p.pool ? NONET_POOL : 0);
    nonet_wino_out_fn *out = at->is_short ? plan->out_short->fn.wino_out : plan->out->fn.wino_out;
    if (plan->p.dst_layout == NONET_NCHW16C && y + rows <= plan->dh && x + pixels <= plan->dw) {
        float *d = t->dst + nonet_blocked_at(&t->out, at->n, kb, y) + (size_t)x * NONET_L;
        out(m, w->m_xi, bias, d, (size_t)plan->dw * NONET_L, flags);
        return;
    }
    float d[A_MAX * A_MAX * NONET_L];
    out(m, w->m_xi, bias, d, (size_t)pixels * NONET_L, flags);
    for (int i = 0; i < rows && y + i < plan->dh; i++)
        nonet_scatter_row(&t->out, t->dst, at->n, kb, y + i, x, pixels, d + i * pixels * NONET_L);
}

/* What the tile in this slot writes. */
static void fetch_output(const nonet_wino_task *t, int kb, int slot)
{
    int shift = t->plan->p.pool ? 1 : 0, side = t->plan->wino.m >> shift;
    if (slot >= t->block.tiles)
        return;
    const nonet_tile *at = &t->block.tile[slot];
    fetch_pixels(&t->out, t->dst, at->n, kb, at->y >> shift, at->x >> shift, side, side);
}

void nonet_wino_out(const nonet_wino_task *t, int q)
{
    int kblocks = nonet_kblocks(t->plan, q), width = kblocks * NONET_L;
    for (int b = 0; b < kblocks; b++)
        for (int slot = 0; slot < t->block.tiles; slot++) {
            int kb = q * (t->plan->nr / NONET_L) + b;
            fetch_output(t, kb, slot + WRITE_AHEAD);
            out_tile(t, kb, &t->block.tile[slot], t->m + (size_t)slot * (size_t)width + (size_t)b * NONET_L);
        }
}
