/* network.c - runs the network: class posteriors, the dense class map, and how long each layer takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/stats.h"
#include "bench/timer.h"
#include "cli/explain/explain.h"
#include "vgg/descriptor.h"
#include "vgg/labels.h"

int explain_dense_size(int h, int w)
{
    int side = h < w ? h : w;
    return side < 64 ? 2 * side : (side * 384 + 112) / 224;
}

/* ---- times ---- */

/* A row of medians for each layer; series: one a layer. */
static int fill_times(explanation *x, const nonet_vgg *net, int layers, const bench_series *series)
{
    x->times.rows = calloc((size_t)layers, sizeof *x->times.rows);
    x->names = calloc((size_t)layers, sizeof *x->names);
    int ok = x->times.rows && x->names;
    for (int i = 0; i < layers && ok; i++) {
        bench_stats stats;
        nonet_vgg_layer_info layer;
        ok = bench_stats_of(&series[i], &stats);
        nonet_vgg_layer(net, i, &layer);
        snprintf(x->names[i], VGG_NAME, "%s", layer.name);
        x->times.rows[i] = (results_row){ .name = x->names[i], .median = stats.median, .low = stats.low, .high = stats.high };
        x->times.count = i + 1;
    }
    return ok;
}

/* One forward to warm up, then as many as asked for. */
static nonet_vgg_status run_often(explanation *x, nonet_vgg *net, const explain_request *r, const float *src, float *scores,
                                  bench_series *series, double *seconds, nonet_vgg_error *err)
{
    enum { LEAST = 7, MOST = 101 };
    nonet_vgg_info info;
    nonet_vgg_query(net, &info);
    nonet_vgg_status status = nonet_vgg_forward(net, src, scores, NULL, err);
    double start = bench_now();
    for (int n = 0; status == NONET_VGG_OK; n++) {
        if (r->repetitions ? n == r->repetitions : n == MOST || (n >= LEAST && bench_now() - start > 0.5))
            break;
        status = nonet_vgg_forward(net, src, scores, seconds, err);
        for (int i = 0; i < info.layers && status == NONET_VGG_OK; i++)
            if (!bench_series_add(&series[i], seconds[i]))
                status = vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the layers' times");
        x->repetitions = n + 1;
    }
    return status;
}

/* Scores of the centre crop, and times. */
static nonet_vgg_status run_centre(explanation *x, nonet_vgg *net, const explain_request *r, float *scores, nonet_vgg_error *err)
{
    nonet_vgg_info info;
    nonet_vgg_query(net, &info);
    float *src = malloc((size_t)info.c * (size_t)info.h * (size_t)info.w * sizeof *src);
    double *seconds = malloc((size_t)info.layers * sizeof *seconds);
    bench_series *series = calloc((size_t)info.layers, sizeof *series);
    int ok = src && seconds && series;
    nonet_vgg_status status = ok ? vgg_prepare_picture(&x->prepared.how, &x->whole, src, err) : NONET_VGG_OK;
    if (ok && status == NONET_VGG_OK)
        status = run_often(x, net, r, src, scores, series, seconds, err);
    if (status == NONET_VGG_OK && !(ok && fill_times(x, net, info.layers, series)))
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the picture and its times");
    for (int i = 0; i < info.layers && series; i++)
        bench_series_free(&series[i]);
    free(series);
    free(seconds);
    free(src);
    return status;
}

/* ---- classes ---- */

static int is_above(const float *scores, int a, int b)
{
    return scores[a] > scores[b] || (scores[a] == scores[a] && scores[b] != scores[b]);
}

/* The likeliest classes of the centre crop, in order; of equal ones the lower number first. */
static void pick_top(explanation *x, const float *posteriors)
{
    x->tops = x->classes < EXPLAIN_TOP ? x->classes : EXPLAIN_TOP;
    for (int i = 0; i < x->tops; i++) {
        int best = -1;
        for (int k = 0; k < x->classes; k++) {
            int taken = 0;
            for (int j = 0; j < i; j++)
                taken |= x->top[j].number == k;
            if (!taken && (best < 0 || is_above(posteriors, k, best)))
                best = k;
        }
        x->top[i].number = best;
        x->top[i].centre = posteriors[best];
    }
}

