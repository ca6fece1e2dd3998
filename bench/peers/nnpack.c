/* nnpack.c - NNPACK: Winograd F(6x6) on NCHW maps, kernels transformed beforehand where it can. One image at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nnpack.h>
#include "bench/peers/peers.h"

typedef struct nnp_net {
    const peer_net *net;
    pthreadpool_t pool;         /* NULL with one thread: then the caller computes */
    float *input, *act[2], *output;
    void **kernels;             /* transformed, one a layer; NULL: as it is */
    void *workspace;
    size_t workspace_size;
    int started, transformed;
} nnp_net;

static void *aligned(size_t bytes)
{
    return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Asks for the workspace (workspace and output NULL), transforms a kernel (PRECOMPUTE, workspace is where to), or computes. */
static enum nnp_status conv(const nnp_net *x, const peer_layer *l, enum nnp_convolution_transform_strategy strategy, const float *src,
                            const void *kernel, float *dst, void *workspace, size_t *size)
{
    struct nnp_size in = { .width = (size_t)l->w, .height = (size_t)l->h }, taps = { .width = (size_t)l->s, .height = (size_t)l->r };
    struct nnp_size stride = { .width = (size_t)l->stride, .height = (size_t)l->stride };
    struct nnp_padding pad = { (size_t)l->pad, (size_t)l->pad, (size_t)l->pad, (size_t)l->pad };
    enum nnp_convolution_algorithm algorithm = l->stride == 1 && l->r == 3 && l->s == 3 ? nnp_convolution_algorithm_wt8x8 :
                                               nnp_convolution_algorithm_auto;
    return nnp_convolution_inference(algorithm, strategy, (size_t)l->c, (size_t)l->k, in, pad, taps, stride, src, kernel, l->bias, dst,
                                     workspace, size, l->relu ? nnp_activation_relu : nnp_activation_identity, NULL, x->pool, NULL);
}

/* Kernels beforehand, where this layer's algorithm has such a form; else with every run. */
static int prepare_conv(nnp_net *x, const peer_layer *l, int i)
{
    size_t size = 0;
    enum nnp_convolution_transform_strategy strategy = nnp_convolution_transform_strategy_compute;
    if (conv(x, l, nnp_convolution_transform_strategy_precompute, NULL, l->weight, NULL, NULL, &size) == nnp_status_success && size) {
        x->kernels[i] = aligned(size);
        if (!x->kernels[i] || conv(x, l, nnp_convolution_transform_strategy_precompute, NULL, l->weight, NULL, x->kernels[i], &size) !=
                                  nnp_status_success)
            return 0;
        x->transformed++;
        strategy = nnp_convolution_transform_strategy_reuse;
    }
    size = 0;
    if (conv(x, l, strategy, x->input, x->kernels[i] ? x->kernels[i] : l->weight, x->act[0], NULL, &size) != nnp_status_success)
        return 0;
    x->workspace_size = larger(x->workspace_size, size);
    return 1;
}

static int begin(nnp_net *x)
{
    size_t map = 0;
    for (int i = 0; i < x->net->count; i++) {
        const peer_layer *l = &x->net->layers[i];
        map = larger(map, (size_t)l->k * (size_t)l->mh * (size_t)l->mw);
    }
    map *= (size_t)x->net->batch;
    x->input = aligned(peer_in_floats(x->net) * sizeof(float));
    x->act[0] = aligned(map * sizeof(float));
    x->act[1] = aligned(map * sizeof(float));
    x->kernels = calloc((size_t)x->net->count, sizeof *x->kernels);
    x->started = nnp_initialize() == nnp_status_success;
    x->pool = x->net->threads > 1 ? pthreadpool_create((size_t)x->net->threads) : NULL;
    return x->input && x->act[0] && x->act[1] && x->kernels && x->started && (x->net->threads == 1 || x->pool);
}

static int open_nnp(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    nnp_net *x = calloc(1, sizeof *x);
    *state = x;
    if (x)
        x->net = net;
    if (!x || !begin(x)) {
        snprintf(why, PEER_WHY, "NNPACK cannot start, or does not know this CPU");
        return 0;
    }
    for (int i = 0; i < net->count; i++)
        if (net->layers[i].type == PEER_CONV && !prepare_conv(x, &net->layers[i], i)) {
            snprintf(why, PEER_WHY, "NNPACK refuses layer %s", net->layers[i].name);
            return 0;
        }
    x->workspace = aligned(x->workspace_size);
    if (!x->workspace)
        snprintf(why, PEER_WHY, "out of memory");
    snprintf(label, PEER_LABEL, "(no version to ask for; wt8x8, %d kernels transformed beforehand)", x->transformed);
    return x->workspace != NULL;
}

static int pool(const nnp_net *x, const peer_layer *l, const float *src, float *dst)
{
    struct nnp_size in = { .width = (size_t)l->mw, .height = (size_t)l->mh }, two = { .width = 2, .height = 2 };
    struct nnp_padding none = { 0, 0, 0, 0 };
    return nnp_max_pooling_output((size_t)x->net->batch, (size_t)l->k, in, none, two, two, src, dst, x->pool) == nnp_status_success;
}

static int run_conv(nnp_net *x, const peer_layer *l, int i, const float *src, float *dst)
{
    size_t in = (size_t)l->c * (size_t)l->h * (size_t)l->w, out = (size_t)l->k * (size_t)l->mh * (size_t)l->mw;
    for (int n = 0; n < x->net->batch; n++) {
        size_t size = x->workspace_size;
        const void *kernel = x->kernels[i] ? x->kernels[i] : l->weight;
        if (conv(x, l, x->kernels[i] ? nnp_convolution_transform_strategy_reuse : nnp_convolution_transform_strategy_compute,
                 src + (size_t)n * in, kernel, dst + (size_t)n * out, x->workspace, &size) != nnp_status_success)
            return 0;
    }
    return 1;
}

/* NNPACK's fully connected layer has neither bias nor ReLU. */
static int run_fc(const nnp_net *x, const peer_layer *l, const float *src, float *dst)
{
    size_t in = (size_t)l->c * (size_t)l->h * (size_t)l->w, k = (size_t)l->k;
    for (int n = 0; n < x->net->batch; n++, dst += k) {
        if (nnp_fully_connected_inference(in, k, src + (size_t)n * in, l->weight, dst, x->pool) != nnp_status_success)
            return 0;
        for (size_t i = 0; i < k; i++) {
            float y = dst[i] + l->bias[i];
            dst[i] = l->relu && y < 0 ? 0 : y;
        }
    }
    return 1;
}

static float *other(const nnp_net *x, const float *act)
{
    return act == x->act[0] ? x->act[1] : x->act[0];
}

/* What the layer wrote, or NULL. */
static float *run_layer(nnp_net *x, int i, const float *src)
{
    const peer_layer *l = &x->net->layers[i];
    float *dst = other(x, src);
    if (l->type == PEER_MAXPOOL)
        return pool(x, l, src, dst) ? dst : NULL;
    if (l->type == PEER_FC ? !run_fc(x, l, src, dst) : !run_conv(x, l, i, src, dst))
        return NULL;
    if (!l->pool)
        return dst;
    float *out = other(x, dst);
    return pool(x, l, dst, out) ? out : NULL;
}

static double run(void *state)
{
    nnp_net *x = state;
    const float *at = x->input;
    for (int i = 0; i < x->net->count && at; i++)
        at = x->output = run_layer(x, i, at);
    return at ? 0 : -1;
}

static int load(void *state, const float *nchw)
{
    nnp_net *x = state;
    memcpy(x->input, nchw, peer_in_floats(x->net) * sizeof *nchw);
    return 1;
}

static int store(void *state, float *nchw)
{
    nnp_net *x = state;
    memcpy(nchw, x->output, peer_out_floats(x->net) * sizeof *nchw);
    return 1;
}

static void close_nnp(void *state)
{
    nnp_net *x = state;
    if (!x)
        return;
    for (int i = 0; x->kernels && i < x->net->count; i++)
        free(x->kernels[i]);
    if (x->pool)
        pthreadpool_destroy(x->pool);
    if (x->started)
        nnp_deinitialize();
    free(x->kernels);
    free(x->workspace);
    free(x->input);
    free(x->act[0]);
    free(x->act[1]);
    free(x);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "nnpack", .variants = { "" },
    .open = open_nnp, .load = load, .run = run, .store = store, .close = close_nnp,
};
