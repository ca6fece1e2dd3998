/* cold.h - puts data out of the caches before a sample. */
#ifndef NONET_BENCH_COLD_H
#define NONET_BENCH_COLD_H

#include <stddef.h>

typedef enum bench_cold { BENCH_WARM, BENCH_COLD_WEIGHTS, BENCH_COLD_ALL } bench_cold;

const char *bench_cold_name(bench_cold cold);    /* "warm caches", "cold weights", "cold caches" */

/* A buffer that is larger than the caches. */
typedef struct bench_broom {
    float *buffer;
    size_t floats;
    int threads;
    float sum;                  /* keeps the reads from being left out */
} bench_broom;

/* last_cache: bytes of the largest cache, 0 if unknown. 0 when there is no memory. */
int bench_broom_open(bench_broom *broom, size_t last_cache, int threads);
void bench_broom_close(bench_broom *broom);
/* 1 where bench_sweep_range needs no buffer, so that a broom of zeros will do. */
int bench_sweeps_by_line(void);
/* Everything: each thread of the team reads the whole buffer, so that its own caches are emptied too. */
void bench_sweep_all(bench_broom *broom);
/* These bytes alone, cache line by cache line; everything where the CPU has no instruction for it that a program may use. */
void bench_sweep_range(bench_broom *broom, const void *data, size_t bytes);

#endif
