/* layer_bench.c - single layers, through nonet.h alone; several algorithms in turn, so that all see the same disturbances. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "bench/data.h"
#include "bench/inside.h"
#include "bench/peers/run.h"
#include "bench/report.h"
#include "bench/shapes.h"
#include "bench/timer.h"

#define SAMPLE_SECONDS 0.002    /* a sample is repeated runs of at least this long */

enum { CALIBRATION_TRIES = 3 };

typedef struct contender {
    nonet_plan *plan;
    nonet_weights *weights;
    float *workspace;
    long runs;                  /* of a sample */
    int row;
} contender;

typedef struct layer_run {
    const bench_settings *settings;
    nonet_conv p;
    int oh, ow;
    int first;                  /* row of the first contender */
    float *src, *dst, *oihw, *bias;
    contender contenders[BENCH_ALGOS];
    int count;
    bench_peers *peers;         /* NULL without --peers */
    float *nchw;                /* for them: the input in plain layout */
} layer_run;

static nonet_vgg_status fail_with(nonet_status status, const char *what, nonet_vgg_error *err)
{
    nonet_vgg_status class = status == NONET_NO_MEMORY ? NONET_VGG_NO_MEMORY : NONET_VGG_USAGE;
    return bench_fail(err, class, "%s: %s", what, nonet_status_string(status));
}

/* Inputs as after a ReLU, weights as He initialises them. In the layouts that a network would have. */
static nonet_vgg_status make_data(layer_run *run, nonet_vgg_error *err)
{
    const nonet_conv *p = &run->p;
    size_t plain = nonet_tensor_floats(NONET_NCHW, p->n, p->c, p->h, p->w), fan_in = (size_t)p->c * (size_t)(p->r * p->s);
    size_t inside = nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w), k = (size_t)p->k;
    float *nchw = bench_floats(plain);
    run->src = bench_floats(inside);
    run->dst = bench_floats(nonet_tensor_floats(p->dst_layout, p->n, p->k, run->oh, run->ow));
    run->oihw = bench_floats(k * fan_in);
    run->bias = bench_floats(k);
    if (!nchw || !run->src || !run->dst || !run->oihw || !run->bias) {
        bench_free(nchw);
        return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory for a layer of this size");
    }
    uint64_t seed = run->settings->seed;
    bench_fill_positive(nchw, plain, 1.0, seed);
    bench_fill_normal(run->oihw, k * fan_in, sqrt(2.0 / (double)fan_in), seed + 1);
    bench_fill_normal(run->bias, k, 0.1, seed + 2);
    nonet_status status = nonet_reorder(p->n, p->c, p->h, p->w, NONET_NCHW, nchw, p->src_layout, run->src);
    run->nchw = nchw;
    return status == NONET_OK ? NONET_VGG_OK : fail_with(status, "layer", err);
}

static nonet_vgg_status add_contender(layer_run *run, bench_report *report, nonet_algo algo, nonet_vgg_error *err)
{
    contender *c = &run->contenders[run->count];
    nonet_options options = run->settings->conv;
    options.algo = algo;
    options.threads = report->threads;
    nonet_status status = nonet_plan_create(&c->plan, &run->p, &options);
    if (status == NONET_NOT_APPLICABLE && run->settings->skip)
        return NONET_VGG_OK;
    if (status != NONET_OK)
        return fail_with(status, nonet_algo_name(algo), err);
    run->count++;
    if ((status = nonet_weights_pack(&c->weights, c->plan, run->oihw, run->bias)) != NONET_OK)
        return fail_with(status, nonet_algo_name(algo), err);
    size_t bytes = nonet_plan_workspace(c->plan);
    c->workspace = bytes ? bench_floats(bytes / sizeof(float) + 1) : NULL;
    if (bytes && !c->workspace)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its workspace", nonet_algo_name(algo));
    c->runs = 1;
    return NONET_VGG_OK;
}

static nonet_vgg_status add_row(layer_run *run, bench_report *report, contender *c, nonet_vgg_error *err)
{
    const nonet_conv *p = &run->p;
    nonet_plan_info info;
    nonet_plan_query(c->plan, &info);
    c->row = report->count;
    char name[80];
    bench_shape_name(p, name, sizeof name);
    bench_row *row = bench_report_add(report, ROW_CONV, "layer/%s/%s", name, nonet_algo_name(info.algo));
    if (!row)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    snprintf(row->shape, sizeof row->shape, "%dx%dx%d -> %dx%dx%d", p->c, p->h, p->w, p->k, run->oh, run->ow);
    snprintf(row->algorithm, sizeof row->algorithm, "%s", nonet_algo_name(info.algo));
    snprintf(row->kernel, sizeof row->kernel, "%s", info.kernel);
    row->work = bench_work_planned(p, c->plan);
    row->kind = row->work.weight_bytes > 0 ? ROW_FC : ROW_CONV;
    row->threads = info.threads;
    row->batch = p->n;
    bench_blocking(c->plan, row->blocking, sizeof row->blocking);
    double maps = (double)sizeof(float) * (double)(nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w) +
                                                   nonet_tensor_floats(p->dst_layout, p->n, p->k, run->oh, run->ow));
    /* The other contenders run in between, each with weights of its own. */
    double total = maps;
    for (int i = 0; i < run->count; i++) {
        nonet_plan_info other;
        nonet_plan_query(run->contenders[i].plan, &other);
        total += (double)other.weights;
    }
    bench_work_bytes(&row->work, &(bench_residence){ .weights = (double)info.weights, .maps = maps, .total = total,
                                                     .last_cache = (double)bench_host_last_cache(&report->host),
                                                     .cold = run->settings->cold });
    return NONET_VGG_OK;
}

