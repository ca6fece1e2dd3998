/* sweep_winograd.c - sweeps of Winograd's transforms, against literal matrices made from the points. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "cli/sweep.h"

enum { L = NONET_L, MOST = REFERENCE_POINTS };

/* Everything a transform's case needs; in and out are counted in pixels of 16 lanes. */
typedef struct transform {
    reference_winograd wino, sizes;     /* sizes: the matrices' absolute values */
    int in_side, out_side, pooled;      /* side of what is read; of what is written, before the pool */
    size_t in_step, out_step;           /* floats between points, or between rows */
    int by_rows_in, by_rows_out;
    unsigned flags;
} transform;

/* The points, and the signs of F(2)'s rows, are part of the numerics contract. */
void sweep_winograd_matrices(reference_winograd *wino, int m)
{
    static const double points2[] = { 0, 1, -1 }, g2[] = { -1, 1, 1, 1 }, bt2[] = { -1, 1, 1, -1 };
    static const double points4[] = { 0, 0.75, -0.75, 1.5, -1.5 }, points6[] = { 0, 0.5, -0.5, 1, -1, 2, -2 };
    static const double ones[] = { 1, 1, 1, 1, 1, 1, 1, 1 };

    if (m == 2)
        reference_winograd_make(wino, m, points2, g2, bt2);
    else
        reference_winograd_make(wino, m, m == 4 ? points4 : points6, ones, ones);
}

static void make_matrices(transform *t, int m)
{
    sweep_winograd_matrices(&t->wino, m);
    reference_winograd_absolute(&t->sizes, &t->wino);
}

static void choose_shape(sweep *s, transform *t)
{
    int gap = sweep_between(&s->random, 0, 2) * 8;

    switch (s->kernel->family) {
    case NONET_K_WINO_FILTER_F2:
    case NONET_K_WINO_FILTER_F4:
    case NONET_K_WINO_FILTER_F6:
        t->in_side = 3;
        t->out_side = t->wino.a;
        break;
    case NONET_K_WINO_IN_F2:
    case NONET_K_WINO_IN_F4:
    case NONET_K_WINO_IN_F6:
        t->in_side = t->out_side = t->wino.a;
        t->by_rows_in = 1;
        break;
    default:
        t->in_side = t->wino.a;
        t->out_side = t->wino.m;
        t->by_rows_out = 1;
        t->flags = (unsigned)sweep_between(&s->random, 0, 3);
    }
    t->pooled = t->flags & NONET_POOL ? t->out_side / 2 : t->out_side;
    t->in_step = t->by_rows_in ? (size_t)t->in_side * L + gap : L;
    t->out_step = t->by_rows_out ? (size_t)t->pooled * L + gap : (size_t)L + gap;
    if (!t->by_rows_in && t->by_rows_out)
        t->in_step += sweep_between(&s->random, 0, 2) * 24;
}

static size_t place_of(int by_rows, int side, size_t step, int pixel)
{
    return by_rows ? pixel / side * step + (size_t)(pixel % side) * L : pixel * step;
}

static void call(const nonet_kernel *kernel, const transform *t, const float *in, const float *bias, float *out)
{
    if (t->in_side == 3)
        kernel->fn.wino_filter(in, out, t->out_step);
    else if (t->by_rows_in)
        kernel->fn.wino_in(in, t->in_step, out, t->out_step);
    else
        kernel->fn.wino_out(in, t->in_step, bias, out, t->out_step, t->flags);
}

