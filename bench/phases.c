/* phases.c - input transform, multiply and output transform of a Winograd plan, each between two readings of the clock. */
#include "bench/phases.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include "bench/data.h"
#include "bench/timer.h"
#include "engine/wino_tiles.h"

enum { FEWEST = 3, MOST = 1000 };

typedef struct phase_run {
    const nonet_plan *plan;
    const nonet_wino_plan *w;
    size_t src_row, src_block, dst_row, dst_block;  /* floats of a row and of a channel block of all images, in padded maps */
    size_t v_floats, m_floats;  /* of one V; of one thread's M */
    size_t u_floats;            /* of one thread's expanded weights */
    float *src, *dst, *u, *v, *m, *bias, *expanded;
    int *order;                 /* room for the tiles of each thread's block */
} phase_run;

static void measure_maps(phase_run *r)
{
    const nonet_wino_plan *w = r->w;
    size_t half = r->plan->p.pool ? 2 : 1, images = (size_t)r->plan->p.n;
    r->src_row = (size_t)(w->tx * w->m + 2) * NONET_L;
    r->src_block = images * (size_t)(w->ty * w->m + 2) * r->src_row;
    r->dst_row = (size_t)w->tx * ((size_t)w->m / half) * NONET_L;
    r->dst_block = images * (size_t)w->ty * ((size_t)w->m / half) * r->dst_row;
    r->v_floats = (size_t)w->points * w->v_xi;
    r->m_floats = (size_t)w->points * w->m_xi;
}

static int open_run(phase_run *r)
{
    const nonet_plan *plan = r->plan;
    size_t threads = (size_t)plan->threads, cb = (size_t)plan->cb, kb = (size_t)plan->kb;
    size_t src = cb * r->src_block, u = plan->weight_floats;
    r->src = bench_floats(src);
    r->dst = bench_floats(kb * r->dst_block);
    r->u = bench_floats(u);
    r->v = bench_floats(r->v_floats * (r->w->by_channels ? 1 : threads));
    r->m = bench_floats(r->m_floats * threads);
    r->bias = bench_floats(kb * NONET_L);
    r->u_floats = (size_t)r->w->points * r->w->u_xi;
    r->expanded = bench_floats(r->u_floats * threads + NONET_L);
    r->order = calloc((size_t)r->w->block * threads, sizeof *r->order);
    if (!r->order || !r->expanded || !r->src || !r->dst || !r->u || !r->v || !r->m || !r->bias)
        return 0;
    bench_fill_positive(r->src, src, 1.0, 1);
    bench_fill_normal(r->u, u, 0.05, 2);
    bench_fill_normal(r->bias, kb * NONET_L, 0.1, 3);
    return 1;
}

static void close_run(phase_run *r)
{
    free(r->src);
    free(r->dst);
    free(r->u);
    free(r->v);
    free(r->m);
    free(r->bias);
    free(r->expanded);
    free(r->order);
}

static nonet_tile_block block_of(const phase_run *r, int block)
{
    return nonet_tile_block_of(r->w, block, r->order + (size_t)omp_get_thread_num() * (size_t)r->w->block);
}

static void input(const phase_run *r, float *v, const nonet_tile_block *block, int cb)
{
    const nonet_wino_plan *w = r->w;
    for (int slot = 0; slot < block->tiles; slot++) {
        nonet_tile at = nonet_tile_at(w, block->tile[slot]);
        unsigned is_short = nonet_tile_short(block, slot);
        size_t y = (size_t)(at.n * (w->ty * w->m + 2) + at.y);
        const float *d = r->src + (size_t)cb * r->src_block + y * r->src_row + (size_t)at.x * NONET_L;
        float *to = v + (size_t)(cb / 4) * w->v_cblock + (size_t)slot * NONET_SUM + (size_t)(cb % 4) * NONET_L;
        if (is_short)
            r->plan->in_short->fn.wino_in_short(d, r->src_row, to, w->v_xi, is_short);
        else
            r->plan->in->fn.wino_in(d, r->src_row, to, w->v_xi);
    }
}

