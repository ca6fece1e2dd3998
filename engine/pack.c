/* pack.c - weights into the order in which the multiply kernels read them. */
#include <string.h>
#include "engine/plan.h"
#include "engine/transpose.h"

/* The range of output channels that is being packed. */
typedef struct pack_part {
    const nonet_plan *plan;
    const float *oihw;          /* of channel `first` */
    int first, count;
} pack_part;

/* Sixteen output channels from k on, in OIHW at channel c: a row of each. */
typedef struct pack_rows {
    const float *from;
    size_t step;                /* floats from one to the next */
    int have;                   /* those that are there: 0..16 */
} pack_rows;

static pack_rows rows_at(const pack_part *part, int k, int c)
{
    const nonet_conv *p = &part->plan->p;
    size_t kernel = (size_t)(p->r * p->s), step = (size_t)p->c * kernel;
    int left = part->first + part->count - k, have = left < 0 ? 0 : left < NONET_L ? left : NONET_L;
    return (pack_rows){ have ? part->oihw + (size_t)(k - part->first) * step + (size_t)c * kernel : part->oihw, step, have };
}

/* Sixteen weights of each row from s on, of `length` that there are: 16 rows of them, zeros for what is not there. */
static void take_rows(const pack_rows *rows, int s, int length, float tile[NONET_L * NONET_L])
{
    int there = length > s ? length - s : 0;
    nonet_transpose16(there ? rows->from + s : rows->from, rows->step, rows->have, there, tile);
}

/* Channels of block cb that are there. */
static int channels_in(const nonet_plan *plan, int cb)
{
    int left = plan->p.c - cb * NONET_L;
    return left < NONET_L ? left : NONET_L;
}

/* Row c*taps + tap of a channel block becomes row tap*16 + c, `width` weights apart. */
static void put_row(const nonet_plan *plan, int row, const float *from, float *to, size_t width)
{
    size_t at = (size_t)(row % plan->taps * NONET_L + row / plan->taps) * width;
    if (plan->bf16)
        nonet_bf16_round16(from, (uint16_t *)(void *)to + at);
    else
        memcpy(to + at, from, NONET_L * sizeof *from);
}

/* 16 output channels by a channel block: OIHW has the block's channels and taps in one piece. */
static void pack_block(const pack_part *part, int k, int cb, float *to, size_t width)
{
    const nonet_plan *plan = part->plan;
    pack_rows rows = rows_at(part, k, cb * NONET_L);
    int length = channels_in(plan, cb) * plan->taps;
    float tile[NONET_L * NONET_L];
    for (int s = 0; s < NONET_L * plan->taps; s += NONET_L) {
        take_rows(&rows, s, length, tile);
        for (int i = 0; i < NONET_L; i++)
            put_row(plan, s + i, tile + i * NONET_L, to, width);
    }
}

/* [c/16][tap][16][width]: DIRECT and both FC nests. */
static void pack_direct(const pack_part *part, int q, float *data)
{
    const nonet_plan *plan = part->plan;
    int kblocks = nonet_kblocks(plan, q), shift = plan->bf16;   /* bf16: half the floats */
    size_t width = (size_t)kblocks * NONET_L, block = (size_t)plan->taps * NONET_L * width;
    float *to = data + ((size_t)q * (size_t)plan->nr * (size_t)plan->cb * NONET_L * (size_t)plan->taps >> shift);
    for (int cb = 0; cb < plan->cb; cb++)
        for (int b = 0; b < kblocks; b++)
            pack_block(part, q * plan->nr + b * NONET_L, cb, to + (((size_t)cb * block + (size_t)b * NONET_L) >> shift), width);
}

/* [c][tap][width] */
static void pack_ic(const pack_part *part, int q, float *data)
{
    const nonet_plan *plan = part->plan;
    int kblocks = nonet_kblocks(plan, q), length = plan->taps;
    size_t width = (size_t)kblocks * NONET_L;
    float *to = data + (size_t)q * (size_t)length * (size_t)plan->nr, tile[NONET_L * NONET_L];
    for (int b = 0; b < kblocks; b++) {
        pack_rows rows = rows_at(part, q * plan->nr + b * NONET_L, 0);
        for (int s = 0; s < length; s += NONET_L) {
            take_rows(&rows, s, length, tile);
            for (int i = 0; i < NONET_L && s + i < length; i++)
                memcpy(to + (size_t)(s + i) * width + (size_t)b * NONET_L, tile + i * NONET_L, NONET_L * sizeof *tile);
        }
    }
}

