/* xnnpack.c - XNNPACK's operators on NHWC maps: f32 convolution, max pool and fully connected, weights packed when created. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthreadpool.h>
#include <xnnpack.h>
#include "bench/peers/peers.h"

typedef struct xnn_net {
    const peer_net *net;
    pthreadpool_t pool;         /* NULL with one thread: then the caller computes */
    xnn_operator_t *operators;
    int count, started;
    float **maps;               /* NHWC; maps[0] is the input, operator i reads maps[i] and writes maps[i+1] */
} xnn_net;

static float *new_map(size_t floats)
{
    return calloc(floats + XNN_EXTRA_BYTES / sizeof(float) + 1, sizeof(float));
}

/* [a][b][pixels] to [a][pixels][b]. */
static void channels_last(const float *src, float *dst, size_t a, size_t b, size_t pixels)
{
    for (size_t i = 0; i < a; i++)
        for (size_t j = 0; j < b; j++)
            for (size_t p = 0; p < pixels; p++)
                dst[(i * pixels + p) * b + j] = src[(i * b + j) * pixels + p];
}

/* Of a layer's weights; the caller frees it. */
static float *weights_last(const peer_layer *l)
{
    size_t taps = l->type == PEER_FC ? (size_t)l->h * (size_t)l->w : (size_t)(l->r * l->s);
    float *w = malloc((size_t)l->k * (size_t)l->c * taps * sizeof *w);
    if (w)
        channels_last(l->weight, w, (size_t)l->k, (size_t)l->c, taps);
    return w;
}

static int keep(xnn_net *x, xnn_operator_t made, size_t floats)
{
    x->operators[x->count++] = made;
    return (x->maps[x->count] = new_map(floats)) != NULL;
}

static int add_conv(xnn_net *x, const peer_layer *l)
{
    unsigned pad = (unsigned)l->pad, stride = (unsigned)l->stride;
    size_t c = (size_t)l->c, k = (size_t)l->k, n = (size_t)x->net->batch;
    float *w = weights_last(l);
    xnn_operator_t made;
    if (!w)
        return 0;
    enum xnn_status status = xnn_create_convolution2d_nhwc_f32(pad, pad, pad, pad, (unsigned)l->r, (unsigned)l->s, stride, stride, 1,
                                                               1, 1, c, k, c, k, w, l->bias, l->relu ? 0 : -INFINITY, INFINITY, 0,
                                                               &made);
    free(w);
    return status == xnn_status_success && keep(x, made, n * (size_t)l->mh * (size_t)l->mw * k) &&
           xnn_setup_convolution2d_nhwc_f32(made, n, (size_t)l->h, (size_t)l->w, x->maps[x->count - 1], x->maps[x->count],
                                            x->pool) == xnn_status_success;
}

static int add_fc(xnn_net *x, const peer_layer *l)
{
    size_t c = (size_t)l->c * (size_t)l->h * (size_t)l->w, k = (size_t)l->k, n = (size_t)x->net->batch;
    float *w = weights_last(l);
    xnn_operator_t made;
    if (!w)
        return 0;
    enum xnn_status status = xnn_create_fully_connected_nc_f32(c, k, c, k, w, l->bias, l->relu ? 0 : -INFINITY, INFINITY, 0, &made);
    free(w);
    return status == xnn_status_success && keep(x, made, n * k) &&
           xnn_setup_fully_connected_nc_f32(made, n, x->maps[x->count - 1], x->maps[x->count], x->pool) == xnn_status_success;
}

static int add_pool(xnn_net *x, const peer_layer *l)
{
    size_t k = (size_t)l->k, n = (size_t)x->net->batch;
    xnn_operator_t made;
    return xnn_create_max_pooling2d_nhwc_f32(0, 0, 0, 0, 2, 2, 2, 2, 1, 1, k, k, k, -INFINITY, INFINITY, 0, &made) ==
               xnn_status_success &&
           keep(x, made, n * (size_t)l->oh * (size_t)l->ow * k) &&
           xnn_setup_max_pooling2d_nhwc_f32(made, n, (size_t)l->mh, (size_t)l->mw, x->maps[x->count - 1], x->maps[x->count],
                                            x->pool) == xnn_status_success;
}

static int add_layer(xnn_net *x, const peer_layer *l)
{
    if (l->type == PEER_MAXPOOL)
        return add_pool(x, l);
    if (l->type == PEER_FC)
        return add_fc(x, l);
    return add_conv(x, l) && (!l->pool || add_pool(x, l));
}

static int begin(xnn_net *x)
{
    size_t most = 2 * (size_t)x->net->count;
    x->operators = calloc(most, sizeof *x->operators);
    x->maps = calloc(most + 1, sizeof *x->maps);
    if (!x->operators || !x->maps || !(x->maps[0] = new_map(peer_in_floats(x->net))))
        return 0;
    x->started = xnn_initialize(NULL) == xnn_status_success;
    x->pool = x->net->threads > 1 ? pthreadpool_create((size_t)x->net->threads) : NULL;
    return x->started && (x->net->threads == 1 || x->pool);
}

static int open_xnn(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    xnn_net *x = calloc(1, sizeof *x);
    *state = x;
    if (x)
        x->net = net;
    if (!x || !begin(x)) {
        snprintf(why, PEER_WHY, "XNNPACK cannot start");
        return 0;
    }
    for (int i = 0; i < net->count; i++)
        if (!add_layer(x, &net->layers[i])) {
            snprintf(why, PEER_WHY, "XNNPACK refuses layer %s", net->layers[i].name);
            return 0;
        }
    /* The library has no version to ask for; it gets its package's when it is built. */
    snprintf(label, PEER_LABEL, "%s (NHWC f32, indirect GEMM)", PEER_XNNPACK_VERSION);
    return 1;
}

static int load(void *state, const float *nchw)
{
    xnn_net *x = state;
    const peer_layer *l = &x->net->layers[0];
    channels_last(nchw, x->maps[0], (size_t)x->net->batch, (size_t)l->c, (size_t)l->h * (size_t)l->w);
    return 1;
}

static double run(void *state)
{
    xnn_net *x = state;
    for (int i = 0; i < x->count; i++)
        if (xnn_run_operator(x->operators[i], x->pool) != xnn_status_success)
            return -1;
    return 0;
}

/* From NHWC: what channels_last does to a map whose channels are its pixels. */
static int store(void *state, float *nchw)
{
    xnn_net *x = state;
    const peer_layer *l = &x->net->layers[x->net->count - 1];
    channels_last(x->maps[x->count], nchw, (size_t)x->net->batch, (size_t)l->oh * (size_t)l->ow, (size_t)l->k);
    return 1;
}

static void close_xnn(void *state)
{
    xnn_net *x = state;
    if (!x)
        return;
    for (int i = 0; i < x->count; i++)
        xnn_delete_operator(x->operators[i]);
    for (int i = 0; x->maps && i <= x->count; i++)
        free(x->maps[i]);
    if (x->pool)
        pthreadpool_destroy(x->pool);
    if (x->started)
        xnn_deinitialize();
    free(x->maps);
    free(x->operators);
    free(x);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "xnnpack", .variants = { "" },
    .open = open_xnn, .load = load, .run = run, .store = store, .close = close_xnn,
};
