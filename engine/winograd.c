/* winograd.c - F(2x2,3x3), F(4x4,3x3) and F(6x6,3x3): input transform, multiply and output transform fused per block of tiles, so
 * that V and M of a block stay in L2 while U streams through once a block. Early layers split the blocks over the threads; late
 * layers, where U is large and tiles are few, split the output channels, so that each weight leaves memory once a block.
 *
 *   V [point][C/64][tile][64]    U [k/NR][point][C][NR]    M [point][tile][NR]
 *
 * Expanded weights stand as they came, 3x3, and become U for 64 channels and NR outputs at a time, in a cache: a quarter of the
 * bytes for F(4x4), and for every point of every tile one more pass over M. */
#include <omp.h>
#include "engine/plan.h"
#include "engine/stream.h"
#include "engine/wino_tiles.h"

enum {
    BLOCK_BYTES = 1920 << 10,   /* V and M of a block: they and the workspace of a thread stay below 2 MiB */
    CHOSEN_BYTES = 64 << 20,    /* the same, where a choice names the block */
    BLOCK_TILES = 28,           /* of a block where U is small: from here on more tiles save nothing, and V wants to stay in L2 */
    LATE_U = 12 << 20,          /* bytes of U that come from memory: the block is as large as it may be, so U is read less */
    TAPS = 9,                   /* of the filter */
    A_MAX = 8
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
    int left = n % plan->wino.m;
    return plan->algo == NONET_WINOGRAD_F4 && left > 0 && left <= NONET_SHORT_SIDE ? n / plan->wino.m : -1;
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
    size_t u = (size_t)w->points * w->u_xi;
    size_t v = (size_t)w->points * w->v_xi, m = (size_t)w->points * w->m_xi, order = nonet_line_floats((size_t)w->block);
    plan->shared_floats = w->by_channels ? v : 0;
    plan->thread_floats = (w->by_channels ? m + u : v + m + u) + order;
    plan->weight_floats = plan->packing.expanded ? u_floats(plan) / (size_t)w->points * TAPS : u_floats(plan);
}

typedef struct wino_task {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src;
    float *dst;
    float *v, *m, *u;           /* u: expanded weights */
    int *order;                 /* room for the block's tiles */
    nonet_view in, out;
    nonet_tile_block block;
} wino_task;

static void transform_in(const wino_task *t, int cb, int slot)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    nonet_tile at = nonet_tile_at(w, t->block.tile[slot]);
    unsigned is_short = nonet_tile_short(&t->block, slot);
    int rows = is_short & NONET_SHORT_H ? NONET_SHORT_POINTS : w->a, pixels = is_short & NONET_SHORT_W ? NONET_SHORT_POINTS : w->a;
    int y = at.y - plan->p.pad, x = at.x - plan->p.pad;
    float *v = t->v + (size_t)(cb / 4) * w->v_cblock + (size_t)slot * NONET_SUM + (size_t)(cb % 4) * NONET_L;
    float room[A_MAX * A_MAX * NONET_L];
    const float *d = room;
    size_t d_row = (size_t)pixels * NONET_L;
    if (y >= 0 && x >= 0 && y + rows <= plan->p.h && x + pixels <= plan->p.w && plan->p.src_layout == NONET_NCHW16C) {
        d = t->src + nonet_blocked_at(&t->in, at.n, cb, y) + (size_t)x * NONET_L;
        d_row = (size_t)plan->p.w * NONET_L;
    } else {
        for (int i = 0; i < rows; i++)
            nonet_gather_row(&t->in, t->src, at.n, cb, y + i, x, pixels, room + (size_t)i * d_row);
    }
    if (is_short)
        plan->in_short->fn.wino_in_short(d, d_row, v, w->v_xi, is_short);
    else
        plan->in->fn.wino_in(d, d_row, v, w->v_xi);
}

/* Tiles first .. last as a region of a map: `step` pixels from tile to tile, `side` in a tile, `shift` before a tile's origin. */
static nonet_stream tiles_stream(const wino_task *t, const nonet_view *v, const float *tensor, int first, int last, int cb,
                                 int cblocks, int half, int side, int shift, long shares)
{
    const nonet_wino_plan *w = &t->plan->wino;
    nonet_tile from = nonet_tile_at(w, first), to = nonet_tile_at(w, last);
    int one_row = from.n == to.n && from.y == to.y, y1 = from.n == to.n ? to.y / half - shift + side : v->h;
    return nonet_stream_of(v, tensor, from.n, cb, cblocks, from.y / half - shift, y1, one_row ? from.x / half - shift : 0,
                           one_row ? to.x / half - shift + side : v->w, shares);
}

/* The input of the next block, in `shares` shares. */
static nonet_stream next_input(const wino_task *t, long shares)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = t->block.first + t->block.tiles, last = first + w->block < w->tiles ? first + w->block - 1 : w->tiles - 1;
    if (first >= w->tiles)
        return (nonet_stream){ .base = t->src };
    return tiles_stream(t, &t->in, t->src, first, last, 0, t->plan->cb, 1, w->a, t->plan->p.pad, shares);
}

