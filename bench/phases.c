/* phases.c - input transform, multiply and output transform of a Winograd plan, by clocks that the engine's loops can carry. */
#include "bench/phases.h"
#include <math.h>
#include <stdlib.h>
#include "bench/data.h"
#include "bench/timer.h"
#include "engine/plan.h"

enum { FEWEST = 3, MOST = 1000 };

typedef struct phase_run {
    const nonet_plan *plan;
    nonet_weights *weights;
    float *src, *dst, *work;
    nonet_wino_laps *laps;      /* one a thread */
} phase_run;

static nonet_weights *random_weights(const nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    size_t count = (size_t)p->k * (size_t)p->c * 9;
    float *oihw = bench_floats(count);
    nonet_weights *weights = NULL;
    if (oihw) {
        bench_fill_normal(oihw, count, sqrt(2.0 / (9.0 * p->c)), 2);
        if (nonet_weights_pack(&weights, plan, oihw, NULL) != NONET_OK)
            weights = NULL;
    }
    bench_free(oihw);
    return weights;
}

static int open_run(phase_run *r)
{
    const nonet_conv *p = &r->plan->p;
    size_t src = nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w);
    r->weights = random_weights(r->plan);
    r->src = bench_floats(src);
    r->dst = bench_floats(nonet_tensor_floats(p->dst_layout, p->n, p->k, r->plan->dh, r->plan->dw));
    r->work = bench_floats(nonet_plan_workspace(r->plan) / sizeof(float));
    r->laps = calloc((size_t)r->plan->threads, sizeof *r->laps);
    if (!r->weights || !r->src || !r->dst || !r->work || !r->laps)
        return 0;
    bench_fill_positive(r->src, src, 1.0, 1);
    return 1;
}

static void close_run(phase_run *r)
{
    nonet_weights_destroy(r->weights);
    bench_free(r->src);
    bench_free(r->dst);
    bench_free(r->work);
    free(r->laps);
}

static bench_phase_times once(const phase_run *r)
{
    double sum[NONET_WINO_PHASES] = { 0 };
    int threads = r->plan->threads;
    for (int i = 0; i < threads; i++)
        r->laps[i] = (nonet_wino_laps){ .now = bench_now, .last = bench_now() };
    nonet_wino_execute(r->plan, r->weights, r->src, r->dst, r->work, r->laps);
    for (int i = 0; i < threads; i++)
        for (int phase = 0; phase < NONET_WINO_PHASES; phase++)
            sum[phase] += r->laps[i].seconds[phase] / threads;
    return (bench_phase_times){ sum[NONET_WINO_IN], sum[NONET_WINO_MULTIPLY], sum[NONET_WINO_OUT] };
}

static void keep_least(bench_phase_times *least, const bench_phase_times *next)
{
    least->in = fmin(least->in, next->in);
    least->multiply = fmin(least->multiply, next->multiply);
    least->out = fmin(least->out, next->out);
}

int bench_phases(const nonet_plan *plan, double seconds, bench_phase_times *times)
{
    phase_run r = { .plan = plan };
    *times = (bench_phase_times){ 0, 0, 0 };
    if (plan->nest != NEST_WINOGRAD)
        return 1;
    int good = open_run(&r);
    if (good) {
        *times = once(&r);
        double start = bench_now();
        for (int i = 0; i < FEWEST || (i < MOST && bench_now() - start < seconds); i++) {
            bench_phase_times next = once(&r);
            keep_least(times, &next);
        }
    }
    close_run(&r);
    return good;
}
