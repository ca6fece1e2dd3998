/* candidates.h - the ways to compute a problem: all that differ, the promising ones first. */
#ifndef NONET_AUTOTUNE_CANDIDATES_H
#define NONET_AUTOTUNE_CANDIDATES_H

#include "autotune/predict.h"
#include "engine/choose.h"

enum { TUNE_CANDIDATES = 512 };

typedef struct tune_candidate {
    nonet_choice choice;        /* in full */
    tune_guess guess;
    int family;                 /* index of the first candidate of the same algorithm, kernels, weights, split, threads */
} tune_candidate;

typedef struct tune_list {
    tune_candidate *items;      /* 0: the default; the others in the order in which they are enumerated */
    int count, room;
} tune_list;

/* any: other algorithms than the default's too. Give the list back with tune_list_free, whatever the status. */
nonet_status tune_enumerate(tune_list *list, const nonet_conv *p, const nonet_options *options, int any,
                            const tune_machine *machine);
void tune_list_free(tune_list *list);

/* Which to measure: writes indices, the default first, up to half of `most` the best guesses of families that are not hopeless,
 * then the best of all; returns how many. */
int tune_promising(const tune_list *list, int *indices, int most);

#endif
