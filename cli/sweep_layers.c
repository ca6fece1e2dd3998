/* sweep_layers.c - sweeps of max pool, LRN and soft-max. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "cli/sweep.h"

enum { L = NONET_L };

/* Two rows of w pixels; the second may be the first, as for the last odd row of a ceil pool. */
static void run_maxpool(sweep *s, int w, int ow, int rows)
{
    sweep_data data = sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1);
    float *r0 = sweep_buffer(s, SWEEP_X, (size_t)w * L), *r1 = rows == 2 ? sweep_buffer(s, SWEEP_W, (size_t)w * L) : r0;
    float *out = sweep_buffer(s, SWEEP_OUT, (size_t)ow * L), *want = sweep_buffer(s, SWEEP_WANT, (size_t)ow * L);
    double *x = sweep_calloc(s, 2 * (size_t)w, sizeof *x), *exact = sweep_calloc(s, ow, sizeof *exact);

    snprintf(s->shape, sizeof s->shape, "w %d -> %d, %d rows", w, ow, rows);
    sweep_fill(&s->random, r0, (size_t)w * L, data);
    sweep_fill(&s->random, r1, (size_t)w * L, data);
    s->spec->fn.maxpool(r0, r1, want, w, ow);
    s->kernel->fn.maxpool(r0, r1, out, w, ow);
    sweep_agree(s);
    for (int lane = 0; lane < L; lane++) {
        for (int i = 0; i < 2 * w; i++)
            x[i] = (i < w ? r0 : r1)[(size_t)(i % w) * L + lane];
        reference_maxpool(1, 2, w, ow > w / 2, x, exact);
        for (int i = 0; i < ow; i++)
            sweep_judge(s, out[i * L + lane], exact[i], 0);
    }
    sweep_done(s);
}

/* NaN among the input: which operand a maximum returns is part of the contract. */
static void run_maxpool_nan(sweep *s, int w)
{
    float *r0 = sweep_buffer(s, SWEEP_X, (size_t)w * L), *r1 = sweep_buffer(s, SWEEP_W, (size_t)w * L);
    size_t floats = (size_t)(w / 2) * L;
    float *out = sweep_buffer(s, SWEEP_OUT, floats), *want = sweep_buffer(s, SWEEP_WANT, floats);

    snprintf(s->shape, sizeof s->shape, "w %d, with NaN", w);
    for (int i = 0; i < w * L; i++) {
        r0[i] = sweep_between(&s->random, 0, 3) ? sweep_uniform(&s->random) : NAN;
        r1[i] = sweep_between(&s->random, 0, 3) ? 0.0f : -0.0f;
    }
    s->spec->fn.maxpool(r0, r1, want, w, w / 2);
    s->kernel->fn.maxpool(r0, r1, out, w, w / 2);
    sweep_agree(s);
    sweep_done(s);
}

void sweep_maxpool(sweep *s)
{
    int repeats = (int)(4 * s->scale) + 1;

    for (int w = 1; w <= 40; w++)
        for (int i = 0; i < repeats; i++) {
            run_maxpool(s, w, (w + 1) / 2, 1 + i % 2);
            if (w >= 2) {
                run_maxpool(s, w, w / 2, 2);
                run_maxpool_nan(s, w);
            }
        }
}

/* The sum of squares, the power's roots and the division each round; no term is negative, so errors stay relative. */
static void judge_lrn(sweep *s, const nonet_lrn_args *a, const float *src, const float *out)
{
    int c = a->cblocks * L;
    reference_lrn plain = { 1, c, 1, (int)a->pixels, a->size, a->alpha, a->quarters / 4.0, a->k };
    double *x = sweep_calloc(s, c * a->pixels, sizeof *x), *exact = sweep_calloc(s, c * a->pixels, sizeof *exact);
    char *covered = sweep_calloc(s, s->slot[SWEEP_OUT].floats, 1);

    for (int i = 0; i < c; i++)
        for (size_t p = 0; p < a->pixels; p++)
            x[i * a->pixels + p] = src[i / L * a->cblock + p * L + i % L];
    reference_normalise(&plain, x, exact);
    for (int i = 0; i < c; i++)
        for (size_t p = 0; p < a->pixels; p++) {
            size_t at = i / L * a->cblock + p * L + i % L;

            covered[at] = 1;
            sweep_judge(s, out[at], exact[i * a->pixels + p],
                        (a->size + 10) * (s->kernel->bound * SWEEP_EPS * fabs(exact[i * a->pixels + p]) + SWEEP_TINIEST));
        }
    sweep_gaps(s, covered);
}

