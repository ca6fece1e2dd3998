/* ranks.h - two samples against each other by ranks alone: no assumption about the shape of the noise. */
#ifndef NONET_BENCH_RANKS_H
#define NONET_BENCH_RANKS_H

/* Up to so many values on each side, without ties, the distribution of U is counted: the number of orders of 25 and 25 values
 * is below 2^53, so every count is exact. Beyond that, and with ties, the normal approximation with tie and continuity
 * correction. */
enum { RANKS_EXACT = 25 };

typedef struct ranks_test {
    double u;                   /* pairs in which b is the larger, a tie being half a pair */
    double greater, less;       /* probability of a U at least, at most so large when a and b are alike */
    double p;                   /* of one at least so far from the middle: twice the smaller, at most 1 */
    int exact;
} ranks_test;

/* Mann-Whitney: b against a * factor. 0 when there is no memory; na, nb > 0. */
int ranks_compare(const double *a, int na, const double *b, int nb, double factor, ranks_test *test);

typedef struct ranks_ratio {
    double ratio;               /* Hodges-Lehmann: the median of all b[j] / a[i] */
    double low, high;           /* its 95 % interval from the order statistics of the same ratios (Moses), or all of them */
} ranks_ratio;

/* All values positive. 0 when there is no memory. */
int ranks_ratio_of(const double *a, int na, const double *b, int nb, ranks_ratio *ratio);

/* Holm: the count p values become such that those below a level may all be believed at once at that level. 0: no memory. */
int ranks_holm(double *p, int count);

#endif
