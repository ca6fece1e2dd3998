/* direct.c - direct convolution, any channels (DIRECT) or 1 to 4 (IC): a strip of input rows is gathered with its padding into
 * the workspace, in 16-channel pixels or in planes; then every output row is cut into runs of at most MR pixels. */
#include <omp.h>
#include "engine/plan.h"
#include "engine/view.h"

enum {
    STRIP_BYTES = 384 << 10,    /* of gathered input: what stays in L2 beside the weights of one multiply call */
    STRIP_BYTES_LATE = 4 << 20, /* where the weights come from memory, as in a dense fc6: fewer strips, fewer passes over them */
    LATE_WEIGHTS = 12 << 20,
    CHUNK_BYTES_L1 = 20 << 10,  /* of weights per call where a step of the kernel reads them faster than L2 gives */
    CHUNK_BYTES_L2 = 320 << 10
};

static size_t strip_floats(const nonet_plan *plan)
{
    const nonet_strip_plan *s = &plan->strip;
    size_t pixels = (size_t)s->in_rows * (size_t)s->in_w;
    return nonet_line_floats(plan->nest == NEST_IC ? pixels * (size_t)plan->p.c : pixels * (size_t)plan->cb * NONET_L);
}

/* Rows of results pass through the workspace on their way to a pool or another layout. */
static int needs_rows(const nonet_plan *plan)
{
    return plan->p.pool || plan->p.dst_layout != NONET_NCHW16C;
}

static size_t row_floats(const nonet_plan *plan)
{
    return (size_t)plan->ow * (size_t)plan->nr;
}

static size_t band_floats(const nonet_plan *plan)
{
    return nonet_line_floats((size_t)plan->strip.band * row_floats(plan));
}

static void plan_taps(nonet_plan *plan)
{
    const nonet_strip_plan *s = &plan->strip;
    int planes = plan->nest == NEST_IC ? plan->p.c : 1, width = plan->nest == NEST_IC ? 1 : NONET_L;
    ptrdiff_t *tap = plan->tap;
    for (int c = 0; c < planes; c++)
        for (int i = 0; i < plan->p.r; i++)
            for (int j = 0; j < plan->p.s; j++)
                *tap++ = (((ptrdiff_t)c * s->in_rows + i) * s->in_w + j) * width;
}

/* Rows that fit the budget, even where a pool pairs them; then strips of equal height, and enough of them for the threads. */
static void plan_strips(nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    nonet_strip_plan *s = &plan->strip;
    int unit = p->pool ? 2 : 1, height = p->pool ? plan->dh * 2 : plan->oh;
    s->in_w = (plan->ow - 1) * p->stride + p->s;
    size_t row = (size_t)s->in_w * (size_t)(plan->nest == NEST_IC ? p->c : plan->cb * NONET_L) * sizeof(float);
    double weights = (double)plan->taps * plan->cb * plan->kb * NONET_L * NONET_L * sizeof(float);
    int late = weights > LATE_WEIGHTS;
    int in_rows = (int)((late ? STRIP_BYTES_LATE : STRIP_BYTES) / row);
    int rows = in_rows > p->r ? (in_rows - p->r) / p->stride + 1 : 1;
    rows = plan->choice.rows ? plan->choice.rows : rows;
    rows = rows < height ? rows : height;
    s->count = nonet_ceil_div(height, rows);
    int images = p->n, wanted = plan->threads > 1 && !late && !plan->choice.rows ? nonet_ceil_div(plan->threads * 2, images) : 1;
    if (s->count < wanted)
        s->count = wanted < height ? wanted : height;
    s->rows = nonet_ceil_div(nonet_ceil_div(height, s->count), unit) * unit;
    s->count = nonet_ceil_div(height, s->rows);
    s->in_rows = (s->rows - 1) * p->stride + p->r;
    int tasks = s->count * images;
    s->ksplit = tasks >= plan->threads ? 1 : nonet_ceil_div(plan->threads, tasks);
    s->ksplit = s->ksplit < plan->kq ? s->ksplit : plan->kq;
}

/* A kernel of 6 rows or fewer reads its weights at 10 bytes a cycle. A call takes whole sums where there are several. */
static void plan_chunks(nonet_plan *plan)
{
    nonet_strip_plan *s = &plan->strip;
    size_t cblock = (size_t)plan->taps * NONET_L * (size_t)plan->nr * sizeof(float);
    size_t budget = plan->multiply->mr > 6 ? CHUNK_BYTES_L2 : CHUNK_BYTES_L1;
    int fit = plan->choice.cchunk ? plan->choice.cchunk : budget > cblock ? (int)(budget / cblock) : 1;
    if (plan->fresh && fit < plan->cb)
        fit = fit < plan->fresh ? plan->fresh : fit / plan->fresh * plan->fresh;
    s->cchunk = plan->nest == NEST_IC || fit >= plan->cb ? plan->cb : fit;
    if (!plan->fresh)           /* calls of nearly equal size */
        s->cchunk = nonet_ceil_div(plan->cb, nonet_ceil_div(plan->cb, s->cchunk));
    s->band = s->cchunk < plan->cb ? s->rows : plan->p.pool ? 2 : 1;
}

