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
    LATE_U = 12 << 20           /* bytes of U that come from memory: the block is as large as it may be, so U is read less */
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
        w->by_channels = plan->choice.split == NONET_SPLIT_CHANNELS;
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
    plan->shared_floats = w->by_channels ? v : 0;
    plan->thread_floats = (w->by_channels ? m + u : v + m + u) + tiles;
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

/* The time since the last lap belongs to this phase. */
static void lap(const nonet_wino_task *t, nonet_wino_phase phase)
{
    if (!t->laps)
        return;
    nonet_wino_laps *laps = &t->laps[omp_get_thread_num()];
    double now = laps->now();
    laps->seconds[phase] += now - laps->last;
    laps->last = now;
}

static void multiply_and_out(const nonet_wino_task *t, int q)
{
    nonet_wino_multiply(t, q);
    lap(t, NONET_WINO_MULTIPLY);
    nonet_wino_out(t, q);
    lap(t, NONET_WINO_OUT);
}

void nonet_wino_block(const nonet_wino_task *t)
{
    lap(t, NONET_WINO_OTHER);
    for (int cb = 0; cb < t->plan->cb; cb++)
        nonet_wino_in(t, cb);
    lap(t, NONET_WINO_IN);
    for (int q = 0; q < t->plan->kq; q++)
        multiply_and_out(t, q);
}

static nonet_tile_block block_of(const nonet_wino_task *t, int block)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = block * w->block, left = w->tiles - first;
    return nonet_tile_block_of(w, first, left < w->block ? left : w->block, t->plan->multiply->mr, t->tiles);
}

/* Blocks that a thread takes at a time: where there are many, the faster of two cores does more of them; where there are few,
 * each does its share, for a core that is one ahead leaves the others waiting. */
static int blocks_at_a_time(const nonet_plan *plan)
{
    enum { MANY = 8 };
    return plan->wino.blocks >= MANY * plan->threads ? 1 : nonet_ceil_div(plan->wino.blocks, plan->threads);
}

static void run_blocks(const nonet_wino_task *task, float *work)
{
    const nonet_plan *plan = task->plan;
    int chunk = blocks_at_a_time(plan);
#pragma omp parallel for schedule(dynamic, chunk) num_threads(plan->threads) if (plan->threads > 1)
    for (int block = 0; block < plan->wino.blocks; block++) {
        nonet_wino_task t = *task;
        nonet_wino_room(&t, NULL, work + (size_t)omp_get_thread_num() * plan->thread_floats);
        t.block = block_of(&t, block);
        nonet_wino_block(&t);
    }
}

static void run_channels(const nonet_wino_task *task, float *work)
{
    const nonet_plan *plan = task->plan;
#pragma omp parallel num_threads(plan->threads)
    {
        nonet_wino_task t = *task;
        nonet_wino_room(&t, work, work + plan->shared_floats + (size_t)omp_get_thread_num() * plan->thread_floats);
        for (int block = 0; block < plan->wino.blocks; block++) {
            t.block = block_of(&t, block);
            lap(&t, NONET_WINO_OTHER);
#pragma omp for schedule(static) nowait
            for (int cb = 0; cb < plan->cb; cb++)
                nonet_wino_in(&t, cb);
            lap(&t, NONET_WINO_IN);
#pragma omp barrier
            lap(&t, NONET_WINO_OTHER);
#pragma omp for schedule(static)
            for (int q = 0; q < plan->kq; q++)
                multiply_and_out(&t, q);
        }
    }
}

void nonet_wino_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work,
                        nonet_wino_laps *laps)
{
    const nonet_conv *p = &plan->p;
    nonet_wino_task task = {
        .plan = plan, .weights = weights, .src = src, .dst = dst, .laps = laps,
        .in = { p->src_layout, p->c, p->h, p->w }, .out = { p->dst_layout, p->k, plan->dh, plan->dw },
    };
    if (plan->wino.by_channels)
        run_channels(&task, work);
    else
        run_blocks(&task, work);
}
