/* fc.c - fully connected layers: a convolution whose kernel is the whole map. One image is a stream of weights (FC_VECTOR); a
 * batch is a matrix product whose pixels are images (FC_MATRIX). Both share the packed weights and the order of sums. */
#include <omp.h>
#include <string.h>
#include "engine/plan.h"
#include "engine/share.h"
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

/* Weights of a call before group g. */
static size_t weights_before(const nonet_plan *plan, int q, size_t g)
{
    return ((size_t)q * (size_t)plan->nr * groups_of(plan) + g * (size_t)nonet_kblocks(plan, q) * NONET_L) * NONET_L;
}

/* Whole sums whose f32 weights fit into half of a small L2 cache; one at least. Images that one call of the kernel takes need no
 * chunks, unless their weights have to be made. */
static int chunk_of(const nonet_plan *plan)
{
    enum { CACHE_FLOATS = (128 << 10) / sizeof(float) };
    size_t sum = plan->fresh ? fresh_groups(plan) : 1, fit = (size_t)CACHE_FLOATS / ((size_t)plan->nr * NONET_L) / sum;
    if (!plan->bf16 && plan->p.n <= plan->multiply->mr)
        return (int)groups_of(plan);
    return (int)(sum * (fit ? fit : 1));
}

/* Of the shares, which stand before what else the threads share. */
static size_t note_floats(const nonet_plan *plan)
{
    return (size_t)plan->threads * sizeof(nonet_share) / sizeof(float);
}

void nonet_fc_plan(nonet_plan *plan)
{
    int matrix = plan->nest == NEST_FC_MATRIX;
    plan->weight_floats = groups_of(plan) * NONET_L * (size_t)plan->kb * NONET_L >> plan->bf16;
    plan->shared_floats = note_floats(plan) + (in_place(plan) ? 0 : groups_of(plan) * NONET_L * (size_t)plan->p.n);
    plan->thread_floats = (size_t)plan->p.n * (size_t)plan->nr;
    plan->chunk = matrix ? chunk_of(plan) : 0;
    if (matrix && plan->bf16)
        plan->thread_floats += (size_t)plan->chunk * NONET_L * (size_t)plan->nr;
    plan->tap[0] = 0;           /* the matrix nest sees one tap and groups as channel blocks */
}

enum { WORTH_THREADS = 65536 };     /* floats to gather: fewer are copied in the time that threads take to start */

/* x[group][image][16] */
static void gather(const nonet_plan *plan, const float *src, float *x)
{
    const nonet_conv *p = &plan->p;
    nonet_view in = { p->src_layout, p->c, p->h, p->w };
    size_t floats = groups_of(plan) * NONET_L * (size_t)p->n;
#pragma omp parallel for num_threads(plan->threads) if (plan->threads > 1 && floats > WORTH_THREADS)
    for (int cb = 0; cb < plan->cb; cb++)
        for (int t = 0; t < plan->taps; t++)
            for (int n = 0; n < p->n; n++) {
                size_t group = (size_t)cb * (size_t)plan->taps + (size_t)t;
                nonet_gather_row(&in, src, n, cb, t / p->w, t % p->w, 1, x + (group * (size_t)p->n + (size_t)n) * NONET_L);
            }
}

static void vector_call(const nonet_plan *plan, const nonet_weights *weights, const float *x, int q, float *out)
{
    const float *bias = weights->bias + (size_t)q * (size_t)plan->nr, *w = weights->data;
    size_t before = weights_before(plan, q, 0), groups = groups_of(plan), fresh = fresh_groups(plan);
    unsigned flags = plan->p.relu ? NONET_RELU : 0;
    int kblocks = nonet_kblocks(plan, q);
    if (plan->bf16)
        plan->multiply->fn.fc_vector_bf16(x, (const uint16_t *)(const void *)w + before, bias, out, groups, fresh, kblocks,
                                           flags);
    else
        plan->multiply->fn.fc_vector(x, w + before, bias, out, groups, fresh, kblocks, flags);
}

/* The f32 whose upper halves are the weights: the matrix kernel then gives the bits that the vector kernel gives. */
static void expand(const uint16_t *from, float *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}