static int name_classes(explanation *x, const char *const *labels, const char *path)
{
    char **read = NULL;
    int count = 0;
    nonet_vgg_error err;
    if (path) {
        nonet_vgg_status status = vgg_labels_read(&read, &count, path, &err);
        if (status != NONET_VGG_OK)
            return cli_fail(cli_exit_of(status), "%s", err.text);
        labels = (const char *const *)read;
    } else if (!labels && x->classes == VGG_IMAGENET_CLASSES) {
        labels = vgg_labels_imagenet;
    }
    int fits = !path || count == x->classes;
    for (int i = 0; i < x->tops && labels && fits; i++)
        snprintf(x->top[i].label, sizeof x->top[i].label, "%s", labels[x->top[i].number]);
    vgg_labels_free(read, count);
    return fits ? 0 : cli_fail(EXIT_DATA, "%s: has %d names, but the network has %d classes", path, count, x->classes);
}

/* ---- the map ---- */

/* A layer moves the middle of what the first position sees, and widens the steps. */
static void follow(explain_axis *axis, int kernel, int stride, int pad)
{
    axis->first += (0.5 * (kernel - 1) - pad) * axis->step;
    axis->step *= stride;
}

static explain_axis axis_of(const nonet_vgg *net, int layers, int across)
{
    explain_axis axis = { 0.5, 1 };
    for (int i = 0; i < layers; i++) {
        nonet_vgg_layer_info l;
        nonet_vgg_layer(net, i, &l);
        if (!strcmp(l.type, "conv"))
            follow(&axis, across ? l.s : l.r, l.stride, l.pad);
        else if (!strcmp(l.type, "fc"))
            follow(&axis, across ? l.w - l.ow + 1 : l.h - l.oh + 1, 1, 0);
        if (l.pool || !strcmp(l.type, "maxpool"))
            follow(&axis, 2, 2, 0);
    }
    return axis;
}

/* Posteriors of all classes from scores that lie `step` apart. */
static void soften(const float *scores, size_t step, int classes, float *posteriors)
{
    for (int k = 0; k < classes; k++)
        posteriors[k] = scores[(size_t)k * step];
    nonet_softmax(1, classes, posteriors, posteriors);
}

/* Those of the averaged scores, as the paper does it. */
static void soften_mean(const float *map, size_t positions, int classes, float *posteriors)
{
    for (int k = 0; k < classes; k++) {
        double sum = 0;
        for (size_t i = 0; i < positions; i++)
            sum += (double)map[(size_t)k * positions + i];
        posteriors[k] = (float)(sum / (double)positions);
    }
    nonet_softmax(1, classes, posteriors, posteriors);
}

