/* explain.h - choices in words, and why a problem is computed as it is. */
#ifndef NONET_AUTOTUNE_EXPLAIN_H
#define NONET_AUTOTUNE_EXPLAIN_H

#include "autotune/tune.h"

/* "winograd-f4 avx512, blocks of 28, split by tiles, 2 threads". */
void tune_choice_text(const nonet_choice *choice, char *text, size_t size);

/* A candidate with what the profile knows of it. */
typedef struct tune_explained {
    tune_candidate candidate;
    int has_row;
    nonet_profile_row row;      /* measured, if has_row */
} tune_explained;

typedef struct tune_explanation {
    char plan[256];             /* nonet_plan_describe of the plan that serves */
    int from_profile;
    nonet_choice choice;        /* what it does */
    tune_explained *items;      /* the default first, then measured ones by time, then by guess */
    int count;
    char work[256];             /* multiply-adds of each algorithm */
    char reason[320];
} tune_explanation;

/* profile may be NULL; machine NULL: no candidates, no guesses. Free items. */
nonet_status tune_explain(const tune_settings *settings, const tune_problem *problem, const nonet_profile *profile,
                          const tune_machine *machine, tune_explanation *explanation);

#endif
