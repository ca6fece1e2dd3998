/* rest.h - does anyone compute besides the caller? */
#ifndef NONET_BENCH_PEERS_REST_H
#define NONET_BENCH_PEERS_REST_H

#include "bench/watch.h"

/* Threads of this process, without the caller, and of its helpers that run or want to run now. 0 where /proc does not tell. */
int bench_running_threads(const bench_helpers *helpers);

#endif
