/* winograd.c - Winograd's transforms as plain products of literal matrices, made from the points alone. */
#include <math.h>
#include <string.h>
#include "reference/reference.h"

/* Coefficients, lowest power first, of the product of (x - points[l]) over l < count, l != skip. */
static void product_of_roots(const double *points, int count, int skip, double *coefficient)
{
    int degree = 0;

    memset(coefficient, 0, 6 * sizeof *coefficient);
    coefficient[0] = 1;
    for (int l = 0; l < count; l++) {
        if (l == skip)
            continue;
        degree++;
        for (int i = degree; i > 0; i--)
            coefficient[i] = coefficient[i - 1] - points[l] * coefficient[i];
        coefficient[0] *= -points[l];
    }
}

static void scale_columns(reference_winograd *wino, const double *scale_g, const double *scale_bt)
{
    for (int j = 0; j < wino->a; j++) {
        for (int i = 0; i < wino->m; i++)
            wino->at[i][j] /= scale_g[j] * scale_bt[j];
        for (int i = 0; i < 3; i++)
            wino->g[j][i] *= scale_g[j];
        for (int i = 0; i < wino->a; i++)
            wino->bt[j][i] *= scale_bt[j];
    }
}

void reference_winograd_make(reference_winograd *wino, int m, const double *points, const double *scale_g, const double *scale_bt)
{
    int a = m + 2;

    memset(wino, 0, sizeof *wino);
    wino->m = m;
    wino->a = a;
    for (int j = 0; j < a - 1; j++) {
        double f = 1;

        for (int l = 0; l < a - 1; l++)
            f *= l == j ? 1 : points[j] - points[l];
        for (int i = 0; i < m; i++)
            wino->at[i][j] = pow(points[j], i);
        for (int i = 0; i < 3; i++)
            wino->g[j][i] = pow(points[j], i) / f;
        product_of_roots(points, a - 1, j, wino->bt[j]);
    }
    wino->at[m - 1][a - 1] = 1;
    wino->g[a - 1][2] = 1;
    product_of_roots(points, a - 1, -1, wino->bt[a - 1]);
    scale_columns(wino, scale_g, scale_bt);
}

/* out = left * in * left', left rows x cols at a stride of `step`; in cols x cols. */
static void both_sides(const double *left, int step, int rows, int cols, const double *in, double *out)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < rows; x++) {
            double sum = 0;

            for (int i = 0; i < cols; i++)
                for (int j = 0; j < cols; j++)
                    sum += left[y * step + i] * in[i * cols + j] * left[x * step + j];
            out[y * rows + x] = sum;
        }
}

void reference_winograd_filter(const reference_winograd *wino, const double *w, double *u)
{
    both_sides(wino->g[0], 3, wino->a, 3, w, u);
}

void reference_winograd_input(const reference_winograd *wino, const double *d, double *v)
{
    both_sides(wino->bt[0], 6, wino->a, wino->a, d, v);
}

void reference_winograd_output(const reference_winograd *wino, const double *p, double *y)
{
    both_sides(wino->at[0], 6, wino->m, wino->a, p, y);
}