static nonet_vgg_status execute(layer_run *run, const contender *c, long runs, nonet_vgg_error *err)
{
    for (long i = 0; i < runs; i++) {
        nonet_status status = nonet_execute(c->plan, c->weights, run->src, run->dst, c->workspace);
        if (status != NONET_OK)
            return fail_with(status, "execute", err);
    }
    return NONET_VGG_OK;
}

/* The hash is of the plain NCHW output, whatever layout the kernels write; peers are compared with the first row's. */
static nonet_vgg_status hash_output(const layer_run *run, const bench_report *report, bench_row *row, nonet_vgg_error *err)
{
    const nonet_conv *p = &run->p;
    size_t floats = nonet_tensor_floats(NONET_NCHW, p->n, p->k, run->oh, run->ow);
    float *nchw = bench_floats(floats);
    if (!nchw || nonet_reorder(p->n, p->k, run->oh, run->ow, p->dst_layout, run->dst, NONET_NCHW, nchw) != NONET_OK) {
        bench_free(nchw);
        return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory for the output");
    }
    bench_hash(nchw, floats * sizeof(float), row->hash);
    if (row == &report->rows[run->first])
        bench_peers_warm(run->peers, report, nchw);
    bench_free(nchw);
    return NONET_VGG_OK;
}

/* Seconds of a sample, the least of a few: what is disturbed looks longer than it is. */
static nonet_vgg_status quickest(layer_run *run, const contender *c, double *seconds, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    *seconds = SAMPLE_SECONDS;
    for (int i = 0; i < CALIBRATION_TRIES && status == NONET_VGG_OK; i++) {
        double start = bench_now();
        status = execute(run, c, c->runs, err);
        *seconds = fmin(*seconds, bench_now() - start);
    }
    return status;
}

/* Doubles the runs of a sample until it lasts long enough. After cold caches each run is a sample: a second one would be warm. */
static nonet_vgg_status calibrate(layer_run *run, bench_report *report, contender *c, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    double seconds = 0;
    while (run->settings->cold == BENCH_WARM && seconds < SAMPLE_SECONDS && status == NONET_VGG_OK) {
        status = quickest(run, c, &seconds, err);
        if (seconds < SAMPLE_SECONDS)
            c->runs *= 2;
    }
    report->rows[c->row].runs = c->runs;
    return status;
}

/* Runs a contender until caches and clocks have settled, keeps its hash, and finds how many runs make a sample. */
static nonet_vgg_status warm_up(layer_run *run, bench_report *report, contender *c, nonet_vgg_error *err)
{
    nonet_vgg_status status = execute(run, c, 1 + run->settings->warmup, err);
    if (status == NONET_VGG_OK)
        status = hash_output(run, report, &report->rows[c->row], err);
    return status == NONET_VGG_OK ? calibrate(run, report, c, err) : status;
}

static void cool(const layer_run *run, bench_report *report, const contender *c)
{
    size_t bytes;
    const void *data = bench_weights_data(c->weights, &bytes);
    if (run->settings->cold == BENCH_COLD_ALL)
        bench_sweep_all(&report->broom);
    if (run->settings->cold != BENCH_WARM)
        bench_sweep_range(&report->broom, data, bytes);
}

static nonet_vgg_status sample(layer_run *run, bench_report *report, const contender *c, nonet_vgg_error *err)
{
    cool(run, report, c);
    bench_row *row = &report->rows[c->row];
    double cpu = bench_cpu_time(), start = bench_now();
    nonet_vgg_status status = execute(run, c, c->runs, err);
    double seconds = bench_now() - start;
    cpu = bench_cpu_time() - cpu;
    if (status != NONET_VGG_OK)
        return status;
    row->cpu = (row->cpu * (double)row->iterations + cpu) / (double)(row->iterations + c->runs);
    row->iterations += c->runs;
    if (!bench_series_add(&row->seconds, seconds / (double)c->runs))
        return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    return NONET_VGG_OK;
}