void nonet_direct_plan(nonet_plan *plan)
{
    plan_strips(plan);
    plan_chunks(plan);
    plan_taps(plan);
    size_t inputs = plan->nest == NEST_IC ? (size_t)plan->taps : (size_t)plan->cb * NONET_L * (size_t)plan->taps;
    plan->weight_floats = inputs * (size_t)plan->kb * NONET_L;
    size_t rows = needs_rows(plan) ? band_floats(plan) + nonet_line_floats(row_floats(plan)) : 0;
    plan->thread_floats = strip_floats(plan) + rows;
}

/* One running task: a strip of an image and a range of multiply calls. */
typedef struct strip_task {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src;
    float *dst;
    float *strip, *rows, *pooled;
    nonet_view in, out;
    int n, y0, y1;              /* image; output rows before the pool */
    int warm;                   /* what it writes is in L2 */
} strip_task;

static void gather(const strip_task *t)
{
    const nonet_plan *plan = t->plan;
    const nonet_strip_plan *s = &plan->strip;
    int pad = plan->p.pad, first = t->y0 * plan->p.stride - pad, rows = (t->y1 - 1 - t->y0) * plan->p.stride + plan->p.r;
    int ic = plan->nest == NEST_IC, parts = ic ? plan->p.c : plan->cb;
    size_t row = (size_t)s->in_w * (ic ? 1 : NONET_L);
    for (int part = 0; part < parts; part++)
        for (int i = 0; i < rows; i++) {
            float *to = t->strip + ((size_t)part * (size_t)s->in_rows + (size_t)i) * row;
            if (ic)
                nonet_gather_plane_row(&t->in, t->src, t->n, part, first + i, -pad, s->in_w, to);
            else
                nonet_gather_row(&t->in, t->src, t->n, part, first + i, -pad, s->in_w, to);
        }
}

/* What all runs of multiply call q, channel blocks cb and on, have in common. */
static nonet_direct_args args_of(const strip_task *t, int q, int cb, size_t out_kblock)
{
    const nonet_plan *plan = t->plan;
    const nonet_strip_plan *s = &plan->strip;
    int ic = plan->nest == NEST_IC, left = plan->cb - cb, width = nonet_kblocks(plan, q) * NONET_L;
    size_t cblock = (size_t)plan->taps * (ic ? 1 : NONET_L), inputs = ic ? cblock : (size_t)plan->cb * cblock;
    return (nonet_direct_args){
        .w = t->weights->data + (size_t)q * inputs * (size_t)plan->nr + (size_t)cb * cblock * (size_t)width,
        .bias = t->weights->bias + (size_t)q * (size_t)plan->nr,
        .tap = plan->tap,
        .x_cblock = (size_t)s->in_rows * (size_t)s->in_w * NONET_L,
        .out_pixel = NONET_L,
        .out_kblock = out_kblock,
        .cblocks = left < s->cchunk ? left : s->cchunk,
        .taps = plan->taps,
        .fresh = plan->fresh,
        .kblocks = width / NONET_L,
        .flags = (plan->p.relu ? NONET_RELU : 0) | (cb > 0 ? NONET_CONTINUE : 0) | (left > s->cchunk ? NONET_PARTIAL : 0),
    };
}

/* The lines that the next run writes, which follow this run's: with few input channels a run is as short as the wait for them. */
static void fetch_output(const nonet_direct_args *a)
{
    enum { PIXEL = NONET_L * sizeof(float) };
    for (int b = 0; b < a->kblocks; b++) {
        uintptr_t at = (uintptr_t)(a->out + (size_t)b * a->out_kblock);     /* an integer: behind the last run is no array */
        for (int p = 0; p < a->m; p++)
            __builtin_prefetch((const void *)(at + (uintptr_t)(a->m + p) * PIXEL), 1);
    }
}

/* Row y of the convolution, channel blocks cb and on, to out. */
static void compute_row(const strip_task *t, nonet_direct_args *a, int cb, int y, float *out)
{
    const nonet_plan *plan = t->plan;
    int ic = plan->nest == NEST_IC, runs = nonet_ceil_div(plan->ow, plan->multiply->mr);
    size_t pixel = ic ? 1 : NONET_L, row = (size_t)plan->strip.in_w * pixel;
    const float *x = t->strip + (size_t)cb * a->x_cblock + (size_t)(y - t->y0) * (size_t)plan->p.stride * row;
    for (int i = 0, x0 = 0; i < runs; i++, x0 += a->m) {
        a->m = (plan->ow - x0) / (runs - i);     /* runs of nearly equal length */
        a->x = x + (size_t)x0 * (size_t)plan->p.stride * pixel;
        a->out = out + (size_t)x0 * NONET_L;
        if (ic && !t->warm)
            fetch_output(a);
        plan->multiply->fn.direct(a);
    }
}

