/* compare.c - pairs the rows of two runs and judges each.
 *
 * Samples within a run say nothing of what differs from run to run, and a machine with other guests is never the same twice. So
 * a row has to exceed more than its samples' noise: a margin that grows with every sign, in either run, that times were not
 * settled, and its quickest samples have to say the same as the rest, for what other programs do is in the slow ones. */
#include "bench/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bench/stats.h"
#include "vgg/model.h"

/* With 4 values on each side the rarest order has a probability of 2/70; with 3 of 2/20, which proves nothing. */
enum { FEWEST = 4, DRIFT_FEWEST = 5 };
#define DRIFT_LEVEL 0.01
#define MOST_LOST 0.95          /* that is a factor of 20 */

/* How far a run drifted: the ratio of its second half's times to its first half's, as a logarithm without sign; 0 unless the
 * halves differ beyond doubt, for a few spikes in one of them are no drift. */
static double drift(const results_row *row, int *good)
{
    int half = row->count / 2;
    const double *second = row->samples + row->count - half;
    ranks_test test;
    ranks_ratio ratio;
    if (half < DRIFT_FEWEST)
        return 0;
    *good = *good && ranks_compare(row->samples, half, second, half, 1, &test) &&
            ranks_ratio_of(row->samples, half, second, half, &ratio);
    return *good && test.p < DRIFT_LEVEL ? fabs(log(ratio.ratio)) : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How far the middle half of a run's samples is apart, as a logarithm; 0 where there are too few. A run whose own times differ
 * so much may have a median that is as far off. Twice the quick half of it: spikes, which only lengthen, are not what the
 * median rests on. */
static double spread(const results_row *row, int *good)
{
    double *sorted = malloc(((size_t)row->count + 1) * sizeof *sorted), middle = 0;
    *good = *good && sorted;
    if (sorted && row->count >= FEWEST) {
        memcpy(sorted, row->samples, (size_t)row->count * sizeof *sorted);
        qsort(sorted, (size_t)row->count, sizeof *sorted, by_value);
        middle = 2 * log(sorted[row->count / 2] / sorted[row->count / 4]);
    }
    free(sorted);
    return middle;
}

/* How far the machine itself was apart: by the peak that limits the row, measured in each run; 0 when a file does not tell. */
static double yardstick(const results *a, const results *b, const results_row *row)
{
    int memory = !strcmp(row->limit, "memory");
    double first = memory ? a->read : a->peak, second = memory ? b->read : b->peak;
    return *row->limit && first > 0 && second > 0 ? fabs(log(second / first)) : 0;
}

/* How much longer a disturbed run may have taken for that, as a logarithm. */
static double lost_factor(const results *a, const results *b)
{
    return -log1p(-fmin(MOST_LOST, fmax(a->lost, b->lost)));
}

static double margin_of(const results *a, const results *b, const compare_row *row, double margin, int *good)
{
    double most = fmax(log1p(margin), yardstick(a, b, row->a));
    most = fmax(most, lost_factor(a, b));
    most = fmax(most, fmax(drift(row->a, good), drift(row->b, good)));
    return expm1(fmax(most, fmax(spread(row->a, good), spread(row->b, good))));
}

static double quickest(const results_row *row)
{
    double least = row->samples[0];
    for (int i = 1; i < row->count; i++)
        least = fmin(least, row->samples[i]);
    return least;
}

/* The probability that a ratio within the margin gives samples like these: b against a made slower by the margin, and faster. */
static int test_beyond(compare_row *row)
{
    ranks_test slower, faster;
    const results_row *a = row->a, *b = row->b;
    if (!ranks_compare(a->samples, a->count, b->samples, b->count, 1 + row->margin, &slower) ||
        !ranks_compare(a->samples, a->count, b->samples, b->count, 1 / (1 + row->margin), &faster) ||
        !ranks_compare(a->samples, a->count, b->samples, b->count, 1, &row->plain))
        return 0;
    row->beyond = fmin(1, 2 * fmin(slower.greater, faster.less));
    return 1;
}

static int judge(const results *first, const results *second, compare_row *row, double margin)
{
    const results_row *a = row->a, *b = row->b;
    int good = 1;
    row->margin = margin_of(first, second, row, margin, &good);
    row->beyond = row->holm = 1;
    if (!a->count || !b->count) {
        double ratio = b->median / a->median;
        row->ratio = (ranks_ratio){ ratio, ratio, ratio };
        return good;
    }
    good &= ranks_ratio_of(a->samples, a->count, b->samples, b->count, &row->ratio);
    if (a->count < FEWEST || b->count < FEWEST)
        return good;
    row->verdict = COMPARE_SAME;
    row->quick = quickest(b) / quickest(a);
    return good && test_beyond(row);
}

/* Beyond the margin, and the quickest samples too. */
static compare_verdict verdict_of(const compare_row *row, double clear)
{
    if (row->holm < COMPARE_LEVEL && row->ratio.ratio > 1 && row->quick > 1 + row->margin)
        return COMPARE_SLOWER;
    if (row->holm < COMPARE_LEVEL && row->ratio.ratio <= 1 && row->quick < 1 / (1 + row->margin))
        return COMPARE_FASTER;
    return row->margin > clear ? COMPARE_UNCLEAR : COMPARE_SAME;
}

/* Over the rows that were tested. */
static int correct(compare_result *result, double clear)
{
    double *p = malloc(((size_t)result->count + 1) * sizeof *p);
    int tested = 0;
    if (!p)
        return 0;
    for (int i = 0; i < result->count; i++)
        if (result->rows[i].verdict != COMPARE_UNTESTED)
            p[tested++] = result->rows[i].beyond;
    int good = ranks_holm(p, tested);
    result->tested = tested;
    tested = 0;
    for (int i = 0; i < result->count && good; i++) {
        compare_row *row = &result->rows[i];
        if (row->verdict == COMPARE_UNTESTED)
            continue;
        row->holm = p[tested++];
        row->verdict = verdict_of(row, clear);
        result->slower += row->verdict == COMPARE_SLOWER;
        result->faster += row->verdict == COMPARE_FASTER;
        result->unclear += row->verdict == COMPARE_UNCLEAR;
    }
    free(p);
    return good;
}

/* Sums hold nothing that their parts do not; when there is nothing else they count after all. */
static void average(compare_result *result)
{
    double mean = 0, low = 0, high = 0;
    int parts = 0, bare = 0;
    for (int i = 0; i < result->count; i++)
        parts += !result->rows[i].a->sum;
    for (int i = 0; i < result->count; i++) {
        const compare_row *row = &result->rows[i];
        if (parts && row->a->sum)
            continue;
        mean += log(row->ratio.ratio);
        low += log(row->ratio.low);
        high += log(row->ratio.high);
        bare += !row->a->count || !row->b->count;
        result->averaged++;
    }
    result->mean = exp(mean / result->averaged);
    result->low = bare ? 0 : exp(low / result->averaged);
    result->high = bare ? 0 : exp(high / result->averaged);
}

/* All rows together, by their quickest samples: those that nothing disturbed, so they find what is too small, or too noisy, for
 * a row by itself. The interval is that of the median of the rows' ratios (sign test); 0 when there is no memory. */
static int judge_whole(const results *a, const results *b, double margin, double clear, compare_result *result)
{
    double *quick = malloc(((size_t)result->count + 1) * sizeof *quick);
    int rows = 0;
    if (!quick)
        return 0;
    for (int i = 0; i < result->count; i++)
        if (result->rows[i].verdict != COMPARE_UNTESTED && !result->rows[i].a->sum)
            quick[rows++] = result->rows[i].quick;
    qsort(quick, (size_t)rows, sizeof *quick, by_value);
    int rank = bench_interval_rank(rows);
    compare_whole *whole = &result->whole;
    if (rank > 0) {
        double peaks = a->peak > 0 && b->peak > 0 ? fabs(log(b->peak / a->peak)) : 0;
        *whole = (compare_whole){ .low = quick[rank - 1], .high = quick[rows - rank] };
        whole->ratio = 0.5 * (quick[(rows - 1) / 2] + quick[rows / 2]);
        whole->margin = expm1(fmax(fmax(log1p(margin), peaks), lost_factor(a, b)));
        whole->verdict = whole->margin > clear ? COMPARE_UNCLEAR : COMPARE_SAME;
        if (whole->low > 1 + whole->margin)
            whole->verdict = COMPARE_SLOWER;
        else if (whole->high < 1 / (1 + whole->margin))
            whole->verdict = COMPARE_FASTER;
    }
    free(quick);
    return 1;
}

static int pair_rows(const results *a, const results *b, compare_result *result)
{
    result->rows = calloc((size_t)a->count + 1, sizeof *result->rows);
    if (!result->rows)
        return 0;
    for (int i = 0; i < a->count; i++) {
        const results_row *other = results_find(b, a->rows[i].name, a->rows[i].threads);
        if (other)
            result->rows[result->count++] = (compare_row){ .a = &a->rows[i], .b = other };
        else
            result->only_a++;
    }
    for (int i = 0; i < b->count; i++)
        result->only_b += !results_find(a, b->rows[i].name, b->rows[i].threads);
    return 1;
}

nonet_vgg_status compare_runs(const results *a, const results *b, double margin, double clear, compare_result *result,
                              nonet_vgg_error *err)
{
    *result = (compare_result){ 0 };
    int good = pair_rows(a, b, result);
    if (good && result->count == 0) {
        compare_free(result);
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s and %s have no row of the same name", a->path, b->path);
    }
    for (int i = 0; i < result->count; i++)
        good = good && judge(a, b, &result->rows[i], margin);
    if (!good || !correct(result, clear) || !judge_whole(a, b, margin, clear, result)) {
        compare_free(result);
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to compare %s and %s", a->path, b->path);
    }
    average(result);
    return NONET_VGG_OK;
}

void compare_free(compare_result *result)
{
    free(result->rows);
    *result = (compare_result){ 0 };
}

int compare_slower_than(const compare_result *result, double limit)
{
    int rows = result->whole.verdict == COMPARE_SLOWER && result->whole.ratio > 1 + limit;
    for (int i = 0; i < result->count; i++)
        rows += result->rows[i].verdict == COMPARE_SLOWER && result->rows[i].ratio.ratio > 1 + limit;
    return rows;
}
