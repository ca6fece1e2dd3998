/* direct.c - direct convolution, any channels (DIRECT) or 1 to 4 (IC): a strip of input rows is gathered with its padding into the
 * workspace, in 16-channel pixels or in planes; then every output row is cut into runs of at most MR pixels. */
#include <omp.h>
#include "engine/plan.h"
#include "engine/view.h"

enum { STRIP_BYTES = 384 << 10 };   /* of gathered input: what stays in L2 beside the weights of one multiply call */

static size_t strip_floats(const nonet_plan *plan)
{
    const nonet_strip_plan *s = &plan->strip;
    size_t pixels = (size_t)s->in_rows * (size_t)s->in_w;
    return nonet_line_floats(plan->nest == NEST_IC ? pixels * (size_t)plan->p.c : pixels * (size_t)plan->cb * NONET_L);
}

/* A row of results on its way to a pool or another layout; both of a pool. */
static int needs_rows(const nonet_plan *plan)
{
    return plan->p.pool || plan->p.dst_layout != NONET_NCHW16C;
}

static size_t row_floats(const nonet_plan *plan)
{
    return (size_t)plan->ow * (size_t)plan->nr;
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
    int in_rows = (int)(STRIP_BYTES / row), rows = in_rows > p->r ? (in_rows - p->r) / p->stride + 1 : 1;
    rows = rows < height ? rows : height;
    s->count = nonet_ceil_div(height, rows);
    int images = p->n, wanted = plan->threads * 2;
    if (s->count * images < wanted && s->count < height)
        s->count = nonet_ceil_div(wanted, images) < height ? nonet_ceil_div(wanted, images) : height;
    s->rows = nonet_ceil_div(nonet_ceil_div(height, s->count), unit) * unit;
    s->count = nonet_ceil_div(height, s->rows);
    s->in_rows = (s->rows - 1) * p->stride + p->r;
    int tasks = s->count * images;
    s->ksplit = tasks >= plan->threads ? 1 : nonet_ceil_div(plan->threads, tasks);
    s->ksplit = s->ksplit < plan->kq ? s->ksplit : plan->kq;
}

void nonet_direct_plan(nonet_plan *plan)
{
    plan_strips(plan);
    plan_taps(plan);
    size_t inputs = plan->nest == NEST_IC ? (size_t)plan->taps : (size_t)plan->cb * NONET_L * (size_t)plan->taps;
    plan->weight_floats = inputs * (size_t)plan->kb * NONET_L;
    size_t rows = needs_rows(plan) ? nonet_line_floats(2 * row_floats(plan)) + nonet_line_floats(row_floats(plan)) : 0;
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

/* Row y of the convolution for multiply call q, to out (out_kblock floats between blocks of 16 channels). */
static void compute_row(const strip_task *t, int q, int y, float *out, size_t out_kblock)
{
    const nonet_plan *plan = t->plan;
    const nonet_strip_plan *s = &plan->strip;
    int ic = plan->nest == NEST_IC, mr = plan->multiply->mr, runs = nonet_ceil_div(plan->ow, mr);
    size_t inputs = ic ? (size_t)plan->taps : (size_t)plan->cb * NONET_L * (size_t)plan->taps;
    size_t step = (size_t)plan->p.stride * (ic ? 1 : NONET_L), row = (size_t)s->in_w * (ic ? 1 : NONET_L);
    const float *x = t->strip + (size_t)(y - t->y0) * (size_t)plan->p.stride * row;
    nonet_direct_args a = {
        .w = t->weights->data + (size_t)q * inputs * (size_t)plan->nr,
        .bias = t->weights->bias + (size_t)q * (size_t)plan->nr,
        .tap = plan->tap,
        .x_cblock = (size_t)s->in_rows * row,
        .out_pixel = NONET_L,
        .out_kblock = out_kblock,
        .cblocks = plan->cb,
        .taps = plan->taps,
        .fresh = plan->fresh,
        .kblocks = nonet_kblocks(plan, q),
        .flags = plan->p.relu ? NONET_RELU : 0,
    };
    for (int i = 0, x0 = 0; i < runs; i++, x0 += a.m) {
        a.m = (plan->ow - x0) / (runs - i);     /* runs of nearly equal length */
        a.x = x + (size_t)x0 * step;
        a.out = out + (size_t)x0 * NONET_L;
        plan->multiply->fn.direct(&a);
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

static void compute_rows(const strip_task *t, int q)
{
    const nonet_plan *plan = t->plan;
    size_t kblock = (size_t)plan->ow * NONET_L, dst_kblock = (size_t)plan->oh * kblock;
    float *r0 = t->rows, *r1 = r0 + row_floats(plan);
    for (int y = t->y0; y < t->y1; y += plan->p.pool ? 2 : 1) {
        if (!needs_rows(plan)) {
            compute_row(t, q, y, t->dst + nonet_blocked_at(&t->out, t->n, q * (plan->nr / NONET_L), y), dst_kblock);
            continue;
        }
        compute_row(t, q, y, r0, kblock);
        if (plan->p.pool)
            compute_row(t, q, y + 1, r1, kblock);
        deliver(t, q, y, r0, r1);
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
        t.pooled = t.rows + nonet_line_floats(2 * row_floats(plan));
        gather(&t);
        for (int q = plan->kq * part / s->ksplit; q < plan->kq * (part + 1) / s->ksplit; q++)
            compute_rows(&t, q);
    }
}
