/* openblas.c - im2col and sgemm (OpenBLAS through cblas), as many programs without a convolution library do it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cblas.h>
#include "bench/peers/peers.h"

typedef struct blas_net {
    const peer_net *net;
    float *input, *act[2];      /* NCHW: the network's input, and maps in turn */
    float *column;              /* one image's columns, c*r*s rows of mh*mw */
    float *output;              /* the act that run ended with */
} blas_net;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static float *floats(size_t count)
{
    return aligned_alloc(64, (count * sizeof(float) + 64) / 64 * 64);
}

static int reserve(blas_net *b)
{
    size_t map = 0, column = 0, batch = (size_t)b->net->batch;
    for (int i = 0; i < b->net->count; i++) {
        const peer_layer *l = &b->net->layers[i];
        size_t pixels = (size_t)l->mh * (size_t)l->mw;
        map = larger(map, batch * (size_t)l->k * pixels);
        if (l->type == PEER_CONV)
            column = larger(column, (size_t)l->c * (size_t)(l->r * l->s) * pixels);
    }
    b->input = floats(peer_in_floats(b->net));
    b->act[0] = floats(map);
    b->act[1] = floats(map);
    b->column = floats(column);
    return b->input && b->act[0] && b->act[1] && b->column;
}

static int open_blas(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    blas_net *b = calloc(1, sizeof *b);
    *state = b;
    if (b)
        b->net = net;
    if (!b || !reserve(b)) {
        snprintf(why, PEER_WHY, "out of memory");
        return 0;
    }
    openblas_set_num_threads(net->threads);
    const char *config = openblas_get_config(), *version = strncmp(config, "OpenBLAS ", 9) ? config : config + 9;
    snprintf(label, PEER_LABEL, "%.*s (im2col, sgemm %s)", (int)strcspn(version, " "), version, openblas_get_corename());
    return 1;
}

/* One row of the columns: tap (i, j) of a channel at every output pixel. */
static void im2row(const peer_layer *l, const float *map, int i, int j, float *row)
{
    for (int y = 0; y < l->mh; y++, row += l->mw) {
        int sy = y * l->stride + i - l->pad;
        for (int x = 0; x < l->mw; x++) {
            int sx = x * l->stride + j - l->pad;
            row[x] = sy < 0 || sy >= l->h || sx < 0 || sx >= l->w ? 0 : map[sy * l->w + sx];
        }
    }
}

static void im2col(const peer_layer *l, const float *src, float *column, int threads)
{
    size_t plane = (size_t)l->h * (size_t)l->w, pixels = (size_t)l->mh * (size_t)l->mw;
#pragma omp parallel for num_threads(threads)
    for (int t = 0; t < l->c * l->r * l->s; t++) {
        int tap = t % (l->r * l->s);
        im2row(l, src + (size_t)(t / (l->r * l->s)) * plane, tap / l->s, tap % l->s, column + (size_t)t * pixels);
    }
}

/* In place: bias and ReLU of maps of `pixels`. */
static void bias_relu(const peer_layer *l, float *dst, size_t pixels, int threads)
{
#pragma omp parallel for num_threads(threads)
    for (int k = 0; k < l->k; k++)
        for (size_t p = 0; p < pixels; p++) {
            float x = dst[(size_t)k * pixels + p] + l->bias[k];
            dst[(size_t)k * pixels + p] = l->relu && x < 0 ? 0 : x;
        }
}

static float max2(float a, float b)
{
    return a > b ? a : b;
}

/* 2x2, stride 2, from mh x mw to oh x ow. */
static void pool(const peer_layer *l, int maps, const float *src, float *dst, int threads)
{
#pragma omp parallel for num_threads(threads)
    for (int m = 0; m < maps; m++)
        for (int y = 0; y < l->oh; y++) {
            const float *a = src + ((size_t)m * (size_t)l->mh + 2 * (size_t)y) * (size_t)l->mw, *b = a + l->mw;
            float *out = dst + ((size_t)m * (size_t)l->oh + (size_t)y) * (size_t)l->ow;
            for (int x = 0; x < l->ow; x++)
                out[x] = max2(max2(a[2 * x], a[2 * x + 1]), max2(b[2 * x], b[2 * x + 1]));
        }
}

static void conv(const blas_net *b, const peer_layer *l, const float *src, float *dst)
{
    int pixels = l->mh * l->mw, depth = l->c * l->r * l->s, plain = l->r * l->s == 1 && l->stride == 1 && l->pad == 0;
    for (int n = 0; n < b->net->batch; n++) {
        const float *image = src + (size_t)n * (size_t)l->c * (size_t)l->h * (size_t)l->w;
        float *out = dst + (size_t)n * (size_t)l->k * (size_t)pixels;
        if (!plain)
            im2col(l, image, b->column, b->net->threads);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, l->k, pixels, depth, 1.0f, l->weight, depth,
                    plain ? image : b->column, pixels, 0.0f, out, pixels);
        bias_relu(l, out, (size_t)pixels, b->net->threads);
    }
}

static void fc(const blas_net *b, const peer_layer *l, const float *src, float *dst)
{
    int depth = l->c * l->h * l->w;
    if (b->net->batch == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, l->k, depth, 1.0f, l->weight, depth, src, 1, 0.0f, dst, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, b->net->batch, l->k, depth, 1.0f, src, depth, l->weight, depth, 0.0f,
                    dst, l->k);
    for (int n = 0; n < b->net->batch; n++)
        bias_relu(l, dst + (size_t)n * (size_t)l->k, 1, 1);
}

/* What the last step did not write, for the next one. */
static float *other(const blas_net *b, const float *act)
{
    return act == b->act[0] ? b->act[1] : b->act[0];
}

static float *run_layer(const blas_net *b, const peer_layer *l, const float *src)
{
    float *dst = other(b, src);
    if (l->type == PEER_CONV)
        conv(b, l, src, dst);
    else if (l->type == PEER_FC)
        fc(b, l, src, dst);
    if (l->type != PEER_MAXPOOL && !l->pool)
        return dst;
    const float *map = l->type == PEER_MAXPOOL ? src : dst;
    float *out = other(b, map);
    pool(l, b->net->batch * l->k, map, out, b->net->threads);
    return out;
}

static double run(void *state)
{
    blas_net *b = state;
    const float *at = b->input;
    for (int i = 0; i < b->net->count; i++)
        at = b->output = run_layer(b, &b->net->layers[i], at);
    return 0;
}

static int load(void *state, const float *nchw)
{
    blas_net *b = state;
    memcpy(b->input, nchw, peer_in_floats(b->net) * sizeof *nchw);
    return 1;
}

static int store(void *state, float *nchw)
{
    blas_net *b = state;
    memcpy(nchw, b->output, peer_out_floats(b->net) * sizeof *nchw);
    return 1;
}

static void close_blas(void *state)
{
    blas_net *b = state;
    if (!b)
        return;
    free(b->input);
    free(b->act[0]);
    free(b->act[1]);
    free(b->column);
    free(b);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "openblas", .variants = { "" },
    .open = open_blas, .load = load, .run = run, .store = store, .close = close_blas,
};
