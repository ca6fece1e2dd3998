/* ncnn.c - ncnn through its C interface: a parameter text and the weights in memory. One image at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ncnn/c_api.h>
#include "bench/peers/peers.h"

enum { LINE = 256 };

typedef struct ncnn_peer {
    const peer_net *net;
    ncnn_net_t ncnn;
    ncnn_option_t option;
    char *text;                 /* the layers */
    unsigned char *weights;     /* stays: ncnn points into it */
    ncnn_mat_t *in, *out;       /* one an image */
    char last[32];              /* name of the last blob */
} ncnn_peer;

static size_t weight_floats(const peer_layer *l)
{
    size_t taps = l->type == PEER_FC ? (size_t)l->h * (size_t)l->w : (size_t)(l->r * l->s);
    return l->type == PEER_MAXPOOL ? 0 : (size_t)l->k * (size_t)l->c * taps;
}

static int layer_line(const peer_layer *l, int i, char *text)
{
    int used = 0;
    if (l->type == PEER_CONV)
        used = sprintf(text, "Convolution c%d 1 1 b%d c%d 0=%d 1=%d 11=%d 3=%d 4=%d 5=1 6=%zu 9=%d\n", i, i, i, l->k, l->s, l->r,
                       l->stride, l->pad, weight_floats(l), l->relu);
    else if (l->type == PEER_FC)
        used = sprintf(text, "InnerProduct c%d 1 1 b%d c%d 0=%d 1=1 2=%zu 9=%d\n", i, i, i, l->k, weight_floats(l), l->relu);
    const char *from = l->type == PEER_MAXPOOL ? "b" : "c";
    if (l->type == PEER_MAXPOOL || l->pool)
        return used + sprintf(text + used, "Pooling p%d 1 1 %s%d b%d 0=0 1=2 2=2 5=1\n", i, from, i, i + 1);
    return used + sprintf(text + used, "Noop n%d 1 1 c%d b%d\n", i, i, i + 1);
}

static int write_text(ncnn_peer *x)
{
    const peer_net *net = x->net;
    int layers = 2 * net->count + 1, used;
    x->text = malloc((size_t)layers * LINE);
    if (!x->text)
        return 0;
    for (int i = 0; i < net->count; i++)
        layers -= net->layers[i].type == PEER_MAXPOOL;
    used = sprintf(x->text, "7767517\n%d %d\nInput x 0 1 b0\n", layers, layers);
    for (int i = 0; i < net->count; i++)
        used += layer_line(&net->layers[i], i, x->text + used);
    snprintf(x->last, sizeof x->last, "b%d", net->count);
    return 1;
}

/* Each layer: a zero that says f32, the weights, the bias. */
static int write_weights(ncnn_peer *x)
{
    size_t floats = 0;
    for (int i = 0; i < x->net->count; i++)
        floats += 1 + weight_floats(&x->net->layers[i]) + (size_t)x->net->layers[i].k;
    x->weights = aligned_alloc(64, (floats * sizeof(float) + 64) / 64 * 64);
    if (!x->weights)
        return 0;
    unsigned char *to = x->weights;
    for (int i = 0; i < x->net->count; i++) {
        const peer_layer *l = &x->net->layers[i];
        size_t weight = weight_floats(l) * sizeof(float), bias = (size_t)l->k * sizeof(float);
        if (l->type == PEER_MAXPOOL)
            continue;
        memset(to, 0, sizeof(float));
        memcpy(to + sizeof(float), l->weight, weight);
        memcpy(to + sizeof(float) + weight, l->bias, bias);
        to += sizeof(float) + weight + bias;
    }
    return 1;
}

/* f32 throughout: what ncnn does by default on CPUs with fp16 or bf16 is something else. */
static void set_options(ncnn_peer *x)
{
    ncnn_option_set_num_threads(x->option, x->net->threads);
    ncnn_option_set_use_vulkan_compute(x->option, 0);
    ncnn_option_set_use_fp16_packed(x->option, 0);
    ncnn_option_set_use_fp16_storage(x->option, 0);
    ncnn_option_set_use_fp16_arithmetic(x->option, 0);
    ncnn_option_set_use_bf16_storage(x->option, 0);
    ncnn_net_set_option(x->ncnn, x->option);
}

