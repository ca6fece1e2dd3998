/* forward.c - runs the steps. Nothing is allocated here. */
#include <string.h>
#include <time.h>
#include "vgg/net.h"

double vgg_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static nonet_status softmax_rows(const vgg_step *s, const float *src, float *dst)
{
    size_t row = nonet_tensor_floats(NONET_NCHW16C, 1, s->c, 1, 1);
    memset(dst, 0, (size_t)s->images * row * sizeof *dst);
    for (int n = 0; n < s->images; n++) {
        nonet_status status = nonet_softmax(1, s->c, src + (size_t)n * row, dst + (size_t)n * row);
        if (status != NONET_OK)
            return status;
    }
    return NONET_OK;
}

static nonet_status run_layer(const nonet_vgg *net, const vgg_step *s, const float *src, float *dst)
{
    int n = s->images, threads = net->options.conv.threads;
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
        return softmax_rows(s, src, dst);
    case VGG_RELU:
        memcpy(dst, src, floats * sizeof *dst);
        return nonet_relu(floats, dst);
    default:                    /* makes no step */
        return NONET_UNSUPPORTED;
    }
}

static nonet_status run_step(const nonet_vgg *net, const vgg_step *s, const float *src, float *dst, double *seconds)
{
    double start = seconds ? vgg_now() : 0;
    nonet_status status = run_layer(net, s, src, dst);
    if (seconds)
        *seconds += vgg_now() - start;
    return status;
}

/* Where step i writes, from image `image` on: the caller's memory for the last one that ends in NCHW. */
static float *target(const nonet_vgg *net, int i, int image, float *dst)
{
    const vgg_step *s = &net->steps[i];
    size_t before = vgg_step_floats(s, 1) * (size_t)image;
    if (i == net->count - 1 && s->out_layout == NONET_NCHW)
        return dst + before;
    return net->act[i % VGG_ACTS] + (i == net->early - 1 ? vgg_gather_offset(net) + before : 0);
}

/* What the first step reads: it takes NCHW itself, or it gets the blocked layout in the last of act, as step 0 writes the first. */
static const float *first_input(const nonet_vgg *net, int image, const float *src)
{
    const vgg_step *s = &net->steps[0];
    src += nonet_tensor_floats(NONET_NCHW, image, net->model.c, net->h, net->w);
    if (s->layer.type == VGG_CONV || s->layer.type == VGG_FC)
        return src;
    nonet_reorder(s->images, net->model.c, net->h, net->w, NONET_NCHW, src, NONET_NCHW16C, net->act[VGG_ACTS - 1]);
    return net->act[VGG_ACTS - 1];
}

/* The steps of a chain that starts with step `first`. */
static nonet_status run_chain(const nonet_vgg *net, int first, int image, const float *src, float *dst, double *seconds)
{
    const vgg_step *s = &net->steps[first];
    const nonet_weights *weights[VGG_CHAIN_MAX];
    float *maps[VGG_CHAIN_MAX];
    double took[VGG_CHAIN_MAX];
    for (int i = 0; i < s->chained; i++) {
        weights[i] = s[i].weights;
        maps[i] = target(net, first + i, image, dst);
    }
    nonet_status status = nonet_chain_execute(s->chain, weights, src, maps, net->workspace, seconds ? took : NULL);
    for (int i = 0; seconds && status == NONET_OK && i < s->chained; i++)
        seconds[i] += took[i];
    return status;
}

/* Steps [from, to) for the images from `image` on that one call takes. */
static nonet_vgg_status run_steps(const nonet_vgg *net, int from, int to, int image, const float *in, float *dst, double *seconds,
                                  nonet_vgg_error *err)
{
    for (int i = from; i < to; i++) {
        const vgg_step *s = &net->steps[i];
        int last = s->chain ? i + s->chained - 1 : i;
        float *out = target(net, last, image, dst);
        double *times = seconds ? &seconds[i] : NULL;
        nonet_status status = s->chain ? run_chain(net, i, image, in, dst, times) : run_step(net, s, in, out, times);
        if (status != NONET_OK)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "layer %s: %s", s->layer.name, nonet_status_string(status));
        i = last;
        in = out;
    }
    return NONET_VGG_OK;
}

nonet_vgg_status nonet_vgg_forward(nonet_vgg *net, const float *src, float *dst, double *seconds, nonet_vgg_error *err)
{
    if (!net || !src || !dst)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_forward: a null pointer");
    if (!vgg_has_buffers(net))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: there was no memory for its activations; reshape it first",
                        net->model.path);
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; seconds && i < net->count; i++)
        seconds[i] = 0;
    for (int image = 0; net->early && image < net->batch && status == NONET_VGG_OK; image += net->steps[0].images)
        status = run_steps(net, 0, net->early, image, first_input(net, image, src), dst, seconds, err);
    if (status == NONET_VGG_OK) {
        const float *in = net->early ? target(net, net->early - 1, 0, dst) : first_input(net, 0, src);
        status = run_steps(net, net->early, net->count, 0, in, dst, seconds, err);
    }
    const vgg_step *last = &net->steps[net->count - 1];
    float *end = target(net, net->count - 1, 0, dst);
    if (status == NONET_VGG_OK && end != dst)
        nonet_reorder(net->batch, last->k, last->oh, last->ow, NONET_NCHW16C, end, NONET_NCHW, dst);
    if (!net->options.keep_threads)
        vgg_release_threads(net);
    return status;
}
