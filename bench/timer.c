/* timer.c - clocks. */
#include "bench/timer.h"
#include <time.h>

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double bench_cpu_time(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
