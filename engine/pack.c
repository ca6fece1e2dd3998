/* pack.c - weights into the order in which the multiply kernels read them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "engine/plan.h"

enum { HUGE_PAGE = 2 << 20 };

/* Weights are a stream: large ones ask for huge pages. */
static float *alloc_floats(size_t floats)
{
    size_t bytes = floats * sizeof(float), align = bytes >= HUGE_PAGE ? HUGE_PAGE : NONET_ALIGNMENT;
    void *p = NULL;
    if (posix_memalign(&p, align, bytes))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE)
        madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

/* The range of output channels that is being packed. */
typedef struct pack_part {
    const nonet_plan *plan;
    const float *oihw;          /* of channel `first` */
    int first, count;
} pack_part;

/* to[j] = weight (k + j, c, tap), j < width; zeros in the padding. */
static void gather_outputs(const pack_part *part, int k, int width, int c, int tap, float *to)
{
    const nonet_conv *p = &part->plan->p;
    size_t kernel = (size_t)(p->r * p->s), step = (size_t)p->c * kernel;
    int have = c < p->c ? part->first + part->count - k : 0;
    have = have < width ? have : width;
    for (int j = 0; j < have; j++)
        to[j] = part->oihw[(size_t)(k - part->first + j) * step + (size_t)c * kernel + (size_t)tap];
    for (int j = have > 0 ? have : 0; j < width; j++)
        to[j] = 0;
}

/* [c/16][tap][16][width]: DIRECT and both FC nests. */
static void pack_direct(const pack_part *part, int q, float *to)
{
    const nonet_plan *plan = part->plan;
    int width = nonet_kblocks(plan, q) * NONET_L;
    for (int cb = 0; cb < plan->cb; cb++)
        for (int tap = 0; tap < plan->taps; tap++)
            for (int c = 0; c < NONET_L; c++, to += width)
                gather_outputs(part, q * plan->nr, width, cb * NONET_L + c, tap, to);
}

/* [c][tap][width] */
static void pack_ic(const pack_part *part, int q, float *to)
{
    const nonet_plan *plan = part->plan;
    int width = nonet_kblocks(plan, q) * NONET_L;
    for (int c = 0; c < plan->p.c; c++)
        for (int tap = 0; tap < 9; tap++, to += width)
            gather_outputs(part, q * plan->nr, width, c, tap, to);
}

/* [point][c][width], each column through the filter transform. */
static void pack_winograd(const pack_part *part, int q, float *to)
{
    const nonet_plan *plan = part->plan;
    int kblocks = nonet_kblocks(plan, q), width = kblocks * NONET_L, channels = plan->cb * NONET_L;
    size_t u_xi = (size_t)channels * (size_t)width;
    float g[9 * NONET_L];
    for (int c = 0; c < channels; c++)
        for (int b = 0; b < kblocks; b++) {
            for (int tap = 0; tap < 9; tap++)
                gather_outputs(part, q * plan->nr + b * NONET_L, NONET_L, c, tap, g + tap * NONET_L);
            plan->filter->fn.wino_filter(g, to + (size_t)c * (size_t)width + (size_t)b * NONET_L, u_xi);
        }
}

static void pack_call(const pack_part *part, int q, float *data)
{
    const nonet_plan *plan = part->plan;
    int wino = plan->nest == NEST_WINOGRAD;
    size_t inputs = (size_t)(wino ? plan->wino.points : plan->taps) * (plan->nest == NEST_IC ? 1 : (size_t)plan->cb * NONET_L);
    float *to = data + (size_t)q * inputs * (size_t)plan->nr;
    if (wino)
        pack_winograd(part, q, to);
    else if (plan->nest == NEST_IC)
        pack_ic(part, q, to);
    else
        pack_direct(part, q, to);
}

nonet_status nonet_weights_alloc(nonet_weights **out, const nonet_plan *plan)
{
    if (!out || !plan)
        return NONET_BAD_ARGUMENT;
    *out = NULL;
    size_t biases = (size_t)plan->kb * NONET_L, floats = plan->weight_floats + biases;
    nonet_weights *w = calloc(1, sizeof *w);
    float *data = w ? alloc_floats(floats) : NULL;
    if (!data) {
        free(w);
        return NONET_NO_MEMORY;
    }
    memset(data + plan->weight_floats, 0, biases * sizeof *data);
    *w = (nonet_weights){ plan->packing, floats * sizeof *data, data + plan->weight_floats, data };
    *out = w;
    return NONET_OK;
}

nonet_status nonet_weights_fill(nonet_weights *weights, const nonet_plan *plan, int first, int count, const float *oihw, const float *bias)
{
    if (!weights || !plan || !oihw || first < 0 || count < 1 || first % NONET_PACK_STEP || count > plan->p.k - first ||
        ((first + count) % NONET_PACK_STEP && first + count != plan->p.k))
        return NONET_BAD_ARGUMENT;
    if (!nonet_packing_equal(&plan->packing, &weights->packing))
        return NONET_MISMATCH;
    pack_part part = { plan, oihw, first, count };
    int q0 = first / plan->nr, q1 = nonet_ceil_div(first + count, plan->nr);
#pragma omp parallel for schedule(dynamic, 1) num_threads(plan->threads) if (plan->threads > 1)
    for (int q = q0; q < q1; q++)
        pack_call(&part, q, weights->data);
    if (bias)
        memcpy(weights->data + plan->weight_floats + first, bias, (size_t)count * sizeof *bias);
    return NONET_OK;
}

nonet_status nonet_weights_pack(nonet_weights **out, const nonet_plan *plan, const float *oihw, const float *bias)
{
    if (!oihw)
        return NONET_BAD_ARGUMENT;
    nonet_status status = nonet_weights_alloc(out, plan);
    return status == NONET_OK ? nonet_weights_fill(*out, plan, 0, plan->p.k, oihw, bias) : status;
}

void nonet_weights_destroy(nonet_weights *weights)
{
    if (weights)
        free(weights->data);
    free(weights);
}