static int begin(ncnn_peer *x)
{
    size_t batch = (size_t)x->net->batch;
    x->ncnn = ncnn_net_create();
    x->option = ncnn_option_create();
    x->in = calloc(batch, sizeof *x->in);
    x->out = calloc(batch, sizeof *x->out);
    if (!x->ncnn || !x->option || !x->in || !x->out || !write_text(x) || !write_weights(x))
        return 0;
    set_options(x);
    return ncnn_net_load_param_memory(x->ncnn, x->text) == 0 && ncnn_net_load_model_memory(x->ncnn, x->weights) > 0;
}

static int open_ncnn(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    ncnn_peer *x = calloc(1, sizeof *x);
    *state = x;
    if (x)
        x->net = net;
    if (!x || !begin(x)) {
        snprintf(why, PEER_WHY, "ncnn does not take the network");
        return 0;
    }
    snprintf(label, PEER_LABEL, "%s (f32, its own choice of algorithms)", ncnn_version());
    return 1;
}

static void drop(ncnn_mat_t *mats, int count)
{
    for (int i = 0; i < count; i++) {
        if (mats[i])
            ncnn_mat_destroy(mats[i]);
        mats[i] = NULL;
    }
}

static int load(void *state, const float *nchw)
{
    ncnn_peer *x = state;
    const peer_layer *l = &x->net->layers[0];
    size_t plane = (size_t)l->h * (size_t)l->w;
    drop(x->in, x->net->batch);
    for (int n = 0; n < x->net->batch; n++) {
        if (!(x->in[n] = ncnn_mat_create_3d(l->w, l->h, l->c, NULL)))
            return 0;
        for (int c = 0; c < l->c; c++, nchw += plane)
            memcpy(ncnn_mat_get_channel_data(x->in[n], c), nchw, plane * sizeof *nchw);
    }
    return 1;
}

static double run(void *state)
{
    ncnn_peer *x = state;
    drop(x->out, x->net->batch);
    for (int n = 0; n < x->net->batch; n++) {
        ncnn_extractor_t extractor = ncnn_extractor_create(x->ncnn);
        int good = extractor && ncnn_extractor_input(extractor, "b0", x->in[n]) == 0 &&
                   ncnn_extractor_extract(extractor, x->last, &x->out[n]) == 0;
        if (extractor)
            ncnn_extractor_destroy(extractor);
        if (!good)
            return -1;
    }
    return 0;
}

/* Class scores come as one row, maps as channels. */
static int store(void *state, float *nchw)
{
    ncnn_peer *x = state;
    const peer_layer *l = &x->net->layers[x->net->count - 1];
    size_t plane = (size_t)l->oh * (size_t)l->ow;
    for (int n = 0; n < x->net->batch; n++) {
        if (ncnn_mat_get_dims(x->out[n]) == 1) {
            memcpy(nchw, ncnn_mat_get_data(x->out[n]), (size_t)l->k * sizeof *nchw);
            nchw += l->k;
            continue;
        }
        for (int k = 0; k < l->k; k++, nchw += plane)
            memcpy(nchw, ncnn_mat_get_channel_data(x->out[n], k), plane * sizeof *nchw);
    }
    return 1;
}

static void close_ncnn(void *state)
{
    ncnn_peer *x = state;
    if (!x)
        return;
    if (x->in)
        drop(x->in, x->net->batch);
    if (x->out)
        drop(x->out, x->net->batch);
    if (x->ncnn)
        ncnn_net_destroy(x->ncnn);
    if (x->option)
        ncnn_option_destroy(x->option);
    free(x->in);
    free(x->out);
    free(x->text);
    free(x->weights);
    free(x);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "ncnn", .variants = { "" },
    .open = open_ncnn, .load = load, .run = run, .store = store, .close = close_ncnn,
};
