/* wino_in.c - the input transform of a block of tiles: whole tiles inside the map where they stand, a run of neighbours at a time;
 * those at its edges, short ones and those of other layouts one by one, by way of a scratch tile where they need it. */
#include <string.h>
#include "engine/wino_task.h"

enum { A_MAX = 8, PIXEL = NONET_L * sizeof(float) };

/* One row of a tile, pixels x0 .. x0+pixels-1, in the blocked layout: nonet_gather_row for few pixels, copied one by one.
 * from: the row's first pixel in the map, NULL outside it. */
static void copy_row(const float *from, int x0, int pixels, int width, float *to)
{
    int first = x0 < 0 ? -x0 : 0, last = from ? pixels < width - x0 ? pixels : width - x0 : 0, x = 0;
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

static const float *blocked_pixels(const nonet_wino_task *t, const nonet_tile *at, int cb)
{
    return t->src + nonet_blocked_at(&t->in, at->n, cb, at->y) + (ptrdiff_t)at->x * NONET_L;
}

/* 1 if rows x pixels from `at` on stand in the map, and blocked. */
static int is_inside(const nonet_wino_task *t, const nonet_tile *at, int rows, int pixels)
{
    return t->in.layout == NONET_NCHW16C && at->y >= 0 && at->x >= 0 && at->y + rows <= t->in.h && at->x + pixels <= t->in.w;
}

/* A tile by itself. */
static void transform_tile(const nonet_wino_task *t, int cb, const nonet_tile *at, float *v)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    int rows = at->is_short & NONET_SHORT_H ? NONET_SHORT_POINTS : w->a;
    int pixels = at->is_short & NONET_SHORT_W ? NONET_SHORT_POINTS : w->a;
    float room[A_MAX * A_MAX * NONET_L];
    const float *d = room;
    size_t d_row = (size_t)pixels * NONET_L;
    if (is_inside(t, at, rows, pixels)) {
        d = blocked_pixels(t, at, cb);
        d_row = (size_t)t->in.w * NONET_L;
    } else {
        gather_tile(t, at, cb, rows, pixels, room);
    }
    if (at->is_short)
        plan->in_short->fn.wino_in_short(d, d_row, v, w->v_xi, at->is_short);
    else
        plan->in->fn.wino_in(d, d_row, v, w->v_xi, 1);
}

/* What the tile in this slot reads; its neighbour to the left has read two columns of it. A slot past the last is one of the next
 * channel block. */
static void fetch_tile(const nonet_wino_task *t, int cb, int slot)
{
    const nonet_plan *plan = t->plan;
    if (slot >= t->block.tiles) {
        slot -= t->block.tiles;
        cb++;
    }
    if (slot >= t->block.tiles || cb >= plan->cb)
        return;
    nonet_tile at = source_of(t, &t->block.tile[slot]);
    nonet_fetch_pixels(&t->in, t->src, at.n, cb, at.y, at.x + 2, plan->wino.a, plan->wino.m, 0);
}

/* The first tiles behind a run, whose own the kernel fetches. */
static void fetch_behind(const nonet_wino_task *t, int cb, int slot, int run)
{
    for (int i = run > NONET_READ_AHEAD ? run : NONET_READ_AHEAD; i < run + NONET_READ_AHEAD; i++)
        fetch_tile(t, cb, slot + i);
}

/* Whole tiles from this slot on, side by side, all of whose pixels stand in the map; 0 if the first is none. at: what it reads. */
static int run_of(const nonet_wino_task *t, int slot, const nonet_tile *at)
{
    const nonet_wino_plan *w = &t->plan->wino;
    if (!is_inside(t, at, w->a, w->a))
        return 0;
    return nonet_tile_run(&t->block, slot, (t->in.w - at->x - w->a) / w->m + 1, w->m);
}

void nonet_wino_in(const nonet_wino_task *t, int cb)
{
    const nonet_plan *plan = t->plan;
    float *v = t->v + (size_t)(cb / 4) * plan->wino.v_cblock + (size_t)(cb % 4) * NONET_L;
    for (int slot = 0, tiles; slot < t->block.tiles; slot += tiles, v += (size_t)tiles * NONET_SUM) {
        nonet_tile at = source_of(t, &t->block.tile[slot]);
        int run = run_of(t, slot, &at);
        tiles = run ? run : 1;
        fetch_behind(t, cb, slot, tiles);
        if (run)
            plan->in->fn.wino_in(blocked_pixels(t, &at, cb), (size_t)t->in.w * NONET_L, v, plan->wino.v_xi, run);
        else
            transform_tile(t, cb, &at, v);
    }
}
