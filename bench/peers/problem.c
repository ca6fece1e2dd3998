/* problem.c - a network or a layer in the words of the adapters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/data.h"
#include "bench/peers/problem.h"
#include "bench/report.h"
#include "vgg/net.h"
#include "vgg/random.h"

static float *own(peer_problem *p, size_t floats)
{
    float *data = bench_floats(floats);
    if (data)
        p->owned[p->owned_count++] = data;
    return data;
}

/* Counted numbers, so the same that ours were made of. */
static int random_weights(peer_problem *p, const vgg_step *step, uint64_t seed, peer_layer *l)
{
    size_t row = (size_t)step->conv.c * (size_t)step->conv.r * (size_t)step->conv.s;
    float *weight = own(p, (size_t)l->k * row), *bias = own(p, (size_t)l->k);
    if (!weight || !bias)
        return 0;
    vgg_random_rows(&step->layer, seed, step->index, 0, l->k, weight, bias);
    l->weight = weight;
    l->bias = bias;
    return 1;
}

static int file_weights(peer_problem *p, const vgg_step *step, peer_layer *l)
{
    const vgg_layer *from = &p->model.layers[step->index];
    float *zeros = from->bias ? NULL : own(p, (size_t)l->k);
    if (!from->bias && !zeros)
        return 0;
    if (zeros)
        memset(zeros, 0, (size_t)l->k * sizeof *zeros);
    l->weight = from->weight;
    l->bias = from->bias ? from->bias : zeros;
    return 1;
}

static void copy_shape(const vgg_step *step, peer_layer *l)
{
    snprintf(l->name, sizeof l->name, "%s", step->layer.name);
    l->type = step->layer.type == VGG_FC ? PEER_FC : step->layer.type == VGG_CONV ? PEER_CONV : PEER_MAXPOOL;
    l->c = step->c;
    l->h = l->mh = step->h;
    l->w = l->mw = step->w;
    l->k = step->k;
    l->oh = step->oh;
    l->ow = step->ow;
    l->relu = step->relu;
    l->pool = step->pool;
    if (l->type == PEER_FC)
        l->mh = l->mw = 1;
    if (l->type != PEER_CONV)
        return;
    l->r = step->layer.r;
    l->s = step->layer.s;
    l->stride = step->layer.stride;
    l->pad = step->layer.pad;
    l->mh = (l->h + 2 * l->pad - l->r) / l->stride + 1;
    l->mw = (l->w + 2 * l->pad - l->s) / l->stride + 1;
}

/* The adapters have convolutions, fully connected layers and max pools that drop odd ends. */
static int is_known(const vgg_step *step)
{
    const vgg_layer *l = &step->layer;
    return l->type == VGG_CONV || l->type == VGG_FC || (l->type == VGG_MAXPOOL && !step->relu && (!l->ceil || (step->h | step->w) % 2 == 0));
}

static nonet_vgg_status add_step(peer_problem *p, const vgg_step *step, const bench_settings *s, nonet_vgg_error *err)
{
    peer_layer *l = &p->layers[p->net.count];
    if (!is_known(step))
        return bench_fail(err, NONET_VGG_UNSUPPORTED, "--peers: no adapter does a layer like %s", step->layer.name);
    copy_shape(step, l);
    if (l->type != PEER_MAXPOOL && !(s->model ? file_weights(p, step, l) : random_weights(p, step, s->seed, l)))
        return bench_fail(err, NONET_VGG_NO_MEMORY, "--peers: no memory for a second copy of the weights");
    p->net.count++;
    return NONET_VGG_OK;
}

static nonet_vgg_status start(peer_problem *p, int batch, int threads, int layers, nonet_vgg_error *err)
{
    p->layers = calloc((size_t)layers, sizeof *p->layers);
    p->owned = calloc(2 * (size_t)layers, sizeof *p->owned);
    p->net = (peer_net){ .batch = batch, .threads = threads, .layers = p->layers };
    return p->layers && p->owned ? NONET_VGG_OK : bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
}

nonet_vgg_status peer_problem_net(peer_problem *p, const bench_settings *settings, const nonet_vgg *net, int threads,
                                  nonet_vgg_error *err)
{
    nonet_vgg_status status = start(p, net->batch, threads, net->count, err);
    if (status == NONET_VGG_OK && settings->model)
        status = vgg_model_open(&p->model, settings->model, net->options.net, err);
    if (status == NONET_VGG_OK && settings->model)
        status = vgg_model_fold(&p->model, err);
    for (int i = 0; i < net->count && status == NONET_VGG_OK; i++)
        status = add_step(p, &net->steps[i], settings, err);
    return status;
}

nonet_vgg_status peer_problem_layer(peer_problem *p, const nonet_conv *problem, int threads, const float *oihw, const float *bias,
                                    nonet_vgg_error *err)
{
    nonet_vgg_status status = start(p, problem->n, threads, 1, err);
    if (status != NONET_VGG_OK)
        return status;
    peer_layer *l = &p->layers[0];
    *l = (peer_layer){ .type = PEER_CONV, .name = "conv", .c = problem->c, .h = problem->h, .w = problem->w, .k = problem->k,
                       .r = problem->r, .s = problem->s, .stride = problem->stride, .pad = problem->pad, .relu = problem->relu,
                       .pool = problem->pool, .weight = oihw, .bias = bias };
    l->mh = (l->h + 2 * l->pad - l->r) / l->stride + 1;
    l->mw = (l->w + 2 * l->pad - l->s) / l->stride + 1;
    nonet_conv_output(problem, &l->oh, &l->ow);
    if (l->r == l->h && l->s == l->w && !l->pad)
        l->type = PEER_FC;
    p->net.count = 1;
    return NONET_VGG_OK;
}

void peer_problem_free(peer_problem *p)
{
    for (int i = 0; i < p->owned_count; i++)
        bench_free(p->owned[i]);
    free(p->owned);
    free(p->layers);
    vgg_model_clear(&p->model);
}
