/* compare.h - two runs, row by row: how much slower, how sure. */
#ifndef NONET_BENCH_COMPARE_H
#define NONET_BENCH_COMPARE_H

#include "bench/ranks.h"
#include "bench/results.h"

/* Two runs of the same build are not alike to the last per cent: pages lie elsewhere, the clock is another. So the question is
 * not whether there is a difference but whether there is one beyond a margin. */
#define COMPARE_MARGIN 0.02
#define COMPARE_LEVEL 0.05
/* A row with a wider margin than this, and than what the caller wants to know of, is not called alike: it cannot tell. */
#define COMPARE_CLEAR 0.10

typedef enum compare_verdict { COMPARE_UNTESTED, COMPARE_SAME, COMPARE_SLOWER, COMPARE_FASTER, COMPARE_UNCLEAR } compare_verdict;

typedef struct compare_row {
    const results_row *a, *b;
    ranks_ratio ratio;          /* times of b by times of a: above 1 is slower */
    ranks_test plain;           /* no difference at all? (Untested: zeros) */
    double margin;              /* what this row has to exceed: the caller's, or where that is more, the drift or the middle half
                                   of the samples of either run, what others had of the machine in a disturbed one, or the
                                   change of the peak that limits the row */
    double quick;               /* the quickest sample of b by that of a. (Untested: 0) */
    double beyond;              /* probability of such samples if the true ratio is within the margin */
    double holm;                /* the same, fit to be read beside all other rows' */
    compare_verdict verdict;    /* SLOWER, FASTER: holm < COMPARE_LEVEL, and quick beyond the margin as well; UNCLEAR: neither,
                                   with a margin beyond `clear` */
} compare_row;

/* The run as a whole, by the quickest samples of the rows that were tested, without sums; from 6 such rows on, else UNTESTED. */
typedef struct compare_whole {
    double ratio, low, high;    /* the median of the rows' `quick`, and its 95 % interval */
    double margin;              /* as a row's, without what is a row's own */
    compare_verdict verdict;    /* SLOWER, FASTER: the interval lies beyond the margin */
} compare_whole;

typedef struct compare_result {
    compare_row *rows;          /* names that are in both files, in a's order */
    int count, tested, slower, faster, unclear;
    int only_a, only_b;         /* rows that the other file does not have */
    double mean, low, high;     /* geometric mean of the ratios without sums, and of their intervals' ends: as wide as if all
                                   rows erred together; low = high = 0 when one of the rows has no interval */
    int averaged;
    compare_whole whole;
} compare_result;

/* Rows of a and b must outlive the result. BAD_FILE when they share no row. clear: as COMPARE_CLEAR. */
nonet_vgg_status compare_runs(const results *a, const results *b, double margin, double clear, compare_result *result,
                              nonet_vgg_error *err);
void compare_free(compare_result *result);
/* Rows that are slower beyond the margin and whose ratio is above 1 + limit; the run as a whole counts as one. */
int compare_slower_than(const compare_result *result, double limit);

#endif
