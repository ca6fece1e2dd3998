/* support_conv.c - convolutions as data: made, solved by the oracle, run through the public API. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference/reference.h"
#include "tests/support.h"

void support_describe(const nonet_conv *p, char *text, size_t size)
{
    static const char *const layout[] = { "nchw", "nhwc", "nchw16c" };

    snprintf(text, size, "n%d c%d %dx%d k%d %dx%d s%d p%d%s%s %s->%s", p->n, p->c, p->h, p->w, p->k, p->r, p->s, p->stride,
             p->pad, p->relu ? " relu" : "", p->pool ? " pool" : "", layout[p->src_layout], layout[p->dst_layout]);
}

size_t support_at(nonet_layout layout, int channels, int h, int w, int n, int c, int y, int x)
{
    size_t blocks = ((size_t)channels + NONET_LANES - 1) / NONET_LANES;

    if (layout == NONET_NCHW)
        return (((size_t)n * channels + c) * h + y) * w + x;
    if (layout == NONET_NHWC)
        return (((size_t)n * h + y) * w + x) * channels + c;
    return ((((size_t)n * blocks + c / NONET_LANES) * h + y) * w + x) * NONET_LANES + c % NONET_LANES;
}

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    support_need(memory != NULL, "no memory");
    return memory;
}

void support_problem_make(support_problem *q, const nonet_conv *p, sweep_random *random, sweep_data data)
{
    memset(q, 0, sizeof *q);
    q->p = *p;
    ck_assert_int_eq(nonet_conv_output(p, &q->oh, &q->ow), NONET_OK);
    q->inputs = (size_t)p->n * p->c * p->h * p->w;
    q->weights = (size_t)p->k * p->c * p->r * p->s;
    q->outputs = (size_t)p->n * p->k * q->oh * q->ow;
    q->x = get(q->inputs, sizeof(float));
    q->w = get(q->weights, sizeof(float));
    q->bias = get(p->k, sizeof(float));
    q->exact = get(q->outputs, sizeof(double));
    q->size = get(q->outputs, sizeof(double));
    q->rigorous = get(q->outputs, sizeof(double));
    sweep_fill(random, q->x, q->inputs, data);
    sweep_fill(random, q->w, q->weights, data == SWEEP_INTEGERS ? SWEEP_INTEGERS : SWEEP_UNIFORM);
    sweep_fill(random, q->bias, p->k, data == SWEEP_INTEGERS ? SWEEP_INTEGERS : SWEEP_UNIFORM);
}

/* Each value becomes the largest of its tile; the tiles start at the map's corner. */
static void spread(double *size, int maps, int h, int w, int tile)
{
    for (int map = 0; map < maps; map++, size += (size_t)h * w)
        for (int y = 0; y < h; y += tile)
            for (int x = 0; x < w; x += tile) {
                double most = 0;

                for (int i = y; i < y + tile && i < h; i++)
                    for (int j = x; j < x + tile && j < w; j++)
                        most = fmax(most, size[i * w + j]);
                for (int i = y; i < y + tile && i < h; i++)
                    for (int j = x; j < x + tile && j < w; j++)
                        size[i * w + j] = most;
            }
}

/* Brings a map before the pool to the output: pooled, or as it is. Frees it. */
static void finish(const support_problem *q, int h, int w, double *map, double *out)
{
    if (q->p.pool)
        reference_maxpool(q->p.n * q->p.k, h, w, 0, map, out);
    else
        memcpy(out, map, q->outputs * sizeof *out);
    free(map);
}

void support_problem_solve(support_problem *q, int tile)
{
    const nonet_conv *p = &q->p;
    reference_conv plain = { p->n, p->c, p->h, p->w, p->k, p->r, p->s, p->stride, p->pad };
    int h = reference_out(p->h, p->r, p->stride, p->pad), w = reference_out(p->w, p->s, p->stride, p->pad);
    size_t count = (size_t)p->n * p->k * h * w;
    double *exact = get(count, sizeof *exact), *size = get(count, sizeof *size), *rigorous = get(count, sizeof *rigorous);

    reference_convolve(&plain, q->x, q->w, q->bias, exact, size);
    memcpy(rigorous, size, count * sizeof *size);
    if (tile > 1) {
        reference_winograd wino, last;

        sweep_winograd_matrices(&wino, tile);
        sweep_winograd_short_matrices(&last);
        support_need(!reference_winograd_sizes(&wino, tile == 4 ? &last : NULL, &plain, q->x, q->w, q->bias, rigorous), "no memory");
        spread(size, p->n * p->k, h, w, tile);
    }
    if (p->relu)
        reference_relu((long)count, exact);
    finish(q, h, w, exact, q->exact);
    finish(q, h, w, size, q->size);
    finish(q, h, w, rigorous, q->rigorous);
}

