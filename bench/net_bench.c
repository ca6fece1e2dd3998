/* net_bench.c - whole networks, through nonet_vgg.h alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/data.h"
#include "bench/inside.h"
#include "bench/peers/run.h"
#include "bench/report.h"
#include "bench/timer.h"

typedef struct net_run {
    const bench_settings *settings;
    nonet_vgg *net;
    nonet_vgg_info info;
    float *src, *dst;
    size_t out_floats;
    double *seconds;            /* of the layers in the last forward */
    bench_peers *peers;         /* NULL without --peers */
    int first;                  /* row of the first layer; the sums stand behind the last */
    int sums;
} net_run;

/* Kinds of rows in each sum, in the order of the rows. */
static const struct {
    const char *name;
    unsigned of;
} sums[] = {
    { "convolutions", ROW_CONV },
    { "fc", ROW_FC },
    { "total", ROW_CONV | ROW_FC | ROW_OTHER },
};
enum { SUMS = sizeof sums / sizeof sums[0] };

static nonet_vgg_status open_net(net_run *run, const char *name, int threads, nonet_vgg_error *err)
{
    const bench_settings *s = run->settings;
    nonet_vgg_options options = { .batch = s->batch, .height = s->height, .width = s->width, .dense = s->dense, .conv = s->conv,
                                  .keep_threads = 1, .progress = s->progress };
    options.conv.threads = threads;
    if (!s->model)
        return nonet_vgg_random(&run->net, name, s->seed, &options, err);
    options.net = name;
    return nonet_vgg_open(&run->net, s->model, &options, err);
}

/* Inputs like a normalised picture. */
static nonet_vgg_status make_data(net_run *run, nonet_vgg_error *err)
{
    const nonet_vgg_info *i = &run->info;
    size_t floats = nonet_tensor_floats(NONET_NCHW, i->batch, i->c, i->h, i->w);
    run->out_floats = nonet_tensor_floats(NONET_NCHW, i->batch, i->out_c, i->out_h, i->out_w);
    run->src = bench_floats(floats);
    run->dst = bench_floats(run->out_floats);
    run->seconds = calloc((size_t)i->layers, sizeof *run->seconds);
    if (!run->src || !run->dst || !run->seconds)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory for inputs and outputs");
    bench_fill_normal(run->src, floats, 1.0, run->settings->seed);
    return NONET_VGG_OK;
}

static int is_fc(const nonet_vgg_layer_info *layer)
{
    return strcmp(layer->type, "fc") == 0;
}

static bench_kind kind_of(const nonet_vgg_layer_info *layer)
{
    return is_fc(layer) ? ROW_FC : strcmp(layer->type, "conv") == 0 ? ROW_CONV : ROW_OTHER;
}

static nonet_conv problem_of(const nonet_vgg_layer_info *layer, int batch)
{
    nonet_conv p = { .n = batch, .c = layer->c, .h = layer->h, .w = layer->w, .k = layer->k };
    p.r = layer->r;
    p.s = layer->s;
    p.stride = layer->stride;
    p.pad = layer->pad;
    return p;
}

static void fill_bytes(bench_row *row, const nonet_vgg_layer_info *layer, const net_run *run, const bench_report *report)
{
    int batch = run->info.batch;
    nonet_layout src = layer->c <= NONET_FEW_CHANNELS ? NONET_NCHW : NONET_NCHW16C;
    double maps = (double)sizeof(float) * (double)(nonet_tensor_floats(src, batch, layer->c, layer->h, layer->w) +
                                                   nonet_tensor_floats(NONET_NCHW16C, batch, layer->k, layer->oh, layer->ow));
    bench_work_bytes(&row->work, &(bench_residence){ .weights = (double)layer->plan.weights, .maps = maps,
                                                     .total = (double)run->info.memory,
                                                     .last_cache = (double)bench_host_last_cache(&report->host),
                                                     .cold = run->settings->cold });
}

