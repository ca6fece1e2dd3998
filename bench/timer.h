/* timer.h - clocks, in seconds. */
#ifndef NONET_BENCH_TIMER_H
#define NONET_BENCH_TIMER_H

double bench_now(void);         /* monotonic, from an arbitrary start */
double bench_cpu_time(void);    /* of all threads of this process */

#endif
