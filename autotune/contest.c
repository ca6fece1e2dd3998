/* contest.c - see contest.h. Samples are taken in turn, so that a disturbance meets all alike. */
#include "autotune/contest.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autotune/check.h"
#include "bench/data.h"
#include "bench/pin.h"
#include "bench/timer.h"
#include "engine/plan.h"

/* A warm sample is repeated runs of at least so long. */
#define SAMPLE_SECONDS 0.001

enum { SEED = 1, RUNS_MOST = 1 << 20 };

nonet_status contest_open(contest *c, const nonet_conv *p, const nonet_options *options, size_t last_cache)
{
    int oh, ow;
    *c = (contest){ .p = *p, .options = *options };
    nonet_status status = nonet_conv_output(p, &oh, &ow);
    if (status != NONET_OK)
        return status;
    size_t src = nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w), fan_in = (size_t)p->c * (size_t)p->r * (size_t)p->s;
    c->dst_floats = nonet_tensor_floats(p->dst_layout, p->n, p->k, oh, ow);
    c->contenders = calloc(CONTEST_MOST, sizeof *c->contenders);
    c->src = bench_floats(src);
    c->dst = bench_floats(c->dst_floats);
    c->expected = bench_floats(c->dst_floats);
    c->oihw = bench_floats((size_t)p->k * fan_in);
    c->bias = bench_floats((size_t)p->k);
    int broom = bench_sweeps_by_line() || bench_broom_open(&c->broom, last_cache, 1);
    if (!c->contenders || !c->src || !c->dst || !c->expected || !c->oihw || !c->bias || !broom)
        return NONET_NO_MEMORY;
    c->streaming = (double)p->k * (double)fan_in * sizeof(float) > 2.0 * (double)last_cache;
    bench_fill_normal(c->oihw, (size_t)p->k * fan_in, sqrt(2.0 / (double)fan_in), SEED);
    bench_fill_normal(c->bias, (size_t)p->k, 0.1, SEED + 1);
    return check_fill(p, c->src, SEED + 2) ? NONET_OK : NONET_NO_MEMORY;
}

void contest_close(contest *c)
{
    for (int i = 0; i < c->count; i++) {
        contender *at = &c->contenders[i];
        for (int j = i + 1; j < c->count; j++)
            if (c->contenders[j].weights == at->weights)
                c->contenders[j].weights = NULL;
        nonet_weights_destroy(at->weights);
        nonet_plan_destroy(at->plan);
        bench_free(at->workspace);
        bench_series_free(&at->cold);
        bench_series_free(&at->warm);
    }
    bench_broom_close(&c->broom);
    free(c->contenders);
    bench_free(c->src);
    bench_free(c->dst);
    bench_free(c->expected);
    bench_free(c->oihw);
    bench_free(c->bias);
    *c = (contest){ 0 };
}

static nonet_status prepare(contest *c, contender *at)
{
    for (int i = 0; i < c->count && !at->weights; i++)
        if (nonet_packing_equal(&c->contenders[i].plan->packing, &at->plan->packing))
            at->weights = c->contenders[i].weights;
    nonet_status status = at->weights ? NONET_OK : nonet_weights_pack(&at->weights, at->plan, c->oihw, c->bias);
    size_t bytes = nonet_plan_workspace(at->plan);
    if (status == NONET_OK && bytes && !(at->workspace = bench_floats(bytes / sizeof(float) + 1)))
        status = NONET_NO_MEMORY;
    return status;
}

static nonet_status execute(const contest *c, const contender *at)
{
    return nonet_execute(at->plan, at->weights, c->src, c->dst, at->workspace);
}

/* The number of the first plan of this one's algorithm. */
static int first_of_algo(const contest *c, const contender *at)
{
    int i = 0;
    while (c->contenders[i].plan->algo != at->plan->algo)
        i++;
    return i;
}

static void swap_outputs(contest *c)
{
    float *dst = c->dst;
    c->dst = c->expected;
    c->expected = dst;
}

/* Makes `expected` what contender `first` computes, if another algorithm's output stands there. */
static nonet_status recall(contest *c, int first)
{
    if (c->stands == first)
        return NONET_OK;
    c->stands = first;
    swap_outputs(c);
    nonet_status status = execute(c, &c->contenders[first]);
    swap_outputs(c);
    return status;
}

/* The output has been computed: is it what the algorithm gives? Outputs of one algorithm stand in `expected` at a time. */
static nonet_status compare(contest *c, int number, int *fits)
{
    contender *at = &c->contenders[number];
    int first = first_of_algo(c, at);
    if (first == number) {
        swap_outputs(c);
        c->stands = number;
        return check_against_c(&c->p, &c->options, at->plan->algo, fits);
    }
    nonet_status status = recall(c, first);
    *fits = status == NONET_OK && !c->contenders[first].out && !memcmp(c->expected, c->dst, c->dst_floats * sizeof(float));
    return status;
}

nonet_status contest_add(contest *c, const nonet_choice *choice, int *fits)
{
    static const nonet_choice defaults;
    contender *at = &c->contenders[c->count];
    *fits = 0;
    nonet_status status = nonet_plan_create_as(&at->plan, &c->p, &c->options, choice ? choice : &defaults);
    if (status != NONET_OK)
        return status;
    at->runs = 1;
    status = prepare(c, at);
    c->count++;
    memset(c->dst, 0xff, c->dst_floats * sizeof(float));    /* NaN: what is not written is found */
    if (status == NONET_OK)
        status = execute(c, at);
    if (status == NONET_OK)
        status = compare(c, c->count - 1, fits);
    at->out = !*fits;
    return status;
}

static double seconds_of(const contest *c, const contender *at, long runs)
{
    double start = bench_now();
    for (long i = 0; i < runs; i++)
        execute(c, at);
    return (bench_now() - start) / (double)runs;
}

/* The cold run warms the caches for the others. Runs are added until a sample is long enough. */
static int measure(contest *c, contender *at)
{
    if (!bench_series_add(&at->cold, seconds_of(c, at, 1)))
        return 0;
    if (c->streaming || c->cold_only)
        return 1;
    double seconds = seconds_of(c, at, at->runs);
    while (seconds * (double)at->runs < SAMPLE_SECONDS && at->runs < RUNS_MOST) {
        at->runs *= 2;
        seconds = seconds_of(c, at, at->runs);
    }
    return bench_series_add(&at->warm, seconds);
}

/* The threads are pinned for one sample only, as contenders have teams of several sizes, and a runtime that ends a thread and starts it
 * again would start it on the CPU of the first. Pinning also wakes them: in a network they have just computed the layer before. */
static int sample(contest *c, contender *at)
{
    bench_pin pin;
    if (!c->streaming)
        bench_sweep_range(&c->broom, at->weights->data, at->weights->bytes);
    bench_pin_threads(&pin, at->plan->threads);
    int fine = measure(c, at);
    bench_unpin_threads(&pin);
    return fine;
}

int contest_round(contest *c, int first, double deadline)
{
    for (int i = 0; i < c->count; i++) {
        contender *at = &c->contenders[(first + i) % c->count];
        if (!at->out && (bench_now() >= deadline || !sample(c, at)))
            return 0;
    }
    return 1;
}

void contest_forget(contest *c)
{
    for (int i = 0; i < c->count; i++)
        c->contenders[i].cold.count = c->contenders[i].warm.count = 0;
}

double contest_median_us(const bench_series *series)
{
    bench_stats stats;
    return bench_stats_of(series, &stats) ? 1e6 * stats.median : 0;
}