/* plan: of convolutions and fully connected layers. */
static void fill_layer_row(bench_row *row, const nonet_vgg_layer_info *layer, const nonet_plan *plan, const net_run *run,
                           const bench_report *report)
{
    snprintf(row->shape, sizeof row->shape, "%dx%dx%d -> %dx%dx%d", layer->c, layer->h, layer->w, layer->k, layer->oh, layer->ow);
    row->threads = report->threads;
    row->batch = run->info.batch;
    row->runs = 1;
    if (row->kind == ROW_OTHER) {
        snprintf(row->algorithm, sizeof row->algorithm, "%s", layer->type);
        fill_bytes(row, layer, run, report);
        return;
    }
    nonet_conv p = problem_of(layer, run->info.batch);
    snprintf(row->algorithm, sizeof row->algorithm, "%s", nonet_algo_name(layer->plan.algo));
    snprintf(row->kernel, sizeof row->kernel, "%s", layer->plan.kernel ? layer->plan.kernel : "");
    row->work = bench_work_planned(&p, plan);
    row->threads = layer->plan.threads;
    fill_bytes(row, layer, run, report);
}

static nonet_vgg_status add_rows(net_run *run, bench_report *report, nonet_vgg_error *err)
{
    unsigned seen = 0;
    run->first = report->count;
    for (int i = 0; i < run->info.layers; i++) {
        nonet_vgg_layer_info layer;
        nonet_vgg_layer(run->net, i, &layer);
        bench_row *row = bench_report_add(report, kind_of(&layer), "%s/%s", run->info.name, layer.name);
        if (!row)
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
        const nonet_plan *plan = bench_net_plan(run->net, i);
        fill_layer_row(row, &layer, plan, run, report);
        if (plan)
            bench_blocking(plan, row->blocking, sizeof row->blocking);
        seen |= (unsigned)row->kind;
    }
    for (int i = 0; i < SUMS; i++) {
        if (!(sums[i].of & seen))
            continue;
        bench_row *row = bench_report_add(report, ROW_SUM, "%s/%s", run->info.name, sums[i].name);
        if (!row)
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
        row->first = run->first;
        row->of = sums[i].of;
        row->threads = report->threads;
        row->batch = run->info.batch;
        row->runs = 1;
        run->sums++;
    }
    return NONET_VGG_OK;
}

/* Files the times of one forward: each layer's, and each sum's (the last one, the total, by the clock around it all). */
static int file_times(net_run *run, bench_report *report, double total)
{
    int layers = run->info.layers, good = 1;
    for (int i = 0; i < layers + run->sums; i++) {
        bench_row *row = &report->rows[run->first + i];
        double seconds = i < layers ? run->seconds[i] : 0;
        for (int j = 0; i >= layers && j < layers; j++)
            if (report->rows[run->first + j].kind & row->of)
                seconds += run->seconds[j];
        if (i == layers + run->sums - 1)
            seconds = total;
        row->iterations++;
        good &= bench_series_add(&row->seconds, seconds);
    }
    return good;
}

static nonet_vgg_status forward(net_run *run, nonet_vgg_error *err)
{
    return nonet_vgg_forward(run->net, run->src, run->dst, run->seconds, err);
}

static void sweep_weights(void *broom, const void *data, size_t bytes)
{
    bench_sweep_range(broom, data, bytes);
}

static void cool(const net_run *run, bench_report *report)
{
    if (run->settings->cold == BENCH_COLD_ALL)
        bench_sweep_all(&report->broom);
    if (run->settings->cold != BENCH_WARM)
        bench_net_weights(run->net, sweep_weights, &report->broom);
}

static nonet_vgg_status measure_phases(const net_run *run, bench_report *report, nonet_vgg_error *err)
{
    for (int i = 0; i < run->info.layers && run->settings->phases; i++) {
        const nonet_plan *plan = bench_net_plan(run->net, i);
        if (plan && !bench_phases(plan, PHASE_SECONDS, &report->rows[run->first + i].phases))
            return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory to measure the phases with");
    }
    return NONET_VGG_OK;
}

/* The first run, which touches what no run has touched yet, makes the hash and is never counted. */
static nonet_vgg_status warm_up(net_run *run, bench_report *report, nonet_vgg_error *err)
{
    nonet_vgg_status status = forward(run, err);
    if (status == NONET_VGG_OK)
        bench_hash(run->dst, run->out_floats * sizeof(float), report->rows[report->count - 1].hash);
    for (int i = 0; i < run->settings->warmup && status == NONET_VGG_OK; i++)
        status = forward(run, err);
    if (status == NONET_VGG_OK)
        bench_peers_warm(run->peers, report, run->dst);
    return status;
}

