/* wino_out.c - the output transform of a block of tiles: whole tiles inside the map where they stand, a run of neighbours at a
 * time; those past its edges, short ones and those of other layouts one by one, by way of a scratch tile where they need it. */
#include "arch/stores.h"
#include "engine/wino_task.h"

enum { SIDE_MAX = 6 };

/* Where a tile's output goes, after the pool: its first pixel, and how many. */
typedef struct place {
    int y, x, rows, pixels;
} place;

static place place_of(const nonet_wino_task *t, const nonet_tile *tile)
{
    int shift = t->plan->p.pool ? 1 : 0, m = t->plan->wino.m;
    return (place){ tile->y >> shift, tile->x >> shift, (tile->is_short & NONET_SHORT_H ? NONET_SHORT_SIDE : m) >> shift,
                    (tile->is_short & NONET_SHORT_W ? NONET_SHORT_SIDE : m) >> shift };
}

static int is_inside(const nonet_wino_task *t, const place *at)
{
    const nonet_plan *plan = t->plan;
    return plan->p.dst_layout == NONET_NCHW16C && at->y + at->rows <= plan->dh && at->x + at->pixels <= plan->dw;
}

static float *blocked_place(const nonet_wino_task *t, const nonet_tile *tile, const place *at, int kb)
{
    return t->dst + nonet_blocked_at(&t->out, tile->n, kb, at->y) + (size_t)at->x * NONET_L;
}

static unsigned epilogue(const nonet_plan *plan)
{
    return (plan->p.relu ? NONET_RELU : 0) | (plan->p.pool ? NONET_POOL : 0);
}

/* A tile by itself. */
static void transform_tile(const nonet_wino_task *t, int kb, const nonet_tile *tile, const place *at, const float *m)
{
    const nonet_plan *plan = t->plan;
    size_t m_xi = plan->wino.m_xi;
    int inside = is_inside(t, at);
    const float *bias = t->weights->bias + (size_t)kb * NONET_L;
    float room[SIDE_MAX * SIDE_MAX * NONET_L], *d = inside ? blocked_place(t, tile, at, kb) : room;
    size_t d_row = (size_t)(inside ? plan->dw : at->pixels) * NONET_L;
    if (tile->is_short)
        plan->out_short->fn.wino_out_short(m, m_xi, bias, d, d_row, tile->is_short | epilogue(plan));
    else
        plan->out->fn.wino_out(m, m_xi, 0, bias, d, d_row, 1, epilogue(plan));
    for (int i = 0; !inside && i < at->rows && at->y + i < plan->dh; i++)
        nonet_scatter_row(&t->out, t->dst, tile->n, kb, at->y + i, at->x, at->pixels, d + i * at->pixels * NONET_L);
}

/* What the first tiles behind a run write, whose own the kernel fetches. */
static void fetch_behind(const nonet_wino_task *t, int kb, int slot, int run)
{
    int end = slot + run + NONET_WRITE_AHEAD < t->block.tiles ? slot + run + NONET_WRITE_AHEAD : t->block.tiles;
    for (int i = slot + (run > NONET_WRITE_AHEAD ? run : NONET_WRITE_AHEAD); i < end; i++) {
        const nonet_tile *tile = &t->block.tile[i];
        place at = place_of(t, tile);
        nonet_fetch_pixels(&t->out, t->dst, tile->n, kb, at.y, at.x, at.rows, at.pixels, 1);
    }
}

/* Whole tiles from this slot on, side by side, all of whose pixels stand in the map; 0 if the first is none. */
static int run_of(const nonet_wino_task *t, int slot, const place *at)
{
    const nonet_plan *plan = t->plan;
    return is_inside(t, at) ? nonet_tile_run(&t->block, slot, (plan->dw - at->x) / at->pixels, plan->wino.m) : 0;
}

static int streams(const nonet_wino_task *t)
{
    return t->plan->wino.streams_out && (uintptr_t)t->dst % NONET_ALIGNMENT == 0;
}

/* M of one block of 16 output channels. */
static void transform_channels(const nonet_wino_task *t, int kb, const float *m, size_t m_tile)
{
    const nonet_plan *plan = t->plan;
    unsigned flags = epilogue(plan) | (streams(t) ? NONET_STREAM : 0);
    for (int slot = 0, tiles; slot < t->block.tiles; slot += tiles, m += (size_t)tiles * m_tile) {
        const nonet_tile *tile = &t->block.tile[slot];
        place at = place_of(t, tile);
        int run = run_of(t, slot, &at);
        tiles = run ? run : 1;
        fetch_behind(t, kb, slot, tiles);
        if (run)
            plan->out->fn.wino_out(m, plan->wino.m_xi, m_tile, t->weights->bias + (size_t)kb * NONET_L,
                                   blocked_place(t, tile, &at, kb), (size_t)plan->dw * NONET_L, run, flags);
        else
            transform_tile(t, kb, tile, &at, m);
    }
}

void nonet_wino_out(const nonet_wino_task *t, int q)
{
    int kblocks = nonet_kblocks(t->plan, q), kb = q * (t->plan->nr / NONET_L);
    for (int b = 0; b < kblocks; b++)
        transform_channels(t, kb + b, t->m + (size_t)b * NONET_L, (size_t)kblocks * NONET_L);
    if (streams(t))
        nonet_settle_stores();
}
