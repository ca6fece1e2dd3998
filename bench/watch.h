/* watch.h - was the machine ours while it was measured? */
#ifndef NONET_BENCH_WATCH_H
#define NONET_BENCH_WATCH_H

#include <sched.h>
#include "bench/peak.h"

/* Counters at one moment. What this system does not tell is zero, or -1 where zero would mean something. */
typedef struct bench_watch {
    double seconds;             /* the clock */
    double busy, steal;         /* CPU seconds of the whole machine since it started */
    double own;                 /* CPU seconds of this process and those that work for it */
    double ours;                /* seconds of our own samples, without the peers' */
    long switches;              /* times in them that a CPU was taken away from a thread of this process, a peer's idle one too */
    long throttled;             /* times that a CPU or its package became too hot, or that the cgroup's quota was used up */
} bench_watch;

/* Processes that compute for this one: peers that are no libraries. */
enum { WATCH_HELPERS = 16 };
typedef struct bench_helpers {
    int count, pid[WATCH_HELPERS];
} bench_helpers;

/* CPU seconds of this process, of these, and of its children that are over: who ends meanwhile is counted as the latter. */
double bench_own_cpu(const bench_helpers *helpers);
/* All but ours and switches. cpus: where the threads run. */
void bench_watch_read(bench_watch *watch, const bench_helpers *helpers, const cpu_set_t *cpus);
/* What `throttled` counts: of these CPUs and their packages, and of the process's cgroup and those above it. root is put before
 * /proc and /sys: "" is this system. */
long bench_throttled(const char *root, const cpu_set_t *cpus);
/* sum += now - start */
void bench_watch_add(bench_watch *sum, const bench_watch *start, const bench_watch *now);

/* A sample of our own; its end adds ours and switches to sum. */
typedef struct bench_turn {
    double start;
    long switches;              /* until then */
} bench_turn;
bench_turn bench_turn_begin(void);
void bench_turn_end(const bench_turn *turn, bench_watch *sum);

/* The first line of /proc/stat: fills busy and steal. 0 if it is not that. */
int bench_watch_parse(const char *line, double ticks, bench_watch *watch);

/* Cycles a second of the calling thread's CPU in MHz, by a chain of instructions that take one cycle each. A few milliseconds. */
double bench_clock_mhz(void);

enum { WATCH_REASONS = 8 };
typedef struct bench_verdict {
    int count;                  /* reasons to distrust the run */
    char reason[WATCH_REASONS][112];
} bench_verdict;

typedef struct bench_evidence {
    bench_watch sum;            /* of everything that was measured */
    int threads;
    bench_peak before, after;
    double mhz_before, mhz_after;
} bench_evidence;

/* The limits are in docs/BENCHMARKING.md. */
void bench_judge(const bench_evidence *evidence, bench_verdict *verdict);

#endif
