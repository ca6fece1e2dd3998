/* corpus_oracle.c - an output against the naive calculation in double: within the bounds of docs/NUMERICS.md, for any data. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/corpus.h"
#include "cli/sweep.h"

/* The exact answer, what its rounding errors are measured in, and how many of them there may be. */
typedef struct oracle {
    size_t count;
    double *exact, *size, factor;
} oracle;

/* To bf16 and back, nearest even; the corpus has no NaN. */
static float rounded_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Roundings along the longest chain: of transforms and sums of 64 for Winograd, of every product otherwise. */
static double conv_factor(const corpus_problem *p, const nonet_conv *conv)
{
    if (p->algo == NONET_WINOGRAD_F2)
        return 64 + 24 + conv->c / 64;
    if (p->algo == NONET_WINOGRAD_F4)
        return 64 + 40 + conv->c / 64;
    if (p->algo == NONET_WINOGRAD_F6)
        return 64 + 48 + conv->c / 64;
    return (double)conv->c * conv->r * conv->s + 2;
}

static int wino_sizes(const corpus_problem *p, const reference_conv *plain, const float *x, const float *weight,
                      const float *bias, double *size)
{
    reference_winograd wino, last;

    if (p->algo == NONET_DIRECT)
        return 0;
    sweep_winograd_matrices(&wino, sweep_winograd_side(p->algo));
    sweep_winograd_short_matrices(&last);
    return reference_winograd_sizes(&wino, p->algo == NONET_WINOGRAD_F4 ? &last : NULL, plain, x, weight, bias, size);
}

/* Brings a map to the output: pooled, or as it is. A pool errs by the largest error of its window at most. */
static void finish(const nonet_conv *conv, int h, int w, const double *map, double *out)
{
    int maps = conv->n * conv->k;

    if (conv->pool)
        reference_maxpool(maps, h, w, 0, map, out);
    else
        memcpy(out, map, (size_t)maps * (size_t)h * (size_t)w * sizeof *out);
}

static int solve(const corpus_problem *p, const nonet_conv *conv, const float *x, const float *weight, const float *bias,
                 oracle *o)
{
    reference_conv plain = { conv->n, conv->c, conv->h, conv->w, conv->k, conv->r, conv->s, conv->stride, conv->pad };
    int h = reference_out(conv->h, conv->r, conv->stride, conv->pad);
    int w = reference_out(conv->w, conv->s, conv->stride, conv->pad);
    size_t count = (size_t)conv->n * (size_t)conv->k * (size_t)h * (size_t)w;
    double *exact = calloc(count, sizeof *exact), *size = calloc(count, sizeof *size);
    int fine = 0;

    if (exact && size) {
        reference_convolve(&plain, x, weight, bias, exact, size);
        fine = !wino_sizes(p, &plain, x, weight, bias, size);
    }
    if (fine && conv->relu)
        reference_relu((long)count, exact);
    if (fine) {
        finish(conv, h, w, exact, o->exact);
        finish(conv, h, w, size, o->size);
    }
    free(exact);
    free(size);
    return fine;
}

static int solve_conv(const corpus_problem *p, const float *x, oracle *o)
{
    nonet_conv conv = corpus_conv(p);
    size_t floats = (size_t)conv.k * (size_t)conv.c * (size_t)conv.r * (size_t)conv.s;
    int rounds = p->fc == NONET_FC_BF16 && !strncmp(corpus_family(p), "fc_", 3);
    float *weight = malloc(floats * sizeof *weight), *bias = malloc((size_t)conv.k * sizeof *bias);
    int fine = 0;

    if (weight && bias) {
        corpus_weights(p, weight, bias);
        for (size_t i = 0; rounds && i < floats; i++)
            weight[i] = rounded_bf16(weight[i]);
        fine = solve(p, &conv, x, weight, bias, o);
    }
    o->factor = conv_factor(p, &conv);
    free(weight);
    free(bias);
    return fine;
}

/* Twice the largest distance of two numbers of a row, at most. */
static double spread(const double *x, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return 2 * most;
}

static void solve_layer(const corpus_problem *p, const double *x, size_t inputs, oracle *o)
{
    const int *v = p->number;
    reference_lrn lrn = { v[0], v[1], v[2], v[3], v[4], (float)(v[5] / 1e6), v[6] / 4.0, v[7] };

    o->factor = 0;
    if (p->kind == CORPUS_MAXPOOL) {
        reference_maxpool(v[0] * v[1], v[2], v[3], v[4], x, o->exact);
    } else if (p->kind == CORPUS_LRN) {
        reference_normalise(&lrn, x, o->exact);
        o->factor = v[4] + 10;
    } else if (p->kind == CORPUS_SOFTMAX) {
        reference_softmax(v[0], v[1], x, o->exact);
        o->factor = v[1] / 16 + 24 + spread(x, inputs);
    } else {
        reference_avgpool(v[0] * v[1], v[2], v[3], v[4], v[5], x, o->exact);
        o->factor = (double)v[2] * v[3] + 2;
    }
    for (size_t i = 0; i < o->count; i++)
        o->size[i] = fabs(o->exact[i]);
}

/* The sum of an average has both signs. */
static void average_sizes(const corpus_problem *p, double *x, size_t inputs, oracle *o)
{
    const int *v = p->number;

    for (size_t i = 0; i < inputs; i++)
        x[i] = fabs(x[i]);
    reference_avgpool(v[0] * v[1], v[2], v[3], v[4], v[5], x, o->size);
}

static int solve_any(const corpus_problem *p, const float *x, size_t inputs, oracle *o)
{
    if (p->kind == CORPUS_CONV)
        return solve_conv(p, x, o);
    double *wide = malloc(inputs * sizeof *wide);
    if (!wide)
        return 0;
    for (size_t i = 0; i < inputs; i++)
        wide[i] = x[i];
    solve_layer(p, wide, inputs, o);
    if (p->kind == CORPUS_AVGPOOL)
        average_sizes(p, wide, inputs, o);
    free(wide);
    return 1;
}

/* Subnormal results err by steps, not by a share of themselves; soft-max drops what is below e^-87. */
static double compare(const corpus_problem *p, const oracle *o, const float *out, char *fault, size_t size)
{
    double worst = 0, floor = p->kind == CORPUS_SOFTMAX ? 0x1p-120 : o->factor * 64 * SWEEP_TINIEST;

    for (size_t i = 0; i < o->count; i++) {
        double error = fabs(out[i] - o->exact[i]), allowed = o->factor * SWEEP_EPS * o->size[i] + floor;
        double fraction = error == 0 ? 0 : error / allowed;

        if (!(fraction <= 1)) {
            snprintf(fault, size, "output %zu is %.9g instead of %.9g: error %.3g, bound %.3g", i, (double)out[i], o->exact[i],
                     error, allowed);
            return fraction;
        }
        worst = fmax(worst, fraction);
    }
    return worst;
}

double corpus_judge(const corpus_problem *p, const float *x, const float *out, char *fault, size_t size)
{
    corpus_size sizes;
    double worst = -1;

    corpus_measure(p, &sizes);
    oracle o = { .count = (size_t)sizes.outputs };
    o.exact = calloc(o.count, sizeof *o.exact);
    o.size = calloc(o.count, sizeof *o.size);
    if (o.exact && o.size && solve_any(p, x, (size_t)sizes.inputs, &o))
        worst = compare(p, &o, out, fault, size);
    else
        snprintf(fault, size, "no memory for the oracle");
    free(o.exact);
    free(o.size);
    return worst;
}
