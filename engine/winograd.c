/* winograd.c - F(2x2,3x3), F(4x4,3x3) and F(6x6,3x3): input transform, multiply and output transform fused per block of tiles, so
 * that V and M of a block stay in L2 while U streams through once a block. The threads split the blocks; in late layers, where U
 * is large and tiles are too few for a full block each, they split the output channels, so that each weight leaves memory once.
 *
 *   V [point][C/64][tile][64]    U [k/NR][point][C][NR]    M [point][tile][NR]
 *
 * Expanded weights stand as they came, 3x3, and become U for 64 channels and NR outputs at a time, in a cache: a quarter of the
 * bytes for F(4x4), and for every point of every tile one more pass over M. */
#include <omp.h>
#include "engine/wino_task.h"

enum {
    BLOCK_BYTES = 1990 << 10,   /* V and M of a block: the workspace of a thread stays below 2 MiB, and conv4_1's 49 tiles fit */
    CHOSEN_BYTES = 64 << 20,    /* the same, where a choice names the block */
    BLOCK_TILES = 28,           /* of a block where U is small: from here on more tiles save nothing, and V wants to stay in L2 */
    LATE_U = 12 << 20,          /* bytes of U that come from memory: the block is as large as it may be, so U is read less */
    SHARE_V = 2                 /* more threads than this have one V where they split the channels; so many each transform it all,
                                 * which is less than to get half of it out of another core's cache for every call */
};

static size_t u_floats(const nonet_plan *plan)
{
    return (size_t)plan->wino.points * (size_t)plan->cb * NONET_L * (size_t)plan->kb * NONET_L;
}

/* The block that a choice names, as far as it goes; tile: its bytes. */
static void choose_block(nonet_wino_plan *w, int block, size_t tile)
{
    int most = (int)(CHOSEN_BYTES / tile);
    block = block > most ? most : block;
    w->block = block < 1 ? 1 : block < w->tiles ? block : w->tiles;
    w->blocks = nonet_ceil_div(w->tiles, w->block);
}

static void plan_blocks(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    int sums = nonet_ceil_div(plan->cb * NONET_L, NONET_SUM), late = u_floats(plan) * sizeof(float) > LATE_U;
    size_t tile = (size_t)w->points * (size_t)(sums * NONET_SUM + plan->nr) * sizeof(float);
    int fit = (int)((BLOCK_BYTES - (size_t)w->points * w->u_xi * sizeof(float)) / tile), mr = plan->multiply->mr;
    if (!late && fit > BLOCK_TILES)
        fit = BLOCK_TILES;
    fit = fit < 1 ? 1 : fit < mr || late ? fit : fit / mr * mr;
    w->blocks = nonet_ceil_div(w->tiles, fit);
    w->by_channels = late && plan->kq >= plan->threads && w->blocks < plan->threads;
    if (!w->by_channels)        /* as many for each thread; whole groups of MR tiles where that keeps it so */
        w->blocks = nonet_ceil_div(w->blocks, plan->threads) * plan->threads;
    w->block = nonet_ceil_div(w->tiles, w->blocks);
    int whole = nonet_ceil_div(w->block, mr) * mr;
    if (!late && whole <= fit && nonet_ceil_div(w->tiles, whole) % plan->threads == 0)
        w->block = whole;
    w->blocks = nonet_ceil_div(w->tiles, w->block);
    if (!w->by_channels && w->blocks < plan->threads && plan->kq >= plan->threads)
        w->by_channels = 1;
    if (plan->choice.split)
        w->by_channels = plan->choice.split != NONET_SPLIT_TILES;
    w->shares_v = w->by_channels && (plan->choice.split ? plan->choice.split == NONET_SPLIT_SHARED : plan->threads > SHARE_V);
    if (plan->choice.block)
        choose_block(w, plan->choice.block, tile);
    w->v_cblock = (size_t)w->block * NONET_SUM;
    w->v_xi = (size_t)sums * w->v_cblock + NONET_L;     /* a line more: points do not share cache sets */
    w->m_xi = (size_t)w->block * (size_t)plan->nr + NONET_L;
}

/* The last row or column of tiles that covers n outputs of the convolution, if it is short. A pool changes nothing: a result has
 * the same bits with it and without. */
static int short_line(const nonet_plan *plan, int n)
{
    return nonet_ends_short(n, plan->wino.m) ? n / plan->wino.m : -1;
}

void nonet_wino_plan_fill(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    w->m = nonet_algo_tile(plan->algo);
    w->a = w->m + 2;
    w->short_y = short_line(plan, plan->oh);
    w->short_x = short_line(plan, plan->ow);
    w->points = w->a * w->a;
    w->ty = nonet_ceil_div(plan->p.pool ? plan->dh * 2 : plan->oh, w->m);
    w->tx = nonet_ceil_div(plan->p.pool ? plan->dw * 2 : plan->ow, w->m);
    w->tiles = plan->p.n * w->ty * w->tx;
    w->u_xi = plan->packing.expanded ? (size_t)(NONET_SUM * plan->nr) + NONET_L : 0;
    plan_blocks(plan);
    size_t u = (size_t)w->points * w->u_xi, v = (size_t)w->points * w->v_xi, m = (size_t)w->points * w->m_xi;
    size_t tiles = nonet_line_floats((size_t)w->block * sizeof(nonet_tile) / sizeof(float));
    plan->shared_floats = w->shares_v ? v : 0;
    plan->thread_floats = (w->shares_v ? m + u : v + m + u) + tiles;
    plan->weight_floats = plan->packing.expanded ? u_floats(plan) / (size_t)w->points * NONET_TAPS : u_floats(plan);
}

void nonet_wino_room(nonet_wino_task *t, float *v, float *own)
{
    const nonet_wino_plan *w = &t->plan->wino;
    t->v = v ? v : own;
    t->m = v ? own : own + (size_t)w->points * w->v_xi;
    t->u = t->m + (size_t)w->points * w->m_xi;
    t->tiles = (nonet_tile *)(void *)(t->u + (size_t)w->points * w->u_xi);
}

void nonet_wino_lap(const nonet_wino_task *t, nonet_wino_phase phase)
{
    if (!t->laps)
        return;
    nonet_wino_laps *laps = &t->laps[omp_get_thread_num()];
    double now = laps->now();
    laps->seconds[phase] += now - laps->last;
    laps->last = now;
}

void nonet_wino_multiply_out(const nonet_wino_task *t, int q)
{
    nonet_wino_multiply(t, q);
    nonet_wino_lap(t, NONET_WINO_MULTIPLY);
    nonet_wino_out(t, q);
    nonet_wino_lap(t, NONET_WINO_OUT);
}

void nonet_wino_take_block(nonet_wino_task *t, int block)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = block * w->block, left = w->tiles - first;
    t->block = nonet_tile_block_of(w, first, left < w->block ? left : w->block, t->plan->multiply->mr, t->tiles);
}