/* What the multiply may fetch ahead, as far as this run has it: U of the next point. */
static void hint(nonet_wino_gemm_args *a, const float *next, int width, int groups)
{
    a->fetch[0] = a->fetch[1] = next;
    a->fetch_step[0] = (size_t)nonet_ceil_div(width, groups);
}

/* One point: its tiles in groups of nearly equal size, as the engine has them. */
static void multiply_point(const phase_run *r, nonet_wino_gemm_args a, const float *v, float *m, nonet_slots slots)
{
    int width = a.kblocks * NONET_L, groups = nonet_ceil_div(slots.hi - slots.lo, r->plan->multiply->mr);
    if (groups)
        hint(&a, a.u + (size_t)a.channels * (size_t)width, width, groups);
    for (int g = 0, first = slots.lo; g < groups; g++, first += a.tiles) {
        a.tiles = (slots.hi - first) / (groups - g);
        a.m = m + (size_t)first * (size_t)width;
        a.v = v + (size_t)first * NONET_SUM;
        r->plan->multiply->fn.wino_gemm(&a);
        a.fetch[0] += (size_t)a.channels * a.fetch_step[0];
    }
}

static void multiply_packed(const phase_run *r, nonet_wino_gemm_args a, const float *v, float *m, int q,
                            const nonet_tile_block *block)
{
    size_t channels = (size_t)r->plan->cb * NONET_L, u_xi = channels * (size_t)(a.kblocks * NONET_L);
    const float *u = r->u + (size_t)q * (size_t)r->w->points * channels * (size_t)r->plan->nr;
    a.channels = (int)channels;
    for (int xi = 0; xi < r->w->points; xi++) {
        a.u = u + (size_t)xi * u_xi;
        multiply_point(r, a, v + (size_t)xi * r->w->v_xi, m + (size_t)xi * r->w->m_xi, nonet_tiles_with(block, xi));
    }
}

static void multiply_expanded(const phase_run *r, nonet_wino_gemm_args a, const float *v, float *m, int q,
                              const nonet_tile_block *block)
{
    enum { TAPS = 9 };
    int channels = r->plan->cb * NONET_L;
    const float *g = r->u + (size_t)q * (size_t)channels * TAPS * (size_t)r->plan->nr;
    float *u = r->expanded + (size_t)omp_get_thread_num() * r->u_floats;
    for (int c = 0; c < channels; c += NONET_SUM, g += (size_t)(a.channels * a.kblocks) * TAPS * NONET_L) {
        a.channels = channels - c < NONET_SUM ? channels - c : NONET_SUM;
        a.add = c > 0;
        nonet_wino_expand(r->plan, g, a.channels * a.kblocks, u);
        for (int xi = 0; xi < r->w->points; xi++) {
            a.u = u + (size_t)xi * r->w->u_xi;
            multiply_point(r, a, v + (size_t)xi * r->w->v_xi + (size_t)(c / NONET_SUM) * r->w->v_cblock, m + (size_t)xi * r->w->m_xi,
                           nonet_tiles_with(block, xi));
        }
    }
}

static void output(const phase_run *r, const float *m, int q, const nonet_tile_block *block)
{
    const nonet_wino_plan *w = r->w;
    size_t half = r->plan->p.pool ? 2 : 1;
    int width = nonet_kblocks(r->plan, q) * NONET_L;
    unsigned flags = (r->plan->p.relu ? NONET_RELU : 0) | (r->plan->p.pool ? NONET_POOL : 0);
    for (int b = 0; b < nonet_kblocks(r->plan, q); b++)
        for (int slot = 0; slot < block->tiles; slot++) {
            nonet_tile at = nonet_tile_at(w, block->tile[slot]);
            unsigned is_short = nonet_tile_short(block, slot);
            size_t kb = (size_t)(q * (r->plan->nr / NONET_L) + b), y = (size_t)(at.n * w->ty * w->m + at.y) / half;
            float *d = r->dst + kb * r->dst_block + y * r->dst_row + (size_t)at.x / half * NONET_L;
            nonet_wino_out_fn *out = is_short ? r->plan->out_short->fn.wino_out : r->plan->out->fn.wino_out;
            out(m + (size_t)slot * (size_t)width + (size_t)b * NONET_L, w->m_xi, r->bias + kb * NONET_L, d, r->dst_row,
                flags | is_short);
        }
}

