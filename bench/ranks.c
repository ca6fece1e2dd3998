/* ranks.c - Mann-Whitney, Hodges-Lehmann with Moses' interval, Holm. */
#include "bench/ranks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z95 1.959963984540054

typedef struct tagged {
    double x;
    int from_b;
} tagged;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* U from the ranks; *ties becomes the sum of t^3 - t over groups of t equal values. sorted: n values. */
static double count_u(const tagged *sorted, int n, double *ties)
{
    double u = 0, a_below = 0;
    *ties = 0;
    for (int i = 0, end; i < n; i = end) {
        double of_a = 0, of_b = 0;
        for (end = i; end < n && sorted[end].x == sorted[i].x; end++) {
            of_b += sorted[end].from_b;
            of_a += !sorted[end].from_b;
        }
        double t = of_a + of_b;
        u += of_b * (a_below + 0.5 * of_a);
        a_below += of_a;
        *ties += t * t * t - t;
    }
    return u;
}

/* Orders of na and nb values for each U: the coefficients of the product of (1 - x^(nb+i)) / (1 - x^i), i = 1 ... na. */
static double *u_counts(int na, int nb)
{
    int top = na * nb;
    double *f = calloc((size_t)top + 1, sizeof *f);
    if (!f)
        return NULL;
    f[0] = 1;
    for (int i = 1; i <= na; i++) {
        for (int u = top; u >= nb + i; u--)
            f[u] -= f[u - nb - i];
        for (int u = i; u <= top; u++)
            f[u] += f[u - i];
    }
    return f;
}

static int exact_p(int na, int nb, ranks_test *test)
{
    double *f = u_counts(na, nb), all = 0, less = 0, greater = 0;
    if (!f)
        return 0;
    for (int u = 0; u <= na * nb; u++) {
        all += f[u];
        less += u <= test->u ? f[u] : 0;
        greater += u >= test->u ? f[u] : 0;
    }
    free(f);
    test->less = less / all;
    test->greater = greater / all;
    test->exact = 1;
    return 1;
}

static double upper_tail(double z)
{
    return 0.5 * erfc(z / sqrt(2.0));
}

static void normal_p(double na, double nb, double ties, ranks_test *test)
{
    double n = na + nb, variance = na * nb / 12 * (n + 1 - ties / (n * (n - 1)));
    double from_middle = test->u - 0.5 * na * nb;
    test->greater = test->less = 1;
    if (variance > 0) {
        test->greater = upper_tail((from_middle - 0.5) / sqrt(variance));
        test->less = upper_tail((-from_middle - 0.5) / sqrt(variance));
    }
}

int ranks_compare(const double *a, int na, const double *b, int nb, double factor, ranks_test *test)
{
    int n = na + nb, good = 1;
    double ties;
    tagged *all = malloc((size_t)n * sizeof *all);
    *test = (ranks_test){ 0 };
    if (!all)
        return 0;
    for (int i = 0; i < n; i++)
        all[i] = i < na ? (tagged){ a[i] * factor, 0 } : (tagged){ b[i - na], 1 };
    qsort(all, (size_t)n, sizeof *all, by_value);       /* x stands first in a tagged */
    test->u = count_u(all, n, &ties);
    free(all);
    if (ties == 0 && na <= RANKS_EXACT && nb <= RANKS_EXACT)
        good = exact_p(na, nb, test);
    else
        normal_p(na, nb, ties, test);
    test->p = fmin(1, 2 * fmin(test->greater, test->less));
    return good;
}

/* ---- the ratio: differences of logarithms, never stored, for there may be 1e8 of them ---- */
typedef struct logs {
    double *a, *b;              /* ascending */
    int na, nb;
} logs;

static double *sorted_logs(const double *x, int n)
{
    double *y = malloc((size_t)n * sizeof *y);
    if (!y)
        return NULL;
    for (int i = 0; i < n; i++)
        y[i] = log(x[i]);
    qsort(y, (size_t)n, sizeof *y, by_value);
    return y;
}

/* Pairs with b[j] - a[i] <= limit. */
static double pairs_up_to(const logs *l, double limit)
{
    double pairs = 0;
    int j = 0;
    for (int i = 0; i < l->na; i++) {
        while (j < l->nb && l->b[j] - l->a[i] <= limit)
            j++;
        pairs += j;
    }
    return pairs;
}

/* The k-th smallest difference, k from 1, by halving; 100 steps are more than a double has bits. */
static double kth_difference(const logs *l, double k)
{
    double low = l->b[0] - l->a[l->na - 1], high = l->b[l->nb - 1] - l->a[0];
    if (pairs_up_to(l, low) >= k)
        return low;
    for (int step = 0; step < 100; step++) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            break;
        if (pairs_up_to(l, middle) >= k)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* The interval reaches from the k-th smallest difference to the k-th largest; k is the greatest for which a U below k has a
 * probability of at most 2.5 %, and at least 1. 0 when there is no memory. */
static double interval_rank(int na, int nb)
{
    double pairs = (double)na * nb, below = 0, all = 0;
    if (na > RANKS_EXACT || nb > RANKS_EXACT)
        return fmax(1, floor(0.5 * pairs - Z95 * sqrt(pairs * (na + nb + 1.0) / 12)));
    double *f = u_counts(na, nb);
    int k = 0;
    if (!f)
        return 0;
    for (int u = 0; u <= na * nb; u++)
        all += f[u];
    while (k <= na * nb && below + f[k] <= 0.025 * all)
        below += f[k++];
    free(f);
    return k > 1 ? k : 1;
}

int ranks_ratio_of(const double *a, int na, const double *b, int nb, ranks_ratio *ratio)
{
    logs l = { sorted_logs(a, na), sorted_logs(b, nb), na, nb };
    double pairs = (double)na * nb, k = interval_rank(na, nb);
    int good = l.a && l.b && k > 0;
    if (good) {
        double half = floor(0.5 * (pairs + 1));
        ratio->ratio = exp(0.5 * (kth_difference(&l, half) + kth_difference(&l, pairs + 1 - half)));
        ratio->low = exp(kth_difference(&l, k));
        ratio->high = exp(kth_difference(&l, pairs + 1 - k));
    }
    free(l.a);
    free(l.b);
    return good;
}

/* ---- many tests at once ---- */
static int by_pointed(const void *a, const void *b)
{
    return by_value(*(double *const *)a, *(double *const *)b);
}

int ranks_holm(double *p, int count)
{
    double least = 0;
    if (count == 0)
        return 1;
    double **order = malloc((size_t)count * sizeof *order);
    if (!order)
        return 0;
    for (int i = 0; i < count; i++)
        order[i] = &p[i];
    qsort(order, (size_t)count, sizeof *order, by_pointed);
    for (int i = 0; i < count; i++) {
        least = fmax(least, fmin(1, (count - i) * *order[i]));
        *order[i] = least;
    }
    free(order);
    return 1;
}
