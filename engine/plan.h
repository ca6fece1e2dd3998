/* plan.h - what a plan and packed weights are inside. */
#ifndef NONET_ENGINE_PLAN_H
#define NONET_ENGINE_PLAN_H

#include <stddef.h>
#include "engine/choose.h"
#include "kernels/kernels.h"

enum { NONET_TAPS = 9 };        /* of a 3x3 filter */

/* How a plan is executed; the algorithm DIRECT has four loop nests. */
typedef enum nonet_nest { NEST_DIRECT, NEST_IC, NEST_FC_VECTOR, NEST_FC_MATRIX, NEST_WINOGRAD } nonet_nest;

/* What two plans must share for weights packed for one to serve the other. */
typedef struct nonet_packing {
    nonet_nest nest;            /* DIRECT stands for itself and both FC nests: they share their weights */
    nonet_algo algo;
    nonet_isa isa;
    int c, k, r, s;
    int bf16;                   /* both FC nests: weights of 16 bits */
    int expanded;               /* Winograd: the weights stand 3x3 and are transformed in a cache */
} nonet_packing;

/* Strips: DIRECT and IC copy the input rows of a few output rows, padding included, into a strip of the workspace. */
typedef struct nonet_strip_plan {
    int rows;                   /* output rows of a strip */
    int count;                  /* strips of an image */
    int in_rows, in_w;          /* input rows and pixels of a full strip */
    int cchunk;                 /* channel blocks of a multiply call: their weights stay in a cache while a band runs */
    int band;                   /* output rows that run before the next channel blocks: 1 or a pool's 2 where one call does all */
    int ksplit;                 /* groups of output channels that a strip's work is split into */
} nonet_strip_plan;

typedef struct nonet_wino_plan {
    int m, a, points;           /* output and input side of a tile; a*a */
    int ty, tx;                 /* tiles down and across an image */
    int short_y, short_x;       /* the row and column of tiles that are short (wino_tiles.h), -1 for none */
    int tiles;                  /* of the whole batch */
    int block;                  /* tiles of a block */
    int blocks;
    int by_channels;            /* the threads split a block's output channels; else they split the blocks */
    int shares_v;               /* by channels: one V for all of them; else each has its own */
    size_t v_xi, v_cblock, m_xi;    /* floats between points, sums of a point, points */
    size_t u_xi;                /* of expanded weights: between points; else 0 */
    int streams_out;            /* the output is written past the caches, if it is aligned to a line */
} nonet_wino_plan;

struct nonet_plan {
    nonet_conv p;               /* with its defaults filled in */
    nonet_choice choice;        /* what was not left to the model */
    int from_profile;           /* a profile made the choice */
    nonet_packing packing;
    nonet_nest nest;
    nonet_algo algo;
    nonet_isa isa;
    int threads;
    int oh, ow;                 /* after the convolution */
    int dh, dw;                 /* after the pool */
    int cb, kb;                 /* blocks of 16 channels */
    int bf16;                   /* weights of an FC nest in 16 bits */
    int chunk;                  /* FC_MATRIX: groups of 16 inputs whose weights stay in a cache while all images run */
    int nr, kq;                 /* output channels of a multiply call; calls that cover k */
    int taps, fresh;            /* products per channel (times c for IC); channel blocks of one sum, 0 for one sum in all */
    nonet_chain *chain;         /* Winograd: of this plan alone */
    const nonet_kernel *multiply, *filter, *in, *out, *in_short, *out_short, *pool;
    nonet_strip_plan strip;
    nonet_wino_plan wino;
    size_t shared_floats;       /* workspace of all threads together, */
    size_t thread_floats;       /* and of each one */
    size_t weight_floats;       /* without the bias, which follows: kb*16 floats */
    ptrdiff_t tap[];            /* offsets of the taps in a strip */
};

struct nonet_weights {
    nonet_packing packing;
    size_t bytes;
    const float *bias;
    const float *data;
    float *block;               /* what holds them, if it is ours to free; imported: NULL */
};

static inline int nonet_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Floats, rounded up to whole cache lines. */
static inline size_t nonet_line_floats(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Blocks of 16 channels in the multiply call q: all of NR's, fewer in the last. */
static inline int nonet_kblocks(const nonet_plan *plan, int q)
{
    int per = plan->nr / NONET_L, left = plan->kb - q * per;
    return left < per ? left : per;
}

static inline nonet_split nonet_wino_split(const nonet_plan *plan)
{
    const nonet_wino_plan *w = &plan->wino;
    return !w->by_channels ? NONET_SPLIT_TILES : w->shares_v ? NONET_SPLIT_SHARED : NONET_SPLIT_CHANNELS;
}

static inline int nonet_packing_equal(const nonet_packing *a, const nonet_packing *b)
{
    return a->nest == b->nest && a->algo == b->algo && a->isa == b->isa && a->c == b->c && a->k == b->k && a->r == b->r &&
           a->s == b->s && a->bf16 == b->bf16 && a->expanded == b->expanded;
}

/* Where the time of a Winograd layer goes, for whoever measures it: one of these for each thread, `last` the time of the start.
 * OTHER is whatever is not one of the three kinds of kernels, waiting for other threads above all. */
typedef enum nonet_wino_phase {
    NONET_WINO_IN, NONET_WINO_MULTIPLY, NONET_WINO_OUT, NONET_WINO_OTHER, NONET_WINO_PHASES
} nonet_wino_phase;
typedef struct nonet_wino_laps {
    double (*now)(void);
    double last, seconds[NONET_WINO_PHASES];
} nonet_wino_laps;

/* nonet_plan_create with a choice instead of the profile's, if there is one. */
nonet_status nonet_plan_create_as(nonet_plan **plan, const nonet_conv *problem, const nonet_options *options,
                                  const nonet_choice *choice);
/* What a plan does, in full: as the choice of another plan it gives the same one. */
nonet_choice nonet_plan_choice(const nonet_plan *plan);
/* Each nest plans its blocks and workspace, and executes. */
void nonet_direct_plan(nonet_plan *plan);
void nonet_fc_plan(nonet_plan *plan);
void nonet_wino_plan_fill(nonet_plan *plan);
void nonet_direct_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work);
/* Where rows [y0, y1) of an image go, blocked: floats between rows and between channel blocks. */
typedef struct nonet_rows {
    int n, y0, y1;
    float *out;                 /* row y0 */
    size_t row, kblock;
} nonet_rows;
/* These rows alone, of a plan of nest IC without a pool, by this thread; work: a thread's. */
void nonet_direct_rows(const nonet_plan *plan, const nonet_weights *weights, const float *src, const nonet_rows *to, float *work);
void nonet_fc_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work);
/* laps: NULL, or one for each thread. */
void nonet_wino_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work,
                        nonet_wino_laps *laps);

#endif