static void run_lrn(sweep *s, nonet_lrn_args a)
{
    size_t floats = (a.cblocks - 1) * a.cblock + a.pixels * L;
    float *src = sweep_buffer(s, SWEEP_X, floats), *want = sweep_buffer(s, SWEEP_WANT, floats);
    float *out = sweep_buffer(s, SWEEP_OUT, floats);
    sweep_data data = sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1);

    snprintf(s->shape, sizeof s->shape, "c %d, %zu pixels, size %d, beta %d/4", a.cblocks * L, a.pixels, a.size, a.quarters);
    for (int cb = 0; cb < a.cblocks; cb++)
        sweep_fill(&s->random, src + cb * a.cblock, a.pixels * L, data);
    a.src = src;
    a.dst = want;
    s->spec->fn.lrn(&a);
    a.dst = out;
    s->kernel->fn.lrn(&a);
    sweep_agree(s);
    judge_lrn(s, &a, src, out);
    sweep_done(s);
}

void sweep_lrn(sweep *s)
{
    int repeats = (int)(8 * s->scale) + 1;

    for (int size = 1; size <= 15; size += 2)
        for (int quarters = 2; quarters <= 4; quarters++)
            for (int i = 0; i < repeats; i++) {
                nonet_lrn_args a = { .size = size, .quarters = quarters };

                a.cblocks = sweep_between(&s->random, 1, 5);
                a.pixels = sweep_between(&s->random, 1, 19);
                a.cblock = a.pixels * L + sweep_between(&s->random, 0, 1) * 16;
                a.alpha = sweep_uniform(&s->random) * 0.5f + 0.5f;
                a.k = 1 + sweep_between(&s->random, 0, 2);
                run_lrn(s, a);
            }
}

/* exp to a few units in the last place, a sum of `classes` positive terms, and a division. */
static void run_softmax(sweep *s, int classes, float spread, int in_place)
{
    float *out = sweep_buffer(s, SWEEP_OUT, classes), *want = sweep_buffer(s, SWEEP_WANT, classes);
    float *src = in_place ? out : sweep_buffer(s, SWEEP_X, classes);
    double *x = sweep_calloc(s, classes, sizeof *x), *exact = sweep_calloc(s, classes, sizeof *exact);

    snprintf(s->shape, sizeof s->shape, "%d classes, spread %g%s", classes, (double)spread, in_place ? ", in place" : "");
    for (int i = 0; i < classes; i++)
        x[i] = src[i] = sweep_uniform(&s->random) * spread;
    s->spec->fn.softmax(src, want, classes);
    s->kernel->fn.softmax(src, out, classes);
    sweep_agree(s);
    reference_softmax(1, classes, x, exact);
    for (int i = 0; i < classes; i++)
        sweep_judge(s, out[i], exact[i], (classes / L + 24 + spread) * s->kernel->bound * SWEEP_EPS * exact[i] + 0x1p-120);
    sweep_done(s);
}

void sweep_softmax(sweep *s)
{
    static const float spread[] = { 0.5f, 4, 30, 200 };
    int repeats = (int)(200 * s->scale) + 10;

    for (int i = 0; i < repeats; i++)
        run_softmax(s, i < 40 ? i + 1 : sweep_between(&s->random, 1, 1100), spread[i % 4], i % 8 > 5);
}
