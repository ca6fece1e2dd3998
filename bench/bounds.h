/* bounds.h - the least work a layer can be, and the least time that is. */
#ifndef NONET_BENCH_BOUNDS_H
#define NONET_BENCH_BOUNDS_H

#include "bench/cold.h"
#include "bench/peak.h"

/* Multiply-adds, with what is wasted at the edges by tiles that do not fit, without padded channels. */
typedef struct bench_work {
    double direct;              /* as a direct convolution: what GFLOP/s are counted by */
    double fewest;              /* of direct, F(2x2), F(4x4); direct where c <= 4 or another algorithm cannot compute it */
    double own;                 /* of the algorithm that runs */
    double weight_bytes;        /* of a fully connected layer's weights, without padding; 0 for a convolution */
    int n;                      /* images */
    double bytes;               /* moved at least: input, output, and the weights as the algorithm packs them, once each */
    double memory_bytes;        /* of these, what must come from memory: what the last cache cannot have kept */
} bench_work;

/* algo: the one that runs, never AUTO. A kernel that covers its whole input without padding is a fully connected layer. */
bench_work bench_work_of(const nonet_conv *problem, nonet_algo algo);
/* The same by a plan, whose weights may be bf16. problem: the plan may be for fewer images than are asked about. */
bench_work bench_work_planned(const nonet_conv *problem, const nonet_plan *plan);
/* Multiply-adds of one algorithm; 0 if it cannot compute the problem. */
double bench_macs(const nonet_conv *problem, nonet_algo algo);

/* What a run finds in the caches: decides what has to come from memory. */
typedef struct bench_residence {
    double weights, maps;       /* bytes of one run of this layer: packed weights; input and output */
    double total;               /* of all that is used between two runs of it: the whole network's, or this layer's own */
    double last_cache;          /* bytes; 0 if unknown: then everything comes from memory */
    bench_cold cold;
} bench_residence;
void bench_work_bytes(bench_work *work, const bench_residence *residence);

typedef enum bench_limit { LIMIT_NONE, LIMIT_ARITHMETIC, LIMIT_MEMORY } bench_limit;
/* The roofline: the multiply-adds that the algorithm does at the FMA peak, or memory_bytes at the read bandwidth, whichever takes
 * longer, in seconds; limit: which. */
double bench_roofline(const bench_work *work, const bench_peak *peak, bench_limit *limit);
const char *bench_limit_name(bench_limit limit);    /* "", "arithmetic", "memory" */

/* Seconds at the measured peaks. A convolution: its fewest multiply-adds. Fully connected, one image: its weights' bytes;
 * a batch: the larger of both. */
double bench_bound(const bench_work *work, const bench_peak *peak);
/* The same for the multiply-adds of the algorithm that runs. */
double bench_own_bound(const bench_work *work, const bench_peak *peak);

#endif
