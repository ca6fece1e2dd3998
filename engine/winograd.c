/* winograd.c - F(2x2,3x3) and F(4x4,3x3): input transform, multiply and output transform fused per block of tiles, so that V and M
 * of a block stay in L2 while U streams through once a block. Early layers split the blocks over the threads; late layers, where U
 * is large and tiles are few, split the output channels, so that each weight leaves memory once a block.
 *
 *   V [point][C/64][tile][64]    U [k/NR][point][C][NR]    M [point][tile][NR] */
#include <omp.h>
#include "engine/plan.h"
#include "engine/stream.h"

enum {
    BLOCK_BYTES = 1920 << 10,   /* V and M of a block: they and the workspace of a thread stay below 2 MiB */
    BLOCK_TILES = 28,           /* of a block where U is small: from here on more tiles save nothing, and V wants to stay in L2 */
    LATE_U = 12 << 20,          /* bytes of U that come from memory: the block is as large as it may be, so U is read less often */
    A_MAX = 6
};

static size_t u_floats(const nonet_plan *plan)
{
    return (size_t)plan->wino.points * (size_t)plan->cb * NONET_L * (size_t)plan->kb * NONET_L;
}

static void plan_blocks(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    int sums = nonet_ceil_div(plan->cb * NONET_L, NONET_SUM), late = u_floats(plan) * sizeof(float) > LATE_U;
    size_t tile = (size_t)w->points * (size_t)(sums * NONET_SUM + plan->nr) * sizeof(float);
    int fit = (int)(BLOCK_BYTES / tile), mr = plan->multiply->mr;
    if (!late && fit > BLOCK_TILES)
        fit = BLOCK_TILES;
    fit = fit < mr ? mr : late ? fit : fit / mr * mr;
    w->by_channels = late && plan->kq >= plan->threads && plan->threads > 1;
    w->blocks = nonet_ceil_div(w->tiles, fit);
    if (!w->by_channels)        /* as many for each thread; whole groups of MR tiles where that keeps it so */
        w->blocks = nonet_ceil_div(w->blocks, plan->threads) * plan->threads;
    w->block = nonet_ceil_div(w->tiles, w->blocks);
    int whole = nonet_ceil_div(w->block, mr) * mr;
    if (!late && whole <= fit && nonet_ceil_div(w->tiles, whole) % plan->threads == 0)
        w->block = whole;
    w->blocks = nonet_ceil_div(w->tiles, w->block);
    if (!w->by_channels && w->blocks < plan->threads && plan->kq >= plan->threads)
        w->by_channels = 1;
    w->v_cblock = (size_t)w->block * NONET_SUM;
    w->v_xi = (size_t)sums * w->v_cblock + NONET_L;     /* a line more: points do not share cache sets */
    w->m_xi = (size_t)w->block * (size_t)plan->nr + NONET_L;
}

void nonet_wino_plan_fill(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    w->m = plan->algo == NONET_WINOGRAD_F4 ? 4 : 2;
    w->a = w->m + 2;
    w->points = w->a * w->a;
    w->ty = nonet_ceil_div(plan->p.pool ? plan->dh * 2 : plan->oh, w->m);
    w->tx = nonet_ceil_div(plan->p.pool ? plan->dw * 2 : plan->ow, w->m);
    w->tiles = plan->p.n * w->ty * w->tx;
    plan_blocks(plan);
    size_t v = (size_t)w->points * w->v_xi, m = (size_t)w->points * w->m_xi;
    plan->shared_floats = w->by_channels ? v : 0;
    plan->thread_floats = w->by_channels ? m : v + m;
    plan->weight_floats = u_floats(plan);
}

typedef struct wino_task {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src;
    float *dst;
    float *v, *m;
    nonet_view in, out;
    int first, tiles;           /* of the block */
} wino_task;

/* Where a tile's output starts; dy, dx in the destination (pooled) map. */
typedef struct tile_at { int n, y, x; } tile_at;

static tile_at tile_of(const nonet_wino_plan *w, int tile)
{
    int per = w->ty * w->tx, i = tile % per;
    return (tile_at){ tile / per, i / w->tx * w->m, i % w->tx * w->m };
}

