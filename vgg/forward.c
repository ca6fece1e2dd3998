/* forward.c - runs the steps. Nothing is allocated here. */
#include <string.h>
#include <time.h>
#include "vgg/net.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static nonet_status softmax_rows(const nonet_vgg *net, const vgg_step *s, const float *src, float *dst)
{
    size_t row = nonet_tensor_floats(NONET_NCHW16C, 1, s->c, 1, 1);
    memset(dst, 0, (size_t)net->batch * row * sizeof *dst);
    for (int n = 0; n < net->batch; n++) {
        nonet_status status = nonet_softmax(1, s->c, src + (size_t)n * row, dst + (size_t)n * row);
        if (status != NONET_OK)
            return status;
    }
    return NONET_OK;
}

static nonet_status run_step(const nonet_vgg *net, const vgg_step *s, const float *src, float *dst)
{
    int n = net->batch, threads = net->options.conv.threads;
    size_t floats = nonet_tensor_floats(NONET_NCHW16C, n, s->c, s->h, s->w);
    switch (s->layer.type) {
    case VGG_CONV:
    case VGG_FC:
        return nonet_execute(s->plan, s->weights, src, dst, net->workspace);
    case VGG_MAXPOOL:
        return nonet_maxpool(n, s->c, s->h, s->w, s->layer.ceil, src, dst, threads);
    case VGG_AVGPOOL:
        return nonet_avgpool(n, s->c, s->h, s->w, s->oh, s->ow, src, dst, threads);
    case VGG_LRN:
        return nonet_lrn(n, s->c, s->h, s->w, s->layer.size, s->layer.alpha / (float)s->layer.size, s->layer.lrn_beta,
                         s->layer.lrn_k, src, dst, threads);
    case VGG_SOFTMAX:
        return softmax_rows(net, s, src, dst);
    default:
        memcpy(dst, src, floats * sizeof *dst);
        return nonet_relu(floats, dst);
    }
}

/* Where step i writes: the caller's memory for the last one that ends in NCHW. */
static float *target(const nonet_vgg *net, int i, float *dst)
{
    return i == net->count - 1 && net->steps[i].out_layout == NONET_NCHW ? dst : net->act[i % 2];
}

nonet_vgg_status nonet_vgg_forward(nonet_vgg *net, const float *src, float *dst, double *seconds, nonet_vgg_error *err)
{
    if (!net || !src || !dst)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_forward: a null pointer");
    if (!net->act[0] || !net->act[1] || !net->workspace)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: there was no memory for its activations; reshape it first", net->model.path);
    const float *in = src;
    const vgg_step *last = &net->steps[net->count - 1];
    int plain_first = net->steps[0].layer.type == VGG_CONV || net->steps[0].layer.type == VGG_FC;
    if (!plain_first) {         /* step 0 writes act[0] */
        nonet_reorder(net->batch, net->model.c, net->h, net->w, NONET_NCHW, src, NONET_NCHW16C, net->act[1]);
        in = net->act[1];
    }
    for (int i = 0; i < net->count; i++) {
        double start = seconds ? now() : 0;
        float *out = target(net, i, dst);
        nonet_status status = run_step(net, &net->steps[i], in, out);
        if (status != NONET_OK)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "layer %s: %s", net->steps[i].layer.name, nonet_status_string(status));
        if (seconds)
            seconds[i] = now() - start;
        in = out;
    }
    if (in != dst)
        nonet_reorder(net->batch, last->k, last->oh, last->ow, NONET_NCHW16C, in, NONET_NCHW, dst);
    return NONET_VGG_OK;
}
