/* support_net.c - see support_net.h. */
#include "tests/support_net.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/support.h"

/* ---- small networks, in files of their own ---- */

static void random_weights(vgg_model *m, vgg_layer *l, int fan_in, sweep_random *random)
{
    size_t count = (size_t)l->k * (size_t)fan_in;
    float *weight = vgg_model_alloc(m, count * sizeof *weight), *bias = vgg_model_alloc(m, (size_t)l->k * sizeof *bias);

    for (size_t i = 0; i < count; i++)
        weight[i] = sweep_uniform(random) * sqrtf(6.0f / (float)fan_in);
    for (int i = 0; i < l->k; i++)
        bias[i] = sweep_uniform(random) * 0.1f;
    l->weight = weight;
    l->bias = bias;
}

static void add_conv(vgg_model *m, int c, int k, int pad, sweep_random *random)
{
    vgg_layer *l = vgg_model_add(m, VGG_CONV, "conv");

    snprintf(l->name, sizeof l->name, "conv%d", m->count);
    l->k = k;
    l->c = c;
    l->r = l->s = 3;
    l->stride = 1;
    l->pad = pad;
    random_weights(m, l, 9 * c, random);
    vgg_model_add(m, VGG_RELU, "relu");
}

static void add_fc(vgg_model *m, int c, int k, sweep_random *random)
{
    vgg_layer *l = vgg_model_add(m, VGG_FC, "fc");

    snprintf(l->name, sizeof l->name, "fc%d", m->count);
    l->k = k;
    l->c = c;
    random_weights(m, l, c, random);
}

static void write_model(vgg_model *m, char *path)
{
    nonet_vgg_error err = { "" };
    int file = mkstemp(strcpy(path, P_tmpdir "/nonet-test-XXXXXX"));

    support_need(file >= 0, "no temporary file");
    close(file);
    support_need(vgg_write_nonet(m, NULL, 0, path, &err) == NONET_VGG_OK, "%s", err.text);
    vgg_model_clear(m);
}

void support_net_make(char *path, int side, int blocks, int pad, int ceil, sweep_random *random)
{
    vgg_model m = { .c = 3, .h = side, .w = side, .std = { 0.2f, 0.3f, 0.25f, 1 }, .mean = { 0.4f, 0.5f, 0.45f } };
    int channels = 3;

    for (int i = 0; i < blocks; i++) {
        int k = 8 + 4 * (i < 3 ? i : 3);
        add_conv(&m, channels, k, pad, random);
        vgg_model_add(&m, VGG_MAXPOOL, "pool")->ceil = ceil;
        side = (side - 2 * (1 - pad) + ceil) / 2;
        channels = k;
    }
    vgg_model_add(&m, VGG_FLATTEN, "flatten");
    add_fc(&m, channels * side * side, 20, random);
    vgg_model_add(&m, VGG_RELU, "relu");
    add_fc(&m, 20, 7, random);
    write_model(&m, path);
}

void support_net_convs(char *path, vgg_layer_type first, int side, int convs, int k, sweep_random *random)
{
    vgg_model m = { .c = 3, .h = side, .w = side, .std = { 1, 1, 1, 1 } };

    if (first != VGG_CONV)
        vgg_model_add(&m, first, "first");
    for (int i = 0; i < convs; i++)
        add_conv(&m, i ? k : 3, k, 1, random);
    write_model(&m, path);
}

/* ---- the same in double ---- */

static float *rounded(const support_map *in)
{
    size_t count = (size_t)in->c * (size_t)in->h * (size_t)in->w;
    float *x = malloc(count * sizeof *x);

    for (size_t i = 0; i < count; i++)
        x[i] = (float)in->x[i];
    return x;
}

static double largest(const double *x, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++)
        most = fmax(most, x[i]);
    return most;
}

static void reference_layer(const vgg_layer *l, support_map *at, int *r, int *s)
{
    int conv = l->type == VGG_CONV;
    support_map out = *at;

    if (conv || l->type == VGG_FC) {
        reference_conv p = { 1, at->c, at->h, at->w, l->k, conv ? l->r : *r, conv ? l->s : *s, 1, conv ? l->pad : 0 };
        float *x = rounded(at);
        out = (support_map){ l->k, reference_out(at->h, p.r, 1, p.pad), reference_out(at->w, p.s, 1, p.pad), NULL, 0 };
        size_t count = (size_t)out.c * (size_t)out.h * (size_t)out.w;
        double *size = malloc(sizeof *size * count);
        out.x = malloc(sizeof *out.x * count);
        reference_convolve(&p, x, l->weight, l->bias, out.x, size);
        out.unit = largest(size, count);
        free(size);
        free(x);
        if (!conv)
            *r = *s = 1;
    } else if (l->type == VGG_MAXPOOL) {
        out = (support_map){ at->c, (at->h + l->ceil) / 2, (at->w + l->ceil) / 2, NULL, at->unit };
        out.x = malloc(sizeof *out.x * (size_t)out.c * (size_t)out.h * (size_t)out.w);
        reference_maxpool(at->c, at->h, at->w, l->ceil, at->x, out.x);
    } else if (l->type == VGG_RELU) {
        reference_relu((long)at->c * at->h * at->w, at->x);
    }
    if (out.x != at->x)
        free(at->x);
    *at = out;
}

support_map support_net_run(const vgg_model *m, const float *x, int h, int w, const char *last)
{
    support_map at = { m->c, h, w, malloc(sizeof(double) * (size_t)(m->c * h * w)), 0 };
    int side = m->h ? m->h : 28;

    for (int i = 0; i < m->c * h * w; i++)
        at.x[i] = x[i];
    for (int i = 0; i < m->count && m->layers[i].type != VGG_FC; i++)
        side = m->layers[i].type == VGG_CONV ? side + 2 * m->layers[i].pad - 2
             : m->layers[i].type == VGG_MAXPOOL ? (side + m->layers[i].ceil) / 2 : side;
    int r = side, s = side;
    for (int i = 0, stop = 0; i < m->count && !(stop && m->layers[i].type != VGG_RELU); i++) {
        reference_layer(&m->layers[i], &at, &r, &s);
        stop = stop || (last && !strcmp(m->layers[i].name, last));
    }
    return at;
}

void support_net_read(vgg_model *m, const char *path)
{
    nonet_vgg_error err = { "" };

    support_need(vgg_model_open(m, path, NULL, &err) == NONET_VGG_OK && vgg_model_fold(m, &err) == NONET_VGG_OK, "%s", err.text);
}

/* ---- pictures ---- */

vgg_picture support_picture(int w, int h, int channels, sweep_random *random)
{
    vgg_picture p = { w, h, channels, malloc((size_t)(w * h * channels)) };

    for (int i = 0; i < w * h * channels; i++)      /* smooth enough for classes to differ between views */
        p.pixels[i] = (uint8_t)(128 + 90 * sin(i % (w * channels) * 0.11 + i / (w * channels) * 0.23) +
                                30 * sweep_uniform(random));
    return p;
}

float *support_net_cut(const vgg_model *m, const uint8_t *pixels, int columns, int top, int left, int h, int w, int flip)
{
    float *x = malloc(sizeof *x * (size_t)(m->c * h * w)), *at = x;

    for (int c = 0; c < m->c; c++)
        for (int y = 0; y < h; y++)
            for (int i = 0; i < w; i++) {
                int column = left + (flip ? w - 1 - i : i);
                *at++ = (pixels[((top + y) * columns + column) * m->c + c] / 255.0f - m->mean[c]) / m->std[c];
            }
    return x;
}
