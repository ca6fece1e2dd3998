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
    double min, median, p90;
    double mad;                 /* median absolute deviation from the median, not scaled */
    double low, high;           /* 95 % interval of the median from the order statistics; with fewer than 6 samples min and max */
} bench_stats;

/* 0 when there is no memory. */
int bench_series_add(bench_series *series, double x);
void bench_series_free(bench_series *series);

/* Fills stats (zeros when there is no sample). 0 when there is no memory. */
int bench_stats_of(const bench_series *series, bench_stats *stats);

#endif
