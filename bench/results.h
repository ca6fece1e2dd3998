/* results.h - files that `nonet bench --json` wrote, read back; other Google Benchmark files too, as far as they go. */
#ifndef NONET_BENCH_RESULTS_H
#define NONET_BENCH_RESULTS_H

#include "nonet_vgg.h"

/* Texts are never NULL; numbers that the file does not tell are 0. */
typedef struct results_row {
    const char *name, *shape, *algorithm, *kernel;
    const char *limit;          /* "arithmetic", "memory", or "" */
    int threads;
    int sum;                    /* convolutions, fc or total: made of other rows */
    double *samples;            /* seconds, as they were taken; NULL when the file has but one figure */
    int count;
    double median, low, high;   /* seconds; low to high is the 95 % interval, or median twice */
    double gflops;              /* two for each multiply-add of a direct convolution, in 1e9 a second */
    double executed;            /* of the algorithm that ran */
    double bytes;               /* moved in one run, at least: input, output and weights as they are multiplied */
    double bound;               /* seconds, the least at the measured peaks */
    double bound_fraction;
    int peer;                   /* another library's: algorithm is its name, and the four below are told */
    const char *implementation;
    double over_ours, difference, difference_bound;
} results_row;

typedef struct results {
    const char *path;           /* the caller's */
    const char *cpu, *isa;      /* "" if unknown */
    int threads;
    double peak, read;          /* measured: GFLOP/s and GB/s */
    int disturbed;
    double lost;                /* share of the machine that others had meanwhile; 0 in a run that was not disturbed */
    results_row *rows;          /* ours, count of them; behind them those of other libraries */
    int count, peers;
    struct results_entry *environment;  /* the context, flat, in the file's order */
    int entries;
    void *tree;                 /* what texts point into */
} results;

/* A key and its value as text: "caches" -> "L1 Data 32 KiB, ...". */
typedef struct results_entry {
    char key[64];
    char value[960];
} results_entry;

/* Rows of the same name and number of threads are repetitions of one measurement and become one row; aggregates and rows that
 * failed are left out. Anything that is no such file is refused with a sentence. */
nonet_vgg_status results_load(results *r, const char *path, nonet_vgg_error *err);
void results_free(results *r);
/* The text of a key of the environment, or "". */
const char *results_value(const results *r, const char *key);
/* Our row of this name; the one with so many threads if there are several. NULL if there is none. */
const results_row *results_find(const results *r, const char *name, int threads);

#endif
