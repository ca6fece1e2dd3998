/* phases.h - where the time of a Winograd layer goes. */
#ifndef NONET_BENCH_PHASES_H
#define NONET_BENCH_PHASES_H

#include "nonet.h"

/* Seconds of one run, the mean of the threads. Waiting for other threads is in none of them. */
typedef struct bench_phase_times {
    double in, multiply, out;
} bench_phase_times;

/* Runs the three kinds of kernels of this plan over its shapes and blocks, outside the plan's own loops (which must not carry
 * clocks), for about `seconds` and at least three times; the least of each counts. Data are made up. Maps are
 * padded to whole tiles, so the copying of tiles at the edges is left out. 0 when there is no memory. Zeros if the plan's
 * algorithm is not Winograd's. */
int bench_phases(const nonet_plan *plan, double seconds, bench_phase_times *times);

#endif