static nonet_vgg_status repeat(net_run *run, bench_report *report, nonet_vgg_error *err)
{
    const bench_settings *s = run->settings;
    nonet_vgg_status status = warm_up(run, report, err);
    int done = 0;
    double cpu = 0, before = report->sum.ours;      /* peers' time does not count against min_time */
    while (status == NONET_VGG_OK && bench_again(s, done, report->sum.ours - before)) {
        bench_turn turn = bench_turn_begin();
        cool(run, report);
        double start = bench_now(), cpu_start = bench_cpu_time();
        status = forward(run, err);
        cpu += bench_cpu_time() - cpu_start;
        if (status == NONET_VGG_OK && !file_times(run, report, bench_now() - start))
            status = bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
        bench_turn_end(&turn, &report->sum);
        if (status == NONET_VGG_OK)
            status = bench_peers_sample(run->peers, err);
        done++;
    }
    if (status == NONET_VGG_OK)
        report->rows[report->count - 1].cpu = cpu / done;
    return status;
}

/* An anonymous record has the file's name alone. */
static const char *model_name(const bench_settings *settings)
{
    const char *slash = strrchr(settings->model, '/');
    return settings->anonymous && slash ? slash + 1 : settings->model;
}

static void describe(const net_run *run, bench_report *report)
{
    const nonet_vgg_info *i = &run->info;
    size_t used = strlen(report->subject), left = sizeof report->subject - used;
    char seed[64];
    snprintf(seed, sizeof seed, "random He weights, seed %llu", (unsigned long long)run->settings->seed);
    snprintf(report->subject + used, left, "%s%s: batch %d, input %dx%dx%d, %s, %s, %.0f MB, output hash %s", used ? "\n" : "",
             i->name, i->batch, i->c, i->h, i->w, run->settings->model ? model_name(run->settings) : seed,
             bench_cold_name(run->settings->cold), 1e-6 * (double)i->memory,
             report->rows[report->count - 1].hash);
}

static nonet_vgg_status bench_net(bench_report *report, const char *name, nonet_vgg_error *err)
{
    net_run run = { .settings = report->settings };
    nonet_vgg_status status = open_net(&run, name, report->threads, err);
    if (status != NONET_VGG_OK)
        return status;
    nonet_vgg_query(run.net, &run.info);
    if (run.info.unfit)
        fprintf(stderr, "nonet bench: %s: its packed weights are for another machine or other options; the plain ones serve\n",
                run.settings->model);
    status = make_data(&run, err);
    if (status == NONET_VGG_OK)
        status = add_rows(&run, report, err);
    if (status == NONET_VGG_OK)
        status = bench_peers_open_net(&run.peers, report->settings, run.net, report->threads, run.src, err);
    if (status == NONET_VGG_OK) {
        bench_peers_helpers(run.peers, &report->helpers);
        bench_report_pin(report);
        status = repeat(&run, report, err);
        if (status == NONET_VGG_OK)
            status = measure_phases(&run, report, err);
        bench_report_unpin(report);
    }
    if (status == NONET_VGG_OK)
        describe(&run, report);
    if (status == NONET_VGG_OK)
        status = bench_peers_rows(run.peers, report, report->count - 1, err);
    bench_peers_close(run.peers);
    nonet_vgg_close(run.net);
    bench_free(run.src);
    bench_free(run.dst);
    free(run.seconds);
    return status;
}

nonet_vgg_status bench_nets(const bench_settings *settings, const char *const *names, int count, nonet_vgg_error *err)
{
    bench_report report = { 0 };
    nonet_vgg_status status = bench_peers_check(settings, err);
    if (status == NONET_VGG_OK)
        status = bench_report_open(&report, settings, err);
    for (int i = 0; i < (count || !settings->model ? count : 1) && status == NONET_VGG_OK; i++)
        status = bench_net(&report, count ? names[i] : NULL, err);
    if (status == NONET_VGG_OK)
        status = bench_report_finish(&report, err);
    bench_report_free(&report);
    return status;
}