/* Blocks of the rows just computed go through the pool, if any, and to their layout. */
static void deliver(const strip_task *t, int q, int y, const float *r0, const float *r1)
{
    const nonet_plan *plan = t->plan;
    int dy = plan->p.pool ? y / 2 : y, blocked = plan->p.dst_layout == NONET_NCHW16C;
    for (int b = 0; b < nonet_kblocks(plan, q); b++) {
        size_t at = (size_t)b * (size_t)plan->ow * NONET_L;
        int kb = q * (plan->nr / NONET_L) + b;
        const float *from = r0 + at;
        if (plan->p.pool) {
            float *to = blocked ? t->dst + nonet_blocked_at(&t->out, t->n, kb, dy) : t->pooled;
            plan->pool->fn.maxpool(r0 + at, r1 + at, to, plan->ow, plan->dw);
            from = to;
        }
        if (!blocked)
            nonet_scatter_row(&t->out, t->dst, t->n, kb, dy, 0, plan->dw, from);
    }
}

/* A band of rows for multiply call q: all its channel blocks, some at a time. */
static void compute_band(const strip_task *t, int q, int y0, int y1)
{
    const nonet_plan *plan = t->plan;
    int direct = !needs_rows(plan);
    size_t kblock = (direct ? (size_t)plan->oh : 1) * (size_t)plan->ow * NONET_L;
    for (int cb = 0; cb < plan->cb; cb += plan->strip.cchunk) {
        nonet_direct_args a = args_of(t, q, cb, kblock);
        for (int y = y0; y < y1; y++)
            compute_row(t, &a, cb, y, direct ? t->dst + nonet_blocked_at(&t->out, t->n, q * (plan->nr / NONET_L), y)
                                             : t->rows + (size_t)(y - y0) * row_floats(plan));
    }
    for (int y = y0; !direct && y < y1; y += plan->p.pool ? 2 : 1) {
        const float *r0 = t->rows + (size_t)(y - y0) * row_floats(plan);
        deliver(t, q, y, r0, r0 + row_floats(plan));
    }
}

static void compute_rows(const strip_task *t, int q)
{
    int band = t->plan->strip.band;
    for (int y = t->y0; y < t->y1; y += band)
        compute_band(t, q, y, y + band < t->y1 ? y + band : t->y1);
}

void nonet_direct_rows(const nonet_plan *plan, const nonet_weights *weights, const float *src, const nonet_rows *to, float *work)
{
    const nonet_conv *p = &plan->p;
    strip_task t = {
        .plan = plan, .weights = weights, .src = src, .strip = work, .in = { p->src_layout, p->c, p->h, p->w }, .n = to->n,
        .warm = 1,
    };
    for (t.y0 = to->y0; t.y0 < to->y1; t.y0 = t.y1) {
        t.y1 = t.y0 + plan->strip.rows < to->y1 ? t.y0 + plan->strip.rows : to->y1;
        gather(&t);
        for (int q = 0; q < plan->kq; q++) {
            nonet_direct_args a = args_of(&t, q, 0, to->kblock);
            float *out = to->out + (size_t)q * (size_t)(plan->nr / NONET_L) * to->kblock;
            for (int y = t.y0; y < t.y1; y++)
                compute_row(&t, &a, 0, y, out + (size_t)(y - to->y0) * to->row);
        }
    }
}

void nonet_direct_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work)
{
    const nonet_conv *p = &plan->p;
    const nonet_strip_plan *s = &plan->strip;
    int height = p->pool ? plan->dh * 2 : plan->oh, tasks = p->n * s->count * s->ksplit;
#pragma omp parallel for schedule(dynamic, 1) num_threads(plan->threads) if (plan->threads > 1)
    for (int i = 0; i < tasks; i++) {
        float *mine = work + (size_t)omp_get_thread_num() * plan->thread_floats;
        int part = i % s->ksplit, strip = i / s->ksplit % s->count, y1 = (strip + 1) * s->rows;
        strip_task t = {
            .plan = plan, .weights = weights, .src = src, .dst = dst, .strip = mine, .rows = mine + strip_floats(plan),
            .in = { p->src_layout, p->c, p->h, p->w }, .out = { p->dst_layout, p->k, plan->dh, plan->dw },
            .n = i / s->ksplit / s->count, .y0 = strip * s->rows, .y1 = y1 < height ? y1 : height,
        };
        t.pooled = t.rows + band_floats(plan);
        gather(&t);
        for (int q = plan->kq * part / s->ksplit; q < plan->kq * (part + 1) / s->ksplit; q++)
            compute_rows(&t, q);
    }
}