/* min_time is each contender's; peers' time is not counted. */
static nonet_vgg_status measure(layer_run *run, bench_report *report, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < run->count && status == NONET_VGG_OK; i++)
        status = warm_up(run, report, &run->contenders[i], err);
    double seconds = 0, before = report->sum.ours;
    for (int done = 0; status == NONET_VGG_OK && bench_again(run->settings, done, seconds); done++) {
        bench_turn turn = bench_turn_begin();
        for (int i = 0; i < run->count && status == NONET_VGG_OK; i++)
            status = sample(run, report, &run->contenders[(i + done) % run->count], err);
        bench_turn_end(&turn, &report->sum);
        seconds = (report->sum.ours - before) / run->count;
        if (status == NONET_VGG_OK)
            status = bench_peers_sample(run->peers, err);
    }
    return status;
}

static nonet_vgg_status measure_phases(layer_run *run, bench_report *report, nonet_vgg_error *err)
{
    for (int i = 0; i < run->count && run->settings->phases; i++)
        if (!bench_phases(run->contenders[i].plan, PHASE_SECONDS, &report->rows[run->contenders[i].row].phases))
            return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory to measure the phases with");
    return NONET_VGG_OK;
}

static nonet_vgg_status prepare(layer_run *run, bench_report *report, nonet_vgg_error *err)
{
    const bench_settings *s = run->settings;
    nonet_vgg_status status = make_data(run, err);
    for (int i = 0; i < (s->algo_count ? s->algo_count : 1) && status == NONET_VGG_OK; i++)
        status = add_contender(run, report, s->algo_count ? s->algos[i] : s->conv.algo, err);
    for (int i = 0; i < run->count && status == NONET_VGG_OK; i++)
        status = add_row(run, report, &run->contenders[i], err);
    if (status == NONET_VGG_OK && run->count > 0)
        status = bench_peers_open_layer(&run->peers, s, &run->p, report->threads, run->nchw, run->oihw, run->bias, err);
    return status;
}

static void release(layer_run *run)
{
    for (int i = 0; i < run->count; i++) {
        nonet_weights_destroy(run->contenders[i].weights);
        nonet_plan_destroy(run->contenders[i].plan);
        bench_free(run->contenders[i].workspace);
    }
    bench_peers_close(run->peers);
    bench_free(run->nchw);
    bench_free(run->src);
    bench_free(run->dst);
    bench_free(run->oihw);
    bench_free(run->bias);
}

static void describe(const nonet_conv *p, const bench_settings *settings, bench_report *report)
{
    snprintf(report->subject, sizeof report->subject,
             "layer: batch %d, %d channels of %dx%d to %d, kernel %dx%d, stride %d, padding %d%s%s; random He weights and "
             "positive inputs, seed %llu, %s", p->n, p->c, p->h, p->w, p->k, p->r, p->s, p->stride, p->pad,
             p->relu ? ", ReLU" : "", p->pool ? ", pool" : "", (unsigned long long)settings->seed,
             bench_cold_name(settings->cold));
}

static nonet_vgg_status measure_pinned(layer_run *run, bench_report *report, nonet_vgg_error *err)
{
    bench_peers_helpers(run->peers, &report->helpers);
    bench_report_pin(report);
    nonet_vgg_status status = measure(run, report, err);
    if (status == NONET_VGG_OK)
        status = measure_phases(run, report, err);
    bench_report_unpin(report);
    if (status == NONET_VGG_OK)
        status = bench_peers_rows(run->peers, report, run->first, err);
    return status;
}

static nonet_vgg_status bench_one(const nonet_conv *problem, bench_report *report, nonet_vgg_error *err)
{
    layer_run run = { .settings = report->settings, .p = *problem, .first = report->count };
    run.p.src_layout = problem->c <= NONET_FEW_CHANNELS ? NONET_NCHW : NONET_NCHW16C;
    run.p.dst_layout = NONET_NCHW16C;
    nonet_status shape = nonet_conv_output(&run.p, &run.oh, &run.ow);
    if (shape != NONET_OK)
        return fail_with(shape, "layer", err);
    nonet_vgg_status status = prepare(&run, report, err);
    if (status == NONET_VGG_OK && run.count > 0)
        status = measure_pinned(&run, report, err);
    release(&run);
    return status;
}

nonet_vgg_status bench_layers(const bench_settings *settings, const nonet_conv *problems, int count, nonet_vgg_error *err)
{
    bench_report report = { 0 };
    nonet_vgg_status status = bench_peers_check(settings, err);
    if (status == NONET_VGG_OK)
        status = bench_report_open(&report, settings, err);
    if (count == 1)
        describe(problems, settings, &report);
    else
        snprintf(report.subject, sizeof report.subject, "%d layers; random He weights and positive inputs, seed %llu, %s", count,
                 (unsigned long long)settings->seed, bench_cold_name(settings->cold));
    for (int i = 0; i < count && status == NONET_VGG_OK; i++)
        status = bench_one(&problems[i], &report, err);
    if (status == NONET_VGG_OK && report.count == 0)
        status = bench_fail(err, NONET_VGG_USAGE, "none of these algorithms can compute any of these layers");
    if (status == NONET_VGG_OK)
        status = bench_report_finish(&report, err);
    bench_report_free(&report);
    return status;
}