static nonet_vgg_status fill_maps(explanation *x, const float *map, float *posteriors, nonet_vgg_error *err)
{
    size_t positions = (size_t)x->map_h * (size_t)x->map_w;
    soften_mean(map, positions, x->classes, posteriors);
    for (int i = 0; i < x->tops; i++) {
        x->top[i].dense = posteriors[x->top[i].number];
        x->top[i].map = malloc(positions * sizeof(float));
        if (!x->top[i].map)
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the classes' maps");
    }
    for (size_t p = 0; p < positions; p++) {
        soften(map + p, positions, x->classes, posteriors);
        for (int i = 0; i < x->tops; i++) {
            explain_class *class = &x->top[i];
            class->map[p] = posteriors[class->number];
            if (p == 0 || class->map[p] > class->most) {
                class->most = class->map[p];
                class->at = (int)p;
            }
        }
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status run_dense(explanation *x, nonet_vgg *net, const explain_request *r, float *posteriors,
                                  nonet_vgg_error *err)
{
    float *map = NULL;
    nonet_vgg_info info;
    vgg_window window = vgg_whole_window(&x->whole, x->side);
    nonet_vgg_status status = vgg_dense_map(net, &x->prepared.how, &x->whole, x->side, 0, &map, &info, &x->seen.pixels, err);
    status = vgg_picture_blame(status, r->picture, err);
    if (status != NONET_VGG_OK)
        return status;
    x->seen = (vgg_picture){ window.columns, window.rows, x->whole.channels, x->seen.pixels };
    x->map_h = info.out_h;
    x->map_w = info.out_w;
    x->memory = info.memory;
    x->down = axis_of(net, info.layers, 0);
    x->across = axis_of(net, info.layers, 1);
    status = fill_maps(x, map, posteriors, err);
    free(map);
    return status;
}

/* ---- all of it ---- */

static int check(explanation *x, const explain_request *r, const nonet_vgg_info *info)
{
    int least = info->h < info->w ? info->h : info->w;
    if (info->out_h != 1 || info->out_w != 1)
        return cli_fail(EXIT_DATA, "%s: ends in a map of %d x %d, not in class scores", r->model.path, info->out_h, info->out_w);
    if (info->c != 1 && info->c != 3)
        return cli_fail(EXIT_DATA, "%s: a network with %d input channels takes no pictures", r->model.path, info->c);
    if (r->dense_size && r->dense_size < least)
        return cli_fail(EXIT_USAGE, "%s: takes inputs of %d x %d, so --dense-size %d is too small", r->model.path, info->h,
                        info->w, r->dense_size);
    x->classes = info->out_c;
    x->view_h = info->h;
    x->view_w = info->w;
    x->side = r->dense_size ? r->dense_size : explain_dense_size(info->h, info->w);
    snprintf(x->net, sizeof x->net, "%s", info->name);
    return cli_prepare(&x->prepared, &r->model, info);
}

static int run_all(explanation *x, nonet_vgg *net, const explain_request *r, const nonet_vgg_info *info)
{
    nonet_vgg_error err;
    float *scores = malloc((size_t)x->classes * sizeof *scores);
    nonet_vgg_status status = scores ? vgg_picture_convert(&x->whole, info->c, &err)
                                     : vgg_fail(&err, NONET_VGG_NO_MEMORY, "no memory for the scores");
    if (status == NONET_VGG_OK)
        status = run_centre(x, net, r, scores, &err);
    int fault = 0;
    if (status == NONET_VGG_OK) {
        soften(scores, 1, x->classes, scores);
        status = vgg_picture_blame(vgg_check_scores(scores, x->classes, &err), r->picture, &err);
    }
    if (status == NONET_VGG_OK) {
        pick_top(x, scores);
        fault = name_classes(x, info->labels, r->labels);
    }
    if (status == NONET_VGG_OK && !fault)
        status = run_dense(x, net, r, scores, &err);
    free(scores);
    return status == NONET_VGG_OK ? fault : cli_fail(cli_exit_of(status), "%s", err.text);
}

int explain_classes(explanation *x, const explain_request *r)
{
    nonet_vgg *net = NULL;
    nonet_vgg_info info;
    int fault = cli_net_open(&net, r->model.path, &r->model,
                             (nonet_vgg_options){ .conv = r->common.conv, .dense = 1, .max_memory = r->max_memory });
    if (fault)
        return fault;
    nonet_vgg_query(net, &info);
    fault = check(x, r, &info);
    if (!fault)
        fault = run_all(x, net, r, &info);
    nonet_vgg_close(net);
    return fault;
}

void explain_free(explanation *x)
{
    for (int i = 0; i < EXPLAIN_TOP; i++)
        free(x->top[i].map);
    for (int i = 0; i < EXPLAIN_TILES; i++)
        vgg_picture_clear(&x->tile[i].picture);
    vgg_picture_clear(&x->whole);
    vgg_picture_clear(&x->seen);
    free(x->times.rows);
    free(x->names);
}