void support_problem_free(support_problem *q)
{
    free(q->x);
    free(q->w);
    free(q->bias);
    free(q->exact);
    free(q->size);
    free(q->rigorous);
    memset(q, 0, sizeof *q);
}

static float *place(sweep_slot *slot, size_t floats, sweep_random *random)
{
    float *data = sweep_place(slot, floats, sweep_between(random, 0, SWEEP_SIDES - 1), sweep_between(random, 1, 15));

    support_need(data != NULL, "no memory");
    return data;
}

static float *place_input(support_bench *bench, const support_problem *q, sweep_random *random)
{
    const nonet_conv *p = &q->p;
    size_t floats = nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w), at = 0;
    float *src = place(&bench->src, floats, random);

    if (p->src_layout == NONET_NCHW16C)
        memset(src, 0, floats * sizeof *src);
    for (int n = 0; n < p->n; n++)
        for (int c = 0; c < p->c; c++)
            for (int y = 0; y < p->h; y++)
                for (int x = 0; x < p->w; x++)
                    src[support_at(p->src_layout, p->c, p->h, p->w, n, c, y, x)] = q->x[at++];
    return src;
}

/* The output as NCHW; what lies past the last channel of a blocked one must be zero. */
static float *take_output(const support_bench *bench, const support_problem *q)
{
    const nonet_conv *p = &q->p;
    int channels = p->dst_layout == NONET_NCHW16C ? (p->k + NONET_LANES - 1) / NONET_LANES * NONET_LANES : p->k;
    float *out = get(q->outputs, sizeof *out);
    size_t at = 0;

    for (int n = 0; n < p->n; n++)
        for (int k = 0; k < channels; k++)
            for (int y = 0; y < q->oh; y++)
                for (int x = 0; x < q->ow; x++) {
                    float value = bench->dst.data[support_at(p->dst_layout, p->k, q->oh, q->ow, n, k, y, x)];

                    if (k < p->k)
                        out[at++] = value;
                    else
                        support_need(value == 0, "lane %d past the last channel is %g", k, (double)value);
                }
    return out;
}

float *support_run(support_bench *bench, const support_problem *q, const nonet_options *options, sweep_random *random)
{
    const nonet_conv *p = &q->p;
    nonet_plan *plan;
    nonet_weights *weights;
    char text[160], kernel[160];

    support_describe(p, text, sizeof text);
    nonet_status status = nonet_plan_create(&plan, p, options);
    support_need(status == NONET_OK, "%s: plan: %s", text, nonet_status_string(status));
    nonet_plan_describe(plan, kernel, sizeof kernel);
    status = nonet_weights_pack(&weights, plan, q->w, q->bias);
    support_need(status == NONET_OK, "%s: pack: %s", text, nonet_status_string(status));
    size_t floats = (nonet_plan_workspace(plan) + 63) / 64 * 16;
    float *workspace = sweep_place(&bench->workspace, floats, SWEEP_END, 0);
    const float *src = place_input(bench, q, random);
    float *dst = place(&bench->dst, nonet_tensor_floats(p->dst_layout, p->n, p->k, q->oh, q->ow), random);
    status = nonet_execute(plan, weights, src, dst, workspace);
    support_need(status == NONET_OK, "%s: execute: %s", text, nonet_status_string(status));
    support_need(sweep_unharmed(&bench->dst), "%s: %s wrote outside its output", text, kernel);
    support_need(sweep_unharmed(&bench->workspace), "%s: %s wrote outside its workspace", text, kernel);
    support_need(sweep_unharmed(&bench->src), "%s: %s wrote beside its input", text, kernel);
    nonet_weights_destroy(weights);
    nonet_plan_destroy(plan);
    return take_output(bench, q);
}

void support_bench_free(support_bench *bench)
{
    sweep_slot_free(&bench->src);
    sweep_slot_free(&bench->dst);
    sweep_slot_free(&bench->workspace);
}
