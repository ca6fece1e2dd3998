/* winograd.c - Winograd's transforms as plain products of literal matrices, made from the points alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "reference/reference.h"

/* Coefficients, lowest power first, of the product of (x - points[l]) over l < count, l != skip. */
static void product_of_roots(const double *points, int count, int skip, double *coefficient)
{
    int degree = 0;

    memset(coefficient, 0, REFERENCE_SIDE * sizeof *coefficient);
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
    both_sides(wino->bt[0], REFERENCE_SIDE, wino->a, wino->a, d, v);
}

void reference_winograd_output(const reference_winograd *wino, const double *p, double *y)
{
    both_sides(wino->at[0], REFERENCE_SIDE, wino->m, wino->a, p, y);
}

void reference_winograd_absolute(reference_winograd *absolute, const reference_winograd *wino)
{
    *absolute = *wino;
    for (int i = 0; i < REFERENCE_SIDE; i++)
        for (int j = 0; j < REFERENCE_SIDE; j++) {
            absolute->bt[i][j] = fabs(wino->bt[i][j]);
            if (i < REFERENCE_SIDE - 2)
                absolute->at[i][j] = fabs(wino->at[i][j]);
            if (j < 3)
                absolute->g[i][j] = fabs(wino->g[i][j]);
        }
}

/* |bt| |x| |bt'| of the tile whose output starts at (top, left), for every channel of an image: v[c][points]. */
static void tile_sizes(const reference_winograd *absolute, const reference_conv *p, const float *image, int top, int left,
                       double *v)
{
    int a = absolute->a;

    for (int c = 0; c < p->c; c++) {
        double d[REFERENCE_POINTS] = { 0 };

        for (int i = 0; i < a * a; i++) {
            int row = top + i / a - p->pad, col = left + i % a - p->pad;

            if (row >= 0 && row < p->h && col >= 0 && col < p->w)
                d[i] = fabs((double)image[((size_t)c * p->h + row) * p->w + col]);
        }
        reference_winograd_input(absolute, d, v + (size_t)c * REFERENCE_POINTS);
    }
}

static void output_sizes(const reference_winograd *absolute, const reference_conv *p, const double *u, const double *v, double *y)
{
    double product[REFERENCE_POINTS] = { 0 };

    for (int c = 0; c < p->c; c++)
        for (int i = 0; i < absolute->a * absolute->a; i++)
            product[i] += u[(size_t)c * REFERENCE_POINTS + i] * v[(size_t)c * REFERENCE_POINTS + i];
    reference_winograd_output(absolute, product, y);
}

static void image_sizes(const reference_winograd *absolute, const reference_conv *p, const float *image, const double *u,
                        const float *bias, double *v, double *size)
{
    int m = absolute->m, oh = reference_out(p->h, 3, 1, p->pad), ow = reference_out(p->w, 3, 1, p->pad);

    for (int top = 0; top < oh; top += m)
        for (int left = 0; left < ow; left += m) {
            tile_sizes(absolute, p, image, top, left, v);
            for (int k = 0; k < p->k; k++) {
                double y[REFERENCE_POINTS];

                output_sizes(absolute, p, u + (size_t)k * p->c * REFERENCE_POINTS, v, y);
                for (int i = 0; i < m * m; i++)
                    if (top + i / m < oh && left + i % m < ow)
                        size[((size_t)k * oh + top + i / m) * ow + left + i % m] = y[i] + (bias ? fabs((double)bias[k]) : 0);
            }
        }
}

int reference_winograd_sizes(const reference_winograd *wino, const reference_conv *p, const float *x, const float *weight,
                             const float *bias, double *size)
{
    size_t filters = (size_t)p->k * p->c, outputs = (size_t)reference_out(p->h, 3, 1, p->pad) * reference_out(p->w, 3, 1, p->pad);
    double *u = calloc(filters * REFERENCE_POINTS, sizeof *u), *v = calloc((size_t)p->c * REFERENCE_POINTS, sizeof *v);
    reference_winograd absolute;

    reference_winograd_absolute(&absolute, wino);
    for (size_t i = 0; u && v && i < filters; i++) {
        double g[9];

        for (int j = 0; j < 9; j++)
            g[j] = fabs((double)weight[i * 9 + j]);
        reference_winograd_filter(&absolute, g, u + i * REFERENCE_POINTS);
    }
    for (int n = 0; u && v && n < p->n; n++)
        image_sizes(&absolute, p, x + (size_t)n * p->c * p->h * p->w, u, bias, v, size + n * p->k * outputs);
    int status = u && v ? 0 : -1;
    free(u);
    free(v);
    return status;
}
