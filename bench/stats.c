/* stats.c - robust statistics: medians and order statistics, no assumption about the noise. */
#include "bench/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int bench_series_add(bench_series *series, double x)
{
    if (series->count == series->room) {
        int room = series->room ? 2 * series->room : 16;
        double *grown = realloc(series->x, (size_t)room * sizeof *grown);
        if (!grown)
            return 0;
        series->x = grown;
        series->room = room;
    }
    series->x[series->count++] = x;
    return 1;
}

void bench_series_free(bench_series *series)
{
    free(series->x);
    *series = (bench_series){ 0 };
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_sorted(const double *x, int n)
{
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

/* d is the greatest for which a binomial(n, 1/2) variable is below d with a probability of at most 2.5 %. Terms in logarithms:
 * 0.5^n is no double when n is above 1074. */
int bench_interval_rank(int n)
{
    double log_term = -n * log(2), below = 0;
    int d = 0;
    while (d < n && (below += exp(log_term)) <= 0.025) {
        log_term += log((double)(n - d) / (d + 1));
        d++;
    }
    return d;
}

/* x sorted. The smallest sample that a share of at least percent/100 do not exceed. */
static double percentile(const double *x, int n, int percent)
{
    return x[((long)percent * n + 99) / 100 - 1];
}

int bench_stats_of(const bench_series *series, bench_stats *stats)
{
    int n = series->count;
    *stats = (bench_stats){ 0 };
    if (n == 0)
        return 1;
    double *x = malloc((size_t)n * sizeof *x);
    if (!x)
        return 0;
    memcpy(x, series->x, (size_t)n * sizeof *x);
    qsort(x, (size_t)n, sizeof *x, by_value);
    int rank = bench_interval_rank(n);
    int end = rank > 0 ? rank - 1 : 0;
    *stats = (bench_stats){ .count = n, .min = x[0], .median = median_sorted(x, n), .p90 = percentile(x, n, 90),
                            .p99 = percentile(x, n, 99), .low = x[end], .high = x[n - 1 - end] };
    for (int i = 0; i < n; i++)
        x[i] = fabs(x[i] - stats->median);
    qsort(x, (size_t)n, sizeof *x, by_value);
    stats->mad = median_sorted(x, n);
    free(x);
    return 1;
}
