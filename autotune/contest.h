/* contest.h - one problem with its data, and the plans that compute it: their bits are compared, then their times. */
#ifndef NONET_AUTOTUNE_CONTEST_H
#define NONET_AUTOTUNE_CONTEST_H

#include "bench/cold.h"
#include "bench/stats.h"
#include "engine/choose.h"

enum { CONTEST_MOST = 24 };

typedef struct contender {
    nonet_plan *plan;
    nonet_weights *weights;     /* shared by all whose packing is the same */
    float *workspace;
    long runs;                  /* of a warm sample */
    bench_series cold, warm;    /* seconds of a run: weights in memory, as in a network; weights where the run before left them */
    int out;                    /* no longer measured */
} contender;

typedef struct contest {
    nonet_conv p;
    nonet_options options;
    float *src, *dst, *expected, *oihw, *bias;
    size_t dst_floats;
    int stands;                 /* the contender whose output is in `expected` */
    bench_broom broom;
    contender *contenders;      /* CONTEST_MOST */
    int count;
    int streaming;              /* the weights are far larger than the caches: cold and warm are one */
    int cold_only;              /* no warm samples for now */
} contest;

/* Makes the data. Close it whatever the status. */
nonet_status contest_open(contest *c, const nonet_conv *p, const nonet_options *options, size_t last_cache);
void contest_close(contest *c);
/* Adds the plan of a choice (NULL: the default) as number count-1, and runs it once. *fits: it gave the bits of the first plan of
 * its algorithm; where not, it is out. The first of an algorithm is compared with portable C, on a part of the problem if it is
 * large. */
nonet_status contest_add(contest *c, const nonet_choice *choice, int *fits);
/* A sample of each that is in, beginning with number `first`. 0: no memory, or the deadline (bench_now) came first. */
int contest_round(contest *c, int first, double deadline);
/* Forgets all samples. */
void contest_forget(contest *c);
/* The median in microseconds; 0 without samples. */
double contest_median_us(const bench_series *series);

#endif
