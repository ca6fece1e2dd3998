/* threads.h - the threads of a process, and whether they compute. */
#ifndef NONET_BENCH_PEERS_THREADS_H
#define NONET_BENCH_PEERS_THREADS_H

#include "bench/watch.h"

enum { POOL_THREADS = 512 };    /* of a process, at most; more are not seen */

/* The ids of a process's threads; how many. 0 where /proc does not tell. */
int bench_thread_ids(int process, int id[POOL_THREADS]);
/* Threads of this process, without the caller, and of its helpers that run or want to run now. */
int bench_running_threads(const bench_helpers *helpers);

#endif