static void exact_lane(const transform *t, const double *in, double bias, double *exact, double *size)
{
    double sizes[MOST], whole[MOST];

    for (int i = 0; i < t->in_side * t->in_side; i++)
        sizes[i] = fabs(in[i]);
    if (t->in_side == 3) {
        reference_winograd_filter(&t->wino, in, whole);
        reference_winograd_filter(&t->sizes, sizes, size);
    } else if (t->by_rows_in) {
        reference_winograd_input(&t->wino, in, whole);
        reference_winograd_input(&t->sizes, sizes, size);
    } else {
        reference_winograd_output(&t->wino, in, whole);
        reference_winograd_output(&t->sizes, sizes, size);
    }
    for (int i = 0; i < t->out_side * t->out_side; i++) {
        whole[i] += bias;
        size[i] += fabs(bias);
    }
    if (t->flags & NONET_RELU)
        reference_relu(t->out_side * t->out_side, whole);
    if (t->flags & NONET_POOL)
        reference_maxpool(1, t->out_side, t->out_side, 0, whole, exact);
    else
        memcpy(exact, whole, sizeof whole);
    for (int i = 1; (t->flags & NONET_POOL) && i < t->out_side * t->out_side; i++)
        size[0] = fmax(size[0], size[i]);
    for (int i = 1; (t->flags & NONET_POOL) && i < t->pooled * t->pooled; i++)
        size[i] = size[0];
}

/* A value goes through two passes of at most `side` products and sums, with coefficients rounded once each, and the bias. */
static void judge(sweep *s, const transform *t, const float *in, const float *bias, const float *out)
{
    char *covered = sweep_calloc(s, s->slot[SWEEP_OUT].floats, 1);
    double factor = 2 * (t->in_side + 1) + 1;

    for (int lane = 0; lane < L; lane++) {
        double plain[MOST], exact[MOST], size[MOST];

        for (int i = 0; i < t->in_side * t->in_side; i++)
            plain[i] = in[place_of(t->by_rows_in, t->in_side, t->in_step, i) + lane];
        exact_lane(t, plain, t->by_rows_out ? bias[lane] : 0, exact, size);
        for (int i = 0; i < t->pooled * t->pooled; i++) {
            size_t at = place_of(t->by_rows_out, t->pooled, t->out_step, i) + lane;

            covered[at] = 1;
            sweep_judge(s, out[at], exact[i], factor * (s->kernel->bound * SWEEP_EPS * size[i] + 32 * SWEEP_TINIEST));
        }
    }
    sweep_gaps(s, covered);
}

static void run_transform(sweep *s, transform *t)
{
    int ins = t->in_side * t->in_side, outs = t->pooled * t->pooled;
    sweep_data data = sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1);
    float lanes[L];
    float *in = sweep_buffer(s, SWEEP_X, place_of(t->by_rows_in, t->in_side, t->in_step, ins - 1) + L);
    float *bias = sweep_buffer(s, SWEEP_BIAS, L);
    size_t floats = place_of(t->by_rows_out, t->pooled, t->out_step, outs - 1) + L;
    float *out = sweep_buffer(s, SWEEP_OUT, floats), *want = sweep_buffer(s, SWEEP_WANT, floats);

    snprintf(s->shape, sizeof s->shape, "steps %zu and %zu, flags %u, data %d", t->in_step, t->out_step, t->flags, (int)data);
    for (int i = 0; i < ins; i++) {
        sweep_fill(&s->random, lanes, L, data);
        memcpy(in + place_of(t->by_rows_in, t->in_side, t->in_step, i), lanes, sizeof lanes);
    }
    sweep_fill(&s->random, bias, L, SWEEP_UNIFORM);
    call(s->spec, t, in, bias, want);
    call(s->kernel, t, in, bias, out);
    sweep_agree(s);
    judge(s, t, in, bias, out);
    sweep_done(s);
}

int sweep_winograd_side(nonet_algo algo)
{
    return algo == NONET_WINOGRAD_F6 ? 6 : algo == NONET_WINOGRAD_F4 ? 4 : algo == NONET_WINOGRAD_F2 ? 2 : 1;
}

int sweep_winograd_family_side(nonet_family family)
{
    if (family >= NONET_K_WINO_FILTER_F2 && family <= NONET_K_WINO_OUT_F2)
        return 2;
    return family >= NONET_K_WINO_FILTER_F4 && family <= NONET_K_WINO_OUT_F4 ? 4 : 6;
}

void sweep_wino_transform(sweep *s)
{
    int repeats = (int)(400 * s->scale) + 20;

    for (int i = 0; i < repeats; i++) {
        transform t = { .in_side = 0 };

        make_matrices(&t, sweep_winograd_family_side(s->kernel->family));
        choose_shape(s, &t);
        run_transform(s, &t);
    }
}