/* Where the results of multiply call q of this block go. */
static nonet_stream call_output(const wino_task *t, int q, long shares)
{
    const nonet_plan *plan = t->plan;
    int half = plan->p.pool ? 2 : 1;
    return tiles_stream(t, &t->out, t->dst, t->block.first, t->block.first + t->block.tiles - 1, q * (plan->nr / NONET_L), nonet_kblocks(plan, q),
                        half, plan->wino.m / half, 0, shares);
}

/* Calls of the multiply kernel for some tiles. */
static int groups_of(const wino_task *t, nonet_slots slots)
{
    return nonet_ceil_div(slots.hi - slots.lo, t->plan->multiply->mr);
}

/* Those for all points of one sum: an even number, as points of a kind are. */
static long calls_of_sum(const wino_task *t)
{
    long calls = 0;
    for (int xi = 0; xi < t->plan->wino.points; xi++)
        calls += groups_of(t, nonet_tiles_with(&t->block, xi));
    return calls;
}

/* Those for NR output channels of this block. */
static long calls_of(const wino_task *t)
{
    const nonet_plan *plan = t->plan;
    return calls_of_sum(t) * (plan->packing.expanded ? nonet_ceil_div(plan->cb * NONET_L, NONET_SUM) : 1);
}

/* What is fetched while a multiply call q runs: the next block's input, and the lines to be written. */
typedef struct call_streams {
    const nonet_stream *next;
    nonet_stream output;
    long call;                  /* of this block and q, and how many of them in all */
    long calls;
} call_streams;

/* Calls take turns: one fetches of the next block's input, one of the lines to be written. */
static void share_streams(call_streams *s, int q, nonet_wino_gemm_args *a)
{
    if (s->call % 2 == 0)
        nonet_stream_share(s->next, (s->call + (long)q * s->calls) / 2, a);
    else
        nonet_stream_share(&s->output, s->call / 2, a);
    s->call++;
}

/* One point, channels from c on: its tiles in groups of nearly equal size. `ahead` is fetched, a share with each. */
static void multiply_point(const wino_task *t, int q, int xi, int c, nonet_wino_gemm_args *a, const float *ahead, call_streams *s)
{
    const nonet_wino_plan *w = &t->plan->wino;
    nonet_slots slots = nonet_tiles_with(&t->block, xi);
    int groups = groups_of(t, slots), width = a->kblocks * NONET_L;
    for (int g = 0, first = slots.lo; g < groups; g++, first += a->tiles) {
        a->tiles = (slots.hi - first) / (groups - g);
        a->m = t->m + (size_t)xi * w->m_xi + (size_t)first * (size_t)width;
        a->v = t->v + (size_t)xi * w->v_xi + (size_t)(c / NONET_SUM) * w->v_cblock + (size_t)first * NONET_SUM;
        a->fetch[0] = ahead + (size_t)g * (size_t)a->channels * a->fetch_step[0];
        share_streams(s, q, a);
        t->plan->multiply->fn.wino_gemm(a);
    }
}

/* Each call fetches its share of the next point's U, which follows this one's. */
static void multiply_packed(const wino_task *t, int q, nonet_wino_gemm_args *a, call_streams *s)
{
    const nonet_plan *plan = t->plan;
    int width = a->kblocks * NONET_L;
    size_t channels = (size_t)plan->cb * NONET_L, chunk = channels * (size_t)width;
    const float *u = t->weights->data + (size_t)q * (size_t)plan->wino.points * channels * (size_t)plan->nr;
    a->channels = plan->cb * NONET_L;
    for (int xi = 0; xi < plan->wino.points; xi++, u += chunk) {
        int groups = groups_of(t, nonet_tiles_with(&t->block, xi));
        a->u = u;
        a->fetch_step[0] = groups ? (size_t)nonet_ceil_div(width, groups) : 0;
        multiply_point(t, q, xi, 0, a, u + chunk, s);
    }
}

void nonet_wino_expand(const nonet_plan *plan, const float *g, int columns, float *u)
{
    for (int i = 0; i < columns; i++)
        plan->filter->fn.wino_filter(g + (size_t)i * TAPS * NONET_L, u + (size_t)i * NONET_L, plan->wino.u_xi);
}

/* The channels of one sum after another: their U, then all points. Each call fetches its share of the next channels' weights. */
static void multiply_expanded(const wino_task *t, int q, nonet_wino_gemm_args *a, call_streams *s)
{
    const nonet_plan *plan = t->plan;
    int channels = plan->cb * NONET_L, shares = (int)calls_of_sum(t);
    const float *g = t->weights->data + (size_t)q * (size_t)channels * TAPS * (size_t)plan->nr;
    for (int c = 0; c < channels; c += NONET_SUM) {
        a->channels = channels - c < NONET_SUM ? channels - c : NONET_SUM;
        int columns = a->channels * a->kblocks;
        nonet_wino_expand(plan, g, columns, t->u);
        g += (size_t)columns * TAPS * NONET_L;
        a->fetch_step[0] = (size_t)nonet_ceil_div(columns * TAPS, shares * a->channels) * NONET_L;
        a->add = c > 0;
        const float *ahead = g;
        for (int xi = 0; xi < plan->wino.points; xi++) {
            a->u = t->u + (size_t)xi * plan->wino.u_xi;
            multiply_point(t, q, xi, c, a, ahead, s);
            ahead += (size_t)(groups_of(t, nonet_tiles_with(&t->block, xi)) * a->channels) * a->fetch_step[0];
        }
    }
}