static void transform_in(const wino_task *t, int cb, int tile)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    tile_at at = tile_of(w, t->first + tile);
    int y = at.y - plan->p.pad, x = at.x - plan->p.pad, a = w->a;
    float *v = t->v + (size_t)(cb / 4) * w->v_cblock + (size_t)tile * NONET_SUM + (size_t)(cb % 4) * NONET_L;
    int inside = y >= 0 && x >= 0 && y + a <= plan->p.h && x + a <= plan->p.w;
    if (inside && plan->p.src_layout == NONET_NCHW16C) {
        const float *d = t->src + nonet_blocked_at(&t->in, at.n, cb, y) + (size_t)x * NONET_L;
        plan->in->fn.wino_in(d, (size_t)plan->p.w * NONET_L, v, w->v_xi);
        return;
    }
    float d[A_MAX * A_MAX * NONET_L];
    for (int i = 0; i < a; i++)
        nonet_gather_row(&t->in, t->src, at.n, cb, y + i, x, a, d + i * a * NONET_L);
    plan->in->fn.wino_in(d, (size_t)a * NONET_L, v, w->v_xi);
}

/* Tiles first .. last as a region of a map: `step` pixels from tile to tile, `side` in a tile, `shift` before a tile's origin. */
static nonet_stream tiles_stream(const wino_task *t, const nonet_view *v, const float *tensor, int first, int last, int cb,
                                 int cblocks, int half, int side, int shift, long shares)
{
    const nonet_wino_plan *w = &t->plan->wino;
    tile_at from = tile_of(w, first), to = tile_of(w, last);
    int one_row = from.n == to.n && from.y == to.y, y1 = from.n == to.n ? to.y / half - shift + side : v->h;
    return nonet_stream_of(v, tensor, from.n, cb, cblocks, from.y / half - shift, y1, one_row ? from.x / half - shift : 0,
                           one_row ? to.x / half - shift + side : v->w, shares);
}

/* The input of the next block, in `shares` shares. */
static nonet_stream next_input(const wino_task *t, long shares)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = t->first + t->tiles, last = first + w->block < w->tiles ? first + w->block - 1 : w->tiles - 1;
    if (first >= w->tiles)
        return (nonet_stream){ .base = t->src };
    return tiles_stream(t, &t->in, t->src, first, last, 0, t->plan->cb, 1, w->a, t->plan->p.pad, shares);
}

/* Where the results of multiply call q of this block go. */
static nonet_stream call_output(const wino_task *t, int q, long shares)
{
    const nonet_plan *plan = t->plan;
    int half = plan->p.pool ? 2 : 1;
    return tiles_stream(t, &t->out, t->dst, t->first, t->first + t->tiles - 1, q * (plan->nr / NONET_L), nonet_kblocks(plan, q),
                        half, plan->wino.m / half, 0, shares);
}

static int tile_groups(const wino_task *t)
{
    return nonet_ceil_div(t->tiles, t->plan->multiply->mr);
}

/* All points of multiply call q: the tiles of the block in groups of nearly equal size. Each fetches its share of the next
 * point's U, which follows this one's; at even points of the next block's input, at odd points of the lines to be written. */
static void multiply(const wino_task *t, int q, const nonet_stream *next)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    int channels = plan->cb * NONET_L, kblocks = nonet_kblocks(plan, q), width = kblocks * NONET_L, groups = tile_groups(t);
    size_t chunk = (size_t)channels * (size_t)width;
    const float *u = t->weights->data + (size_t)q * (size_t)w->points * (size_t)channels * (size_t)plan->nr;
    nonet_stream output = call_output(t, q, (long)(w->points / 2) * groups);
    nonet_wino_gemm_args a = { .v_cblock = w->v_cblock, .channels = channels, .kblocks = kblocks,
                               .v_next = w->v_xi, .fetch_step = { (size_t)nonet_ceil_div(width, groups), 0 } };
    for (int xi = 0; xi < w->points; xi++)
        for (int g = 0, first = 0; g < groups; g++, first += a.tiles) {
            long share = (long)(xi / 2) * groups + g;
            a.tiles = (t->tiles - first) / (groups - g);
            a.m = t->m + (size_t)xi * w->m_xi + (size_t)first * (size_t)width;
            a.v = t->v + (size_t)xi * w->v_xi + (size_t)first * NONET_SUM;
            a.u = u + (size_t)xi * chunk;
            a.fetch[0] = a.u + chunk + (size_t)g * (size_t)channels * a.fetch_step[0];
            if (xi % 2 == 0)
                nonet_stream_share(next, share + (long)q * (w->points / 2) * groups, &a);
            else
                nonet_stream_share(&output, share, &a);
            plan->multiply->fn.wino_gemm(&a);
        }
}

