/* tune.h - finds the fastest way to compute problems on this machine: enumerate, predict, verify, measure, decide. */
#ifndef NONET_AUTOTUNE_TUNE_H
#define NONET_AUTOTUNE_TUNE_H

#include "autotune/candidates.h"
#include "engine/profile.h"

typedef struct tune_problem {
    char name[80];              /* "conv3_2 conv3_3" */
    nonet_conv p;               /* defaults filled in */
    nonet_fc_weights fc;
    nonet_algo asked;           /* AUTO, or the one that computes it */
    int threads;
    int times;                  /* layers that are this problem */
} tune_problem;

typedef struct tune_settings {
    nonet_options conv;         /* instruction set and form of weights; the rest is the problem's */
    int any_algorithm;          /* others than the default's may win: other bits */
    double seconds;             /* for all problems */
} tune_settings;

typedef enum tune_reason {
    TUNE_FASTER,                /* another choice is */
    TUNE_ALONE,                 /* no other choice is promising */
    TUNE_SLOWER,                /* all others left the heats */
    TUNE_NOISE,                 /* none is faster by more than the noise */
    TUNE_WARM_LOSS,             /* faster with weights in memory, slower with weights in the caches */
    TUNE_NO_TIME,               /* too few samples to decide */
    TUNE_REASONS
} tune_reason;
const char *tune_reason_text(tune_reason reason);

typedef struct tune_result {
    nonet_profile_row *rows;    /* the decision first, then what else was measured */
    int count;
    int candidates;             /* that were enumerated */
    int wrong;                  /* that gave other bits than they must: a fault in a kernel */
    tune_reason reason;
} tune_result;

/* The options that a problem's plans are made with: without a profile. */
nonet_options tune_options(const tune_settings *settings, const tune_problem *problem);
/* One problem until the deadline (bench_now), which it keeps to within a few samples. Free rows. */
nonet_status tune_one(const tune_settings *settings, const tune_problem *problem, const tune_machine *machine, double deadline,
                      tune_result *result);

/* The seconds of `left` that problem `index` of count gets, by the default's predicted times. */
double tune_share(const double *guesses, int index, int count, double left);
/* The default's predicted seconds. */
nonet_status tune_guess_default(const tune_settings *settings, const tune_problem *problem, const tune_machine *machine,
                                double *seconds);

/* What the profile's plan is against the default's, measured in turn for some seconds. */
typedef struct tune_check_result {
    int differs;                /* 0: they are the same plan, or wrong, and nothing was measured */
    int wrong;                  /* one of them gave other bits than it must: a fault in a kernel */
    double us, base;            /* medians with weights in memory; microseconds */
    double ratio[2], low[2], high[2];   /* default's time over the profile's: weights in memory, weights in the caches */
    int samples;
} tune_check_result;
nonet_status tune_check(const tune_settings *settings, const tune_problem *problem, const nonet_profile *profile,
                        size_t last_cache, double seconds, tune_check_result *result);

#endif
