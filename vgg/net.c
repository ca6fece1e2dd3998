/* net.c - opens a network: from a model file, or with random weights; has its weights packed and allocates what it needs to
 * run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vgg/net.h"
#include "vgg/nets.h"
#include "vgg/random.h"

/* Weights that are made as they are needed, in a buffer that grows and goes back to the system: malloc would keep 16 MB of it. */
typedef struct random_source {
    const nonet_vgg *net;
    uint64_t seed;
    float *rows;                /* weights, then biases */
    size_t floats;
} random_source;

static int hold(random_source *from, size_t floats)
{
    if (floats <= from->floats)
        return 1;
    nonet_free(from->rows, from->floats * sizeof(float));
    from->rows = nonet_alloc(floats * sizeof(float));
    from->floats = from->rows ? floats : 0;
    return from->rows != NULL;
}

static nonet_vgg_status random_rows(void *context, const vgg_step *step, int first, int count, const float **weight,
                                    const float **bias, nonet_vgg_error *err)
{
    random_source *from = context;
    size_t row = (size_t)step->conv.c * (size_t)step->conv.r * (size_t)step->conv.s;
    if (!hold(from, (size_t)count * (row + 1)))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "layer %s: not enough memory for its weights", step->layer.name);
    float *weights = from->rows, *biases = from->rows + (size_t)count * row;
    int parts = from->net->options.conv.threads;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int i = 0; i < parts; i++) {
        int start = (int)((long)count * i / parts), end = (int)((long)count * (i + 1) / parts);
        vgg_random_rows(&step->layer, from->seed, step->index, first + start, end - start, weights + (size_t)start * row,
                        biases + start);
    }
    *weight = weights;
    *bias = biases;
    return NONET_VGG_OK;
}

/* ---- open and close ---- */

/* The layers' data have been packed; what describes the model stays, and the map if packed weights are used out of it. */
static void release_data(vgg_model *model, int keep_map)
{
    for (int i = 0; i < model->owned_count; i++)
        free(model->owned[i]);
    free(model->owned);
    if (model->map && !keep_map) {
        munmap(model->map, model->map_size);
        model->map = NULL;
    }
    for (int i = 0; i < model->count; i++)
        model->layers[i].weight = model->layers[i].bias = NULL;
    model->owned = NULL;
    model->owned_count = 0;
}

static nonet_vgg_status check_options(const nonet_vgg_options *o, nonet_vgg_error *err)
{
    if (o->batch < 0 || o->height < 0 || o->width < 0 || (o->height == 0) != (o->width == 0))
        return vgg_fail(err, NONET_VGG_USAGE, "batch, height and width must not be negative, and height goes with width");
    const nonet_options *c = &o->conv;
    if (c->threads < 0 || (unsigned)c->algo >= NONET_ALGO_COUNT || (unsigned)c->fc_weights >= NONET_FC_COUNT ||
        (unsigned)c->weights >= NONET_WEIGHTS_COUNT)
        return vgg_fail(err, NONET_VGG_USAGE,
                        "threads must not be negative; algorithm, type of FC weights and form of weights must be known ones");
    nonet_isa isa;
    if (nonet_isa_current(&isa) != NONET_OK)
        return vgg_fail(err, NONET_VGG_USAGE, "NONET_ISA=%s: %s", getenv("NONET_ISA") ? getenv("NONET_ISA") : "",
                        nonet_status_string(NONET_BAD_ISA));
    return NONET_VGG_OK;
}

/* The size of the first steps: the caller's, but a dense network's choices are made at the size that it was trained on. */
static nonet_vgg_status choose_size(nonet_vgg *net, nonet_vgg_error *err)
{
    int given = net->options.height && !net->options.dense;
    nonet_vgg_status status = NONET_VGG_OK;
    net->h = given ? net->options.height : net->model.h;
    net->w = given ? net->options.width : net->model.w;
    if (!net->h || !net->w)
        status = vgg_input_size(&net->model, &net->h, &net->w, err);
    net->trained_h = net->h;
    net->trained_w = net->w;
    return status;
}

/* The model is in net->model, folded: everything but the weights' values. */
static nonet_vgg_status prepare(nonet_vgg *net, const vgg_source *source, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    net->batch = net->options.batch ? net->options.batch : 1;
    net->options.conv.threads = nonet_threads_for(net->options.conv.threads);
    status = choose_size(net, err);
    if (status == NONET_VGG_OK)
        status = vgg_build_steps(net, err);
    net->options.last = NULL;   /* the caller's string was needed only until here */
    net->options.net = NULL;
    if (status == NONET_VGG_OK && net->options.dense && net->options.height)
        status = vgg_rebuild(net, net->batch, net->options.height, net->options.width, err);
    if (status == NONET_VGG_OK)
        status = vgg_check_budget(net, err);
    if (status == NONET_VGG_OK)
        status = vgg_pack_steps(net, source, err);
    return status == NONET_VGG_OK ? vgg_alloc_buffers(net, err) : status;
}

/* A zeroed network with its options, or a sentence. */
static nonet_vgg_status create(nonet_vgg **net, const nonet_vgg_options *options, nonet_vgg_error *err)
{
    static const nonet_vgg_options defaults;
    options = options ? options : &defaults;
    nonet_vgg_status status = check_options(options, err);
    if (status != NONET_VGG_OK)
        return status;
    *net = calloc(1, sizeof **net);
    if (!*net)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory");
    (*net)->options = *options;
    return NONET_VGG_OK;
}

