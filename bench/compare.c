/* compare.c - pairs the rows of two runs and judges each. */
#include "bench/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/model.h"

/* With 4 values on each side the rarest order has a probability of 2/70; with 3 of 2/20, which proves nothing. */
enum { FEWEST = 4, DRIFT_FEWEST = 5 };
#define DRIFT_LEVEL 0.01

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

static int judge(compare_row *row, double margin)
{
    const results_row *a = row->a, *b = row->b;
    int good = 1;
    row->margin = fmax(margin, fmax(drift(a, &good), drift(b, &good)));
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
    return good && test_beyond(row);
}

/* Over the rows that were tested. */
static int correct(compare_result *result)
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
        if (row->holm < COMPARE_LEVEL)
            row->verdict = row->ratio.ratio > 1 ? COMPARE_SLOWER : COMPARE_FASTER;
        result->slower += row->verdict == COMPARE_SLOWER;
        result->faster += row->verdict == COMPARE_FASTER;
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

nonet_vgg_status compare_runs(const results *a, const results *b, double margin, compare_result *result, nonet_vgg_error *err)
{
    *result = (compare_result){ 0 };
    int good = pair_rows(a, b, result);
    if (good && result->count == 0) {
        compare_free(result);
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s and %s have no row of the same name", a->path, b->path);
    }
    for (int i = 0; i < result->count; i++)
        good = good && judge(&result->rows[i], margin);
    if (!good || !correct(result)) {
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
    int rows = 0;
    for (int i = 0; i < result->count; i++)
        rows += result->rows[i].verdict == COMPARE_SLOWER && result->rows[i].ratio.ratio > 1 + limit;
    return rows;
}
