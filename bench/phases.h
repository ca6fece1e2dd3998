/* phases.h - where the time of a Winograd layer goes. */
#ifndef NONET_BENCH_PHASES_H
#define NONET_BENCH_PHASES_H

#include "nonet.h"

/* Seconds of one run, the mean of the threads. Waiting for other threads is in none of them. */
typedef struct bench_phase_times {
    double in, multiply, out;
} bench_phase_times;

/* Runs this plan with random weights and a random input for about `seconds`, at least three times, with clocks between its input
 * transforms, multiplies (those of expanded weights include the filter transform) and output transforms; the least of each counts.
 * 0 when there is no memory. Zeros if the plan's algorithm is not Winograd's. */
int bench_phases(const nonet_plan *plan, double seconds, bench_phase_times *times);

#endif