static void transform_out(const wino_task *t, int q, int b, int tile)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    tile_at at = tile_of(w, t->first + tile);
    int half = plan->p.pool ? 2 : 1, side = w->m / half, y = at.y / half, x = at.x / half;
    int kb = q * (plan->nr / NONET_L) + b, width = nonet_kblocks(plan, q) * NONET_L;
    const float *m = t->m + (size_t)tile * (size_t)width + (size_t)b * NONET_L, *bias = t->weights->bias + (size_t)kb * NONET_L;
    unsigned flags = (plan->p.relu ? NONET_RELU : 0) | (plan->p.pool ? NONET_POOL : 0);
    if (plan->p.dst_layout == NONET_NCHW16C && y + side <= plan->dh && x + side <= plan->dw) {
        float *d = t->dst + nonet_blocked_at(&t->out, at.n, kb, y) + (size_t)x * NONET_L;
        plan->out->fn.wino_out(m, w->m_xi, bias, d, (size_t)plan->dw * NONET_L, flags);
        return;
    }
    float d[A_MAX * A_MAX * NONET_L];
    plan->out->fn.wino_out(m, w->m_xi, bias, d, (size_t)side * NONET_L, flags);
    for (int i = 0; i < side && y + i < plan->dh; i++)
        nonet_scatter_row(&t->out, t->dst, at.n, kb, y + i, x, side, d + i * side * NONET_L);
}

static void multiply_and_out(const wino_task *t, int q, const nonet_stream *next)
{
    multiply(t, q, next);
    for (int b = 0; b < nonet_kblocks(t->plan, q); b++)
        for (int tile = 0; tile < t->tiles; tile++)
            transform_out(t, q, b, tile);
}

static void set_block(wino_task *t, int block)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int left = w->tiles - block * w->block;
    t->first = block * w->block;
    t->tiles = left < w->block ? left : w->block;
}

static void run_blocks(const wino_task *task, float *work)
{
    const nonet_plan *plan = task->plan;
#pragma omp parallel for schedule(static) num_threads(plan->threads) if (plan->threads > 1)
    for (int block = 0; block < plan->wino.blocks; block++) {
        wino_task t = *task;
        t.v = work + (size_t)omp_get_thread_num() * plan->thread_floats;
        t.m = t.v + (size_t)plan->wino.points * plan->wino.v_xi;
        set_block(&t, block);
        for (int cb = 0; cb < plan->cb; cb++)
            for (int tile = 0; tile < t.tiles; tile++)
                transform_in(&t, cb, tile);
        nonet_stream next = next_input(&t, (long)plan->kq * (plan->wino.points / 2) * tile_groups(&t));
        for (int q = 0; q < plan->kq; q++)
            multiply_and_out(&t, q, &next);
    }
}

static void run_channels(const wino_task *task, float *work)
{
    const nonet_plan *plan = task->plan;
#pragma omp parallel num_threads(plan->threads)
    {
        wino_task t = *task;
        t.v = work;
        nonet_stream none = { .base = t.src };
        t.m = work + plan->shared_floats + (size_t)omp_get_thread_num() * plan->thread_floats;
        for (int block = 0; block < plan->wino.blocks; block++) {
            set_block(&t, block);
#pragma omp for schedule(static)
            for (int cb = 0; cb < plan->cb; cb++)
                for (int tile = 0; tile < t.tiles; tile++)
                    transform_in(&t, cb, tile);
#pragma omp for schedule(static)
            for (int q = 0; q < plan->kq; q++)
                multiply_and_out(&t, q, &none);
        }
    }
}

void nonet_wino_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work)
{
    const nonet_conv *p = &plan->p;
    wino_task task = {
        .plan = plan, .weights = weights, .src = src, .dst = dst,
        .in = { p->src_layout, p->c, p->h, p->w }, .out = { p->dst_layout, p->k, plan->dh, plan->dw },
    };
    if (plan->wino.by_channels)
        run_channels(&task, work);
    else
        run_blocks(&task, work);
}
