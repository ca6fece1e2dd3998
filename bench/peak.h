/* peak.h - what this machine can do: FMA peak, read and copy bandwidth, measured. */
#ifndef NONET_BENCH_PEAK_H
#define NONET_BENCH_PEAK_H

#include "nonet.h"

typedef struct bench_peak {
    double fma_gflops;          /* 2 x multiply-adds a second of all threads, from registers; in 1e9 */
    double read_gbps;           /* bytes a second of all threads, from a buffer far larger than the caches; in 1e9 */
    double copy_gbps;           /* the same for copying: bytes read and bytes written together; in 1e9 */
} bench_peak;

/* Best of several short runs with `threads` OpenMP threads (as they are pinned now). isa: one this machine supports.
 * caches: bytes of all last caches that these threads have together, 0 if unknown: each thread reads a share of the buffer, and
 * the share has to be larger than its cache. 0 when there is no memory. Takes about half a second. */
int bench_peak_measure(nonet_isa isa, int threads, size_t caches, bench_peak *peak);
/* fma_gflops alone, and read_gbps of a buffer of `bytes`, which may fit a cache; 0 when there is no memory. */
double bench_fma_gflops(nonet_isa isa, int threads);
double bench_read_gbps(nonet_isa isa, int threads, size_t bytes);

#endif
