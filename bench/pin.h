/* pin.h - one CPU a thread, so that a measurement does not wander. */
#ifndef NONET_BENCH_PIN_H
#define NONET_BENCH_PIN_H

#include <sched.h>
#include <stddef.h>

enum { PIN_TEXT = 6 * CPU_SETSIZE };    /* as many numbers as there can be CPUs, if none follows the one before */

typedef struct bench_pin {
    cpu_set_t before;           /* the calling thread's set, to go back to */
    int threads;                /* that are pinned now; 0: none */
    int lost;                   /* the OpenMP runtime replaced threads, so pinning was given up */
    char cpus[PIN_TEXT];        /* "0-63,128-191": the CPU each thread really got, in the order of threads */
} bench_pin;

/* Ties OpenMP thread i of a team of `threads` to the i-th CPU that the process may use. Does nothing (pin->threads = 0) if there
 * are fewer CPUs than threads. A pinned process seems to have one CPU: create plans before this, not after. */
void bench_pin_threads(bench_pin *pin, int threads);
/* Every thread may again run where it might before. */
void bench_unpin_threads(bench_pin *pin);
/* Runtimes may end and restart threads when teams change size; new ones would all share the first CPU. If that has happened the
 * pinning is taken back and pin->lost set. */
void bench_pin_check(bench_pin *pin);
/* Where the threads of a team may run now: the CPUs they are tied to, or else all of the process's. */
void bench_pin_set(const bench_pin *pin, cpu_set_t *cpus);
/* "0-2,7,4": numbers in their order; those that follow one another as a range. */
void bench_cpu_list(const int *cpus, int count, char *text, size_t size);
/* The CPU that each thread of a team runs on at this moment, pinned or not. */
void bench_pin_where(int threads, char *text, size_t size);

#endif