/* Multiply call q and what follows it. */
static void call(const phase_run *r, const float *v, float *m, int q, const nonet_tile_block *block, bench_phase_times *times)
{
    nonet_wino_gemm_args a = { .v_cblock = r->w->v_cblock, .kblocks = nonet_kblocks(r->plan, q) };
    double start = bench_now();
    (r->plan->packing.expanded ? multiply_expanded : multiply_packed)(r, a, v, m, q, block);
    double middle = bench_now();
    output(r, m, q, block);
    times->multiply += middle - start;
    times->out += bench_now() - middle;
}

static void own_blocks(const phase_run *r, bench_phase_times *times)
{
    int self = omp_get_thread_num();
    float *v = r->v + (size_t)self * r->v_floats, *m = r->m + (size_t)self * r->m_floats;
#pragma omp for schedule(dynamic, 1)
    for (int block = 0; block < r->w->blocks; block++) {
        nonet_tile_block tiles = block_of(r, block);
        double start = bench_now();
        for (int cb = 0; cb < r->plan->cb; cb++)
            input(r, v, &tiles, cb);
        times->in += bench_now() - start;
        for (int q = 0; q < r->plan->kq; q++)
            call(r, v, m, q, &tiles, times);
    }
}

static void shared_blocks(const phase_run *r, bench_phase_times *times)
{
    float *m = r->m + (size_t)omp_get_thread_num() * r->m_floats;
    for (int block = 0; block < r->w->blocks; block++) {
        nonet_tile_block tiles = block_of(r, block);
        double start = bench_now();
#pragma omp for schedule(static) nowait
        for (int cb = 0; cb < r->plan->cb; cb++)
            input(r, r->v, &tiles, cb);
        times->in += bench_now() - start;
#pragma omp barrier
#pragma omp for schedule(static)
        for (int q = 0; q < r->plan->kq; q++)
            call(r, r->v, m, q, &tiles, times);
    }
}

static bench_phase_times once(const phase_run *r)
{
    double in = 0, multiply = 0, out = 0, threads = r->plan->threads;
#pragma omp parallel num_threads(r->plan->threads) reduction(+ : in, multiply, out)
    {
        bench_phase_times mine = { 0, 0, 0 };
        if (r->w->by_channels)
            shared_blocks(r, &mine);
        else
            own_blocks(r, &mine);
        in += mine.in;
        multiply += mine.multiply;
        out += mine.out;
    }
    return (bench_phase_times){ in / threads, multiply / threads, out / threads };
}

static void keep_least(bench_phase_times *least, const bench_phase_times *next)
{
    least->in = fmin(least->in, next->in);
    least->multiply = fmin(least->multiply, next->multiply);
    least->out = fmin(least->out, next->out);
}

int bench_phases(const nonet_plan *plan, double seconds, bench_phase_times *times)
{
    phase_run r = { .plan = plan, .w = &plan->wino };
    *times = (bench_phase_times){ 0, 0, 0 };
    if (plan->nest != NEST_WINOGRAD)
        return 1;
    measure_maps(&r);
    int good = open_run(&r);
    if (good) {
        *times = once(&r);
        double start = bench_now();
        for (int i = 0; i < FEWEST || (i < MOST && bench_now() - start < seconds); i++) {
            bench_phase_times next = once(&r);
            keep_least(times, &next);
        }
    }
    close_run(&r);
    return good;
}