/* Hands the network out, or takes it down. */
static nonet_vgg_status finish(nonet_vgg **out, nonet_vgg *net, nonet_vgg_status status)
{
    if (status == NONET_VGG_OK)
        *out = net;
    else
        nonet_vgg_close(net);
    return status;
}

nonet_vgg_status vgg_open_model(nonet_vgg **out, const char *path, const nonet_vgg_options *options, int keep,
                                nonet_vgg_error *err)
{
    nonet_vgg *net;
    *out = NULL;
    nonet_vgg_status status = create(&net, options, err);
    if (status != NONET_VGG_OK)
        return status;
    status = vgg_model_open(&net->model, path, net->options.net, err);
    if (status == NONET_VGG_OK && (keep || net->options.verify))
        status = vgg_nonet_check_all(&net->model, err);
    if (status == NONET_VGG_OK)
        status = vgg_model_fold(&net->model, err);
    if (status == NONET_VGG_OK) {
        vgg_file_source from = { .model = &net->model };
        vgg_source source = { &from, vgg_file_rows };
        snprintf(net->name, sizeof net->name, "%s", vgg_net_name(&net->model));
        status = prepare(net, &source, err);
        if (!keep)
            release_data(&net->model, net->mapped > 0);
    }
    return finish(out, net, status);
}

nonet_vgg_status nonet_vgg_open(nonet_vgg **out, const char *path, const nonet_vgg_options *options, nonet_vgg_error *err)
{
    if (!out || !path)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_open: a null pointer");
    return vgg_open_model(out, path, options, 0, err);
}

nonet_vgg_status nonet_vgg_random(nonet_vgg **out, const char *name, uint64_t seed, const nonet_vgg_options *options,
                                  nonet_vgg_error *err)
{
    nonet_vgg *net;
    if (!out || !name)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_random: a null pointer");
    *out = NULL;
    const vgg_netspec *spec = vgg_net_find(name);
    if (!spec)
        return vgg_fail(err, NONET_VGG_USAGE, "%s: there is no such network (" VGG_NET_NAMES ")", name);
    nonet_vgg_status status = create(&net, options, err);
    if (status != NONET_VGG_OK)
        return status;
    status = vgg_model_from_spec(&net->model, spec, seed, err);
    if (status == NONET_VGG_OK) {
        random_source from = { .net = net, .seed = seed };
        vgg_source source = { &from, random_rows };
        snprintf(net->name, sizeof net->name, "%s", name);
        status = prepare(net, &source, err);
        nonet_free(from.rows, from.floats * sizeof(float));
    }
    return finish(out, net, status);
}

void nonet_vgg_close(nonet_vgg *net)
{
    if (!net)
        return;
    vgg_release_threads(net);
    for (int i = 0; i < net->count; i++)
        nonet_weights_destroy(net->steps[i].weights);
    vgg_free_steps(net->steps, net->count);
    free(net->pins);
    vgg_free_buffers(net);
    vgg_model_clear(&net->model);
    free(net);
}

/* ---- what it is ---- */

void nonet_vgg_query(const nonet_vgg *net, nonet_vgg_info *info)
{
    const vgg_step *last = &net->steps[net->count - 1];
    vgg_needs held = vgg_needs_of(net);
    memcpy(held.act_floats, net->act_floats, sizeof held.act_floats);
    held.workspace_bytes = net->workspace_bytes;
    *info = (nonet_vgg_info){
        .batch = net->batch, .c = net->model.c, .h = net->h, .w = net->w,
        .out_c = last->k, .out_h = last->oh, .out_w = last->ow,
        .layers = net->count,
        .ends_in_softmax = last->layer.type == VGG_SOFTMAX,
        .kind = net->model.kind, .mean = net->model.mean, .std = net->model.std,
        .labels = net->model.nlabels == last->k ? (const char *const *)net->model.labels : NULL,
        .name = net->name,
        .memory = vgg_needs_bytes(&held),
        .mapped = net->mapped, .unfit = net->unfit,
    };
}

nonet_vgg_status nonet_vgg_layer(const nonet_vgg *net, int index, nonet_vgg_layer_info *info)
{
    static const char *const types[] = { "conv", "batchnorm", "relu", "lrn", "maxpool", "avgpool", "flatten", "fc", "dropout",
                                         "softmax" };
    if (!net || !info || index < 0 || index >= net->count)
        return NONET_VGG_USAGE;
    const vgg_step *s = &net->steps[index];
    *info = (nonet_vgg_layer_info){
        .name = s->layer.name, .type = types[s->layer.type], .c = s->c, .h = s->h, .w = s->w, .k = s->k, .oh = s->oh, .ow = s->ow,
        .relu = s->relu, .pool = s->pool,
    };
    if (s->plan) {
        info->r = s->conv.r;
        info->s = s->conv.s;
        info->stride = s->conv.stride;
        info->pad = s->conv.pad;
        nonet_plan_query(s->plan, &info->plan);     /* the plan is for the images of one call */
        info->plan.macs_direct *= net->batch / s->images;
        info->plan.macs *= net->batch / s->images;
    }
    return NONET_VGG_OK;
}
