/* stats.h - samples of one measurement and what is said about them. */
#ifndef NONET_BENCH_STATS_H
#define NONET_BENCH_STATS_H

/* Samples in the order they were taken. Start with zeros; give back with bench_series_free. */
typedef struct bench_series {
    double *x;
    int count, room;
} bench_series;

typedef struct bench_stats {
    int count;
    double min, median;
    double p90, p99;            /* the smallest sample that at least so many of a hundred do not exceed */
    double mad;                 /* median absolute deviation from the median, not scaled */
    double low, high;           /* interval of the median from the order statistics, in which it lies with at least 95 %; with
                                   fewer than 6 samples there is none, and these are min and max */
} bench_stats;

/* 0 when there is no memory. */
int bench_series_add(bench_series *series, double x);
void bench_series_free(bench_series *series);

/* The 95 % interval goes from the d-th smallest to the d-th largest of n samples: this d; 0 if n is too small for one. */
int bench_interval_rank(int n);
/* Fills stats (zeros when there is no sample). 0 when there is no memory. */
int bench_stats_of(const bench_series *series, bench_stats *stats);

#endif