enum { COLUMN = NONET_TAPS * NONET_L };         /* floats of a 3x3 filter of 16 output channels */

/* The filters of a channel block for block b of 16 outputs: [16][9][16]. */
static void filters_of(const pack_part *part, int k, int cb, float g[NONET_L * COLUMN])
{
    pack_rows rows = rows_at(part, k, cb * NONET_L);
    int length = channels_in(part->plan, cb) * NONET_TAPS;
    for (int s = 0; s < COLUMN; s += NONET_L)
        take_rows(&rows, s, length, g + s * NONET_L);
}

/* [point][c][width], each column through the filter transform; expanded: [c][width/16][9][16], as they are. */
static void pack_winograd(const pack_part *part, int q, float *data)
{
    const nonet_plan *plan = part->plan;
    int kblocks = nonet_kblocks(plan, q), expanded = plan->packing.expanded;
    size_t width = (size_t)kblocks * NONET_L, inputs = (size_t)plan->cb * NONET_L;
    size_t taps = (size_t)(expanded ? NONET_TAPS : plan->wino.points);
    float *to = data + (size_t)q * taps * inputs * (size_t)plan->nr, g[NONET_L * COLUMN];
    for (int cb = 0; cb < plan->cb; cb++)
        for (int b = 0; b < kblocks; b++) {
            filters_of(part, q * plan->nr + b * NONET_L, cb, g);
            for (int c = 0; c < NONET_L; c++) {
                size_t column = (size_t)(cb * NONET_L + c) * width + (size_t)b * NONET_L;
                if (expanded)
                    memcpy(to + column * NONET_TAPS, g + c * COLUMN, COLUMN * sizeof *g);
                else
                    plan->filter->fn.wino_filter(g + c * COLUMN, to + column, inputs * width);
            }
        }
}

static void pack_call(const pack_part *part, int q, float *data)
{
    if (part->plan->nest == NEST_WINOGRAD)
        pack_winograd(part, q, data);
    else if (part->plan->nest == NEST_IC)
        pack_ic(part, q, data);
    else
        pack_direct(part, q, data);
}

nonet_status nonet_weights_fill(nonet_weights *weights, const nonet_plan *plan, int first, int count, const float *oihw,
                                const float *bias)
{
    if (!weights || !plan || !oihw || first < 0 || count < 1 || first % NONET_PACK_STEP || count > plan->p.k - first ||
        ((first + count) % NONET_PACK_STEP && first + count != plan->p.k))
        return NONET_BAD_ARGUMENT;
    if (!nonet_packing_equal(&plan->packing, &weights->packing))
        return NONET_MISMATCH;
    if (!weights->block)        /* imported ones stand in memory that is not ours */
        return NONET_BAD_ARGUMENT;
    pack_part part = { plan, oihw, first, count };
    float *data = weights->block + (weights->data - weights->block);
    int q0 = first / plan->nr, q1 = nonet_ceil_div(first + count, plan->nr);
#pragma omp parallel for schedule(dynamic, 1) num_threads(plan->threads) if (plan->threads > 1)
    for (int q = q0; q < q1; q++)
        pack_call(&part, q, data);
    if (bias)
        memcpy(data + plan->weight_floats + first, bias, (size_t)count * sizeof *bias);
    return NONET_OK;
}

nonet_status nonet_weights_pack(nonet_weights **out, const nonet_plan *plan, const float *oihw, const float *bias)
{
    if (!oihw)
        return NONET_BAD_ARGUMENT;
    nonet_status status = nonet_weights_alloc(out, plan);
    return status == NONET_OK ? nonet_weights_fill(*out, plan, 0, plan->p.k, oihw, bias) : status;
}