/* The weights of `count` groups from g on, as f32. room: for a chunk, where they have to be made. */
static const float *chunk_weights(const nonet_plan *plan, const nonet_weights *weights, int q, size_t g, size_t count,
                                  float *room)
{
    size_t at = weights_before(plan, q, g);
    if (!plan->bf16)
        return weights->data + at;
    expand((const uint16_t *)(const void *)weights->data + at, room, count * NONET_L * (size_t)nonet_kblocks(plan, q) * NONET_L);
    return room;
}

/* All images over one chunk of the inputs. */
static void run_images(const nonet_plan *plan, nonet_direct_args *a, const float *x, float *out)
{
    int images = plan->p.n, runs = nonet_ceil_div(images, plan->multiply->mr);
    for (int i = 0, n = 0; i < runs; i++, n += a->m) {
        a->m = (images - n) / (runs - i);
        a->x = x + (size_t)n * NONET_L;
        a->out = out + (size_t)n * a->out_pixel;
        plan->multiply->fn.direct(a);
    }
}

/* out[image][16*kblocks] of multiply call q; behind out stands the room for a chunk of weights. Chunks are whole sums, or pieces
 * of the one chain of a 3x3 kernel: their bits are those of a single call. */
static void matrix_call(const nonet_plan *plan, const nonet_weights *weights, const float *x, int q, float *out)
{
    size_t groups = groups_of(plan), chunk = (size_t)plan->chunk, row = (size_t)plan->p.n * NONET_L;
    int kblocks = nonet_kblocks(plan, q);
    nonet_direct_args a = {
        .bias = weights->bias + (size_t)q * (size_t)plan->nr,
        .tap = plan->tap,
        .x_cblock = row,
        .out_pixel = (size_t)kblocks * NONET_L,
        .out_kblock = NONET_L,
        .taps = 1,
        .fresh = plan->fresh ? (int)fresh_groups(plan) : 0,
        .kblocks = kblocks,
    };
    for (size_t g = 0; g < groups; g += chunk) {
        size_t count = groups - g < chunk ? groups - g : chunk;
        a.w = chunk_weights(plan, weights, q, g, count, out + (size_t)plan->p.n * (size_t)plan->nr);
        a.cblocks = (int)count;
        a.flags = (plan->p.relu ? NONET_RELU : 0u) | (g > 0 ? NONET_CONTINUE : 0u) | (g + count < groups ? NONET_PARTIAL : 0u);
        run_images(plan, &a, x + g * row, out);
    }
}

static void deliver(const nonet_plan *plan, int q, const float *out, float *dst)
{
    nonet_view view = { plan->p.dst_layout, plan->p.k, 1, 1 };
    int kblocks = nonet_kblocks(plan, q);
    for (int n = 0; n < plan->p.n; n++)
        for (int b = 0; b < kblocks; b++)
            nonet_scatter_row(&view, dst, n, q * (plan->nr / NONET_L) + b, 0, 0, 1,
                              out + ((size_t)n * (size_t)kblocks + (size_t)b) * NONET_L);
}

static void run_call(const nonet_plan *plan, const nonet_weights *weights, const float *x, int q, float *out, float *dst)
{
    if (plan->nest == NEST_FC_VECTOR)
        vector_call(plan, weights, x, q, out);
    else
        matrix_call(plan, weights, x, q, out);
    deliver(plan, q, out, dst);
}

void nonet_fc_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work)
{
    const float *x = src;
    nonet_share *shares = (nonet_share *)(void *)work;
    if (!in_place(plan)) {
        float *gathered = work + note_floats(plan);
        gather(plan, src, gathered);
        x = gathered;
    }
    nonet_share_out(shares, plan->threads, plan->kq);
#pragma omp parallel num_threads(plan->threads) if (plan->threads > 1)
    {
        int thread = omp_get_thread_num();
        float *out = work + plan->shared_floats + (size_t)thread * plan->thread_floats;
        for (int q; (q = nonet_share_take(shares, plan->threads, thread, 0)) >= 0;)
            run_call(plan, weights, x, q, out, dst);
    }
}