/* Multiply call q of a block, all points. */
static void multiply(const wino_task *t, int q, const nonet_stream *next)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    int kblocks = nonet_kblocks(plan, q);
    long calls = calls_of(t);
    call_streams s = { .next = next, .output = call_output(t, q, calls / 2), .calls = calls };
    nonet_wino_gemm_args a = { .v_cblock = w->v_cblock, .kblocks = kblocks, .v_next = w->v_xi };
    if (plan->packing.expanded)
        multiply_expanded(t, q, &a, &s);
    else
        multiply_packed(t, q, &a, &s);
}

static void transform_out(const wino_task *t, int q, int b, int slot)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    nonet_tile at = nonet_tile_at(w, t->block.tile[slot]);
    unsigned is_short = nonet_tile_short(&t->block, slot);
    int half = plan->p.pool ? 2 : 1, y = at.y / half, x = at.x / half;
    int rows = (is_short & NONET_SHORT_H ? NONET_SHORT_SIDE : w->m) / half;
    int pixels = (is_short & NONET_SHORT_W ? NONET_SHORT_SIDE : w->m) / half;
    int kb = q * (plan->nr / NONET_L) + b, width = nonet_kblocks(plan, q) * NONET_L;
    const float *m = t->m + (size_t)slot * (size_t)width + (size_t)b * NONET_L, *bias = t->weights->bias + (size_t)kb * NONET_L;
    unsigned flags = is_short | (plan->p.relu ? NONET_RELU : 0) | (plan->p.pool ? NONET_POOL : 0);
    nonet_wino_out_fn *out = is_short ? plan->out_short->fn.wino_out : plan->out->fn.wino_out;
    if (plan->p.dst_layout == NONET_NCHW16C && y + rows <= plan->dh && x + pixels <= plan->dw) {
        float *d = t->dst + nonet_blocked_at(&t->out, at.n, kb, y) + (size_t)x * NONET_L;
        out(m, w->m_xi, bias, d, (size_t)plan->dw * NONET_L, flags);
        return;
    }
    float d[A_MAX * A_MAX * NONET_L];
    out(m, w->m_xi, bias, d, (size_t)pixels * NONET_L, flags);
    for (int i = 0; i < rows && y + i < plan->dh; i++)
        nonet_scatter_row(&t->out, t->dst, at.n, kb, y + i, x, pixels, d + i * pixels * NONET_L);
}

static void multiply_and_out(const wino_task *t, int q, const nonet_stream *next)
{
    multiply(t, q, next);
    for (int b = 0; b < nonet_kblocks(t->plan, q); b++)
        for (int slot = 0; slot < t->block.tiles; slot++)
            transform_out(t, q, b, slot);
}

/* A thread's own parts of the workspace; V where its own starts, if V is not shared. */
static void set_room(wino_task *t, float *v, float *own)
{
    const nonet_wino_plan *w = &t->plan->wino;
    t->v = v;
    t->m = own;
    t->u = t->m + (size_t)w->points * w->m_xi;
    t->order = (int *)(void *)(t->u + (size_t)w->points * w->u_xi);
}

static void run_blocks(const wino_task *task, float *work)
{
    const nonet_plan *plan = task->plan;
#pragma omp parallel for schedule(static) num_threads(plan->threads) if (plan->threads > 1)
    for (int block = 0; block < plan->wino.blocks; block++) {
        wino_task t = *task;
        float *own = work + (size_t)omp_get_thread_num() * plan->thread_floats;
        set_room(&t, own, own + (size_t)plan->wino.points * plan->wino.v_xi);
        t.block = nonet_tile_block_of(&plan->wino, block, t.order);
        for (int cb = 0; cb < plan->cb; cb++)
            for (int slot = 0; slot < t.block.tiles; slot++)
                transform_in(&t, cb, slot);
        nonet_stream next = next_input(&t, plan->kq * (calls_of(&t) / 2));
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
        nonet_stream none = { .base = t.src };
        set_room(&t, work, work + plan->shared_floats + (size_t)omp_get_thread_num() * plan->thread_floats);
        for (int block = 0; block < plan->wino.blocks; block++) {
            t.block = nonet_tile_block_of(&plan->wino, block, t.order);
#pragma omp for schedule(static)
            for (int cb = 0; cb < plan->cb; cb++)
                for (int slot = 0; slot < t.block.tiles; slot++)
                    transform_in(&t, cb, slot);
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
