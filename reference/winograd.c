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

/* A matrix: `rows` of `cols` numbers at a stride of `step`. */
typedef struct matrix {
    const double *at;
    int step, rows, cols;
} matrix;

/* out = left * in * right', in left.cols x right.cols. */
static void both_sides(matrix left, matrix right, const double *in, double *out)
{
    for (int y = 0; y < left.rows; y++)
        for (int x = 0; x < right.rows; x++) {
            double sum = 0;

            for (int i = 0; i < left.cols; i++)
                for (int j = 0; j < right.cols; j++)
                    sum += left.at[y * left.step + i] * in[i * right.cols + j] * right.at[x * right.step + j];
            out[y * right.rows + x] = sum;
        }
}

static matrix filter_of(const reference_winograd *wino)
{
    return (matrix){ wino->g[0], 3, wino->a, 3 };
}

static matrix input_of(const reference_winograd *wino)
{
    return (matrix){ wino->bt[0], REFERENCE_SIDE, wino->a, wino->a };
}

static matrix output_of(const reference_winograd *wino)
{
    return (matrix){ wino->at[0], REFERENCE_SIDE, wino->m, wino->a };
}

void reference_winograd_filter(const reference_winograd *down, const reference_winograd *across, const double *w, double *u)
{
    both_sides(filter_of(down), filter_of(across), w, u);
}

void reference_winograd_input(const reference_winograd *down, const reference_winograd *across, const double *d, double *v)
{
    both_sides(input_of(down), input_of(across), d, v);
}

void reference_winograd_output(const reference_winograd *down, const reference_winograd *across, const double *p, double *y)
{
    both_sides(output_of(down), output_of(across), p, y);
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

/* The tiles of one shape, all matrices in absolute values. */
typedef struct tile_sizes {
    reference_winograd down, across;
    const reference_conv *p;
    int oh, ow;
    double *u, *v;              /* u[k][c][points] of the filters, v[c][points] of a tile */
} tile_sizes;

static void size_filters(tile_sizes *s, const float *weight)
{
    for (size_t i = 0; i < (size_t)s->p->k * s->p->c; i++) {
        double g[9];

        for (int j = 0; j < 9; j++)
            g[j] = fabs((double)weight[i * 9 + j]);
        reference_winograd_filter(&s->down, &s->across, g, s->u + i * REFERENCE_POINTS);
    }
}

/* Of the tile whose output starts at (top, left), for every channel of an image. */
static void size_input(const tile_sizes *s, const float *image, int top, int left)
{
    const reference_conv *p = s->p;
    int width = s->across.a;

    for (int c = 0; c < p->c; c++) {
        double d[REFERENCE_POINTS] = { 0 };

        for (int i = 0; i < s->down.a * width; i++) {
            int row = top + i / width - p->pad, col = left + i % width - p->pad;

            if (row >= 0 && row < p->h && col >= 0 && col < p->w)
                d[i] = fabs((double)image[((size_t)c * p->h + row) * p->w + col]);
        }
        reference_winograd_input(&s->down, &s->across, d, s->v + (size_t)c * REFERENCE_POINTS);
    }
}

static void size_output(const tile_sizes *s, int k, double *y)
{
    const double *u = s->u + (size_t)k * s->p->c * REFERENCE_POINTS;
    double product[REFERENCE_POINTS] = { 0 };

    for (int c = 0; c < s->p->c; c++)
        for (int i = 0; i < s->down.a * s->across.a; i++)
            product[i] += u[(size_t)c * REFERENCE_POINTS + i] * s->v[(size_t)c * REFERENCE_POINTS + i];
    reference_winograd_output(&s->down, &s->across, product, y);
}

static void size_tile(const tile_sizes *s, const float *image, const float *bias, int top, int left, double *size)
{
    size_input(s, image, top, left);
    for (int k = 0; k < s->p->k; k++) {
        double y[REFERENCE_POINTS];

        size_output(s, k, y);
        for (int i = 0; i < s->down.m * s->across.m; i++) {
            int row = top + i / s->across.m, col = left + i % s->across.m;

            if (row < s->oh && col < s->ow)
                size[((size_t)k * s->oh + row) * s->ow + col] = y[i] + (bias ? fabs((double)bias[k]) : 0);
        }
    }
}

/* Whether the tile from output `at` of n on has the matrices of `last`. */
static int is_last(const reference_winograd *last, int at, int n)
{
    return last && n - at <= last->m;
}

/* The tiles of all images that are last, or not, down and across. */
static void size_kind(tile_sizes *s, const reference_winograd *wino, const reference_winograd *last, int last_down, int last_across,
                      const float *x, const float *weight, const float *bias, double *size)
{
    const reference_conv *p = s->p;

    reference_winograd_absolute(&s->down, last_down ? last : wino);
    reference_winograd_absolute(&s->across, last_across ? last : wino);
    size_filters(s, weight);
    for (int n = 0; n < p->n; n++)
        for (int top = 0; top < s->oh; top += wino->m)
            for (int left = 0; left < s->ow; left += wino->m)
                if (is_last(last, top, s->oh) == last_down && is_last(last, left, s->ow) == last_across)
                    size_tile(s, x + (size_t)n * p->c * p->h * p->w, bias, top, left, size + (size_t)n * p->k * s->oh * s->ow);
}

int reference_winograd_sizes(const reference_winograd *wino, const reference_winograd *last, const reference_conv *p,
                             const float *x, const float *weight, const float *bias, double *size)
{
    size_t filters = (size_t)p->k * p->c;
    tile_sizes s = { .p = p, .oh = reference_out(p->h, 3, 1, p->pad), .ow = reference_out(p->w, 3, 1, p->pad) };
    s.u = calloc(filters * REFERENCE_POINTS, sizeof *s.u);
    s.v = calloc((size_t)p->c * REFERENCE_POINTS, sizeof *s.v);
    int status = s.u && s.v ? 0 : -1;

    for (int kind = 0; kind < (last ? 4 : 1) && !status; kind++)
        size_kind(&s, wino, last, kind / 2, kind % 2, x, weight, bias, size);
    free(s.u);
    free(s.v);
    return status;
}
