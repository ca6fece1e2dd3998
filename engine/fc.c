/* fc.c - fully connected layers: a convolution whose kernel is the whole map. One image is a stream of weights (FC_VECTOR); a batch
 * is a matrix product whose pixels are images (FC_MATRIX). Both share the packed weights and the order of sums. */
#include <omp.h>
#include "engine/plan.h"
#include "engine/view.h"

/* Groups of 16 inputs: channel blocks times taps. */
static size_t groups_of(const nonet_plan *plan)
{
    return (size_t)plan->cb * (size_t)plan->taps;
}

static size_t fresh_groups(const nonet_plan *plan)
{
    return plan->fresh ? (size_t)plan->fresh * (size_t)plan->taps : groups_of(plan);
}

static int in_place(const nonet_plan *plan)
{
    return plan->p.n == 1 && plan->p.src_layout == NONET_NCHW16C;
}

void nonet_fc_plan(nonet_plan *plan)
{
    plan->weight_floats = groups_of(plan) * NONET_L * (size_t)plan->kb * NONET_L;
    plan->shared_floats = in_place(plan) ? 0 : groups_of(plan) * NONET_L * (size_t)plan->p.n;
    plan->thread_floats = (size_t)plan->p.n * (size_t)plan->nr;
    plan->tap[0] = 0;           /* the matrix nest sees one tap and groups as channel blocks */
}

/* x[group][image][16] */
static void gather(const nonet_plan *plan, const float *src, float *x)
{
    const nonet_conv *p = &plan->p;
    nonet_view in = { p->src_layout, p->c, p->h, p->w };
#pragma omp parallel for num_threads(plan->threads) if (plan->threads > 1 && plan->shared_floats > 65536)
    for (int cb = 0; cb < plan->cb; cb++)
        for (int t = 0; t < plan->taps; t++)
            for (int n = 0; n < p->n; n++) {
                size_t group = (size_t)cb * (size_t)plan->taps + (size_t)t;
                nonet_gather_row(&in, src, n, cb, t / p->w, t % p->w, 1, x + (group * (size_t)p->n + (size_t)n) * NONET_L);
            }
}

static void vector_call(const nonet_plan *plan, const nonet_weights *weights, const float *x, int q, float *out)
{
    size_t at = (size_t)q * (size_t)plan->nr;
    plan->multiply->fn.fc_vector(x, weights->data + at * groups_of(plan) * NONET_L, weights->bias + at, out, groups_of(plan),
                                 fresh_groups(plan), nonet_kblocks(plan, q), plan->p.relu ? NONET_RELU : 0);
}

/* out[image][16*kblocks] of multiply call q. */
static void matrix_call(const nonet_plan *plan, const nonet_weights *weights, const float *x, int q, float *out)
{
    int images = plan->p.n, mr = plan->multiply->mr, runs = nonet_ceil_div(images, mr), kblocks = nonet_kblocks(plan, q);
    size_t at = (size_t)q * (size_t)plan->nr;
    nonet_direct_args a = {
        .w = weights->data + at * groups_of(plan) * NONET_L,
        .bias = weights->bias + at,
        .tap = plan->tap,
        .x_cblock = (size_t)images * NONET_L,
        .out_pixel = (size_t)kblocks * NONET_L,
        .out_kblock = NONET_L,
        .cblocks = (int)groups_of(plan),
        .taps = 1,
        .fresh = (int)fresh_groups(plan),
        .kblocks = kblocks,
        .flags = plan->p.relu ? NONET_RELU : 0,
    };
    for (int i = 0, n = 0; i < runs; i++, n += a.m) {
        a.m = (images - n) / (runs - i);
        a.x = x + (size_t)n * NONET_L;
        a.out = out + (size_t)n * a.out_pixel;
        plan->multiply->fn.direct(&a);
    }
}

static void deliver(const nonet_plan *plan, int q, const float *out, float *dst)
{
    nonet_view view = { plan->p.dst_layout, plan->p.k, 1, 1 };
    int kblocks = nonet_kblocks(plan, q);
    for (int n = 0; n < plan->p.n; n++)
        for (int b = 0; b < kblocks; b++)
            nonet_scatter_row(&view, dst, n, q * (plan->nr / NONET_L) + b, 0, 0, 1, out + ((size_t)n * (size_t)kblocks + (size_t)b) * NONET_L);
}

void nonet_fc_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work)
{
    const float *x = src;
    if (!in_place(plan)) {
        gather(plan, src, work);
        x = work;
    }
#pragma omp parallel for schedule(static) num_threads(plan->threads) if (plan->threads > 1)
    for (int q = 0; q < plan->kq; q++) {
        float *out = work + plan->shared_floats + (size_t)omp_get_thread_num() * plan->thread_floats;
        if (plan->nest == NEST_FC_VECTOR)
            vector_call(plan, weights, x, q, out);
        else
            matrix_call(plan, weights, x, q, out);
        deliver(plan, q, out, dst);
    }
}
