/* fold.c - makes a model ready to run: BatchNorm goes into the weights before it, Dropout goes away, FLATTEN stands before the
 * first FC, and every layer can take what the layer before it gives. */
#include <math.h>
#include <stdlib.h>

#include "vgg/model.h"

/* What flows between two layers. */
typedef struct flow {
    const vgg_model *model;
    int channels;               /* 0: not known yet */
    int flat;                   /* after FLATTEN */
    int length;                 /* of the vector after FLATTEN; 0: not known */
    int side_h, side_w;         /* map side where an adaptive pool fixes it, else 0 */
} flow;

static const char *type_name(vgg_layer_type type)
{
    static const char *const names[] = {"convolution", "BatchNorm", "ReLU", "LRN", "max pool", "average pool",
                                        "flatten", "fully connected", "dropout", "soft-max"};
    return names[type];
}

static nonet_vgg_status refuse(const flow *f, const vgg_layer *l, const char *why, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the %s layer '%s' %s", f->model->path, type_name(l->type), l->name, why);
}

static nonet_vgg_status check_conv(flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    if (f->flat)
        return refuse(f, l, "stands behind a flattened map", err);
    if (l->k < 1 || l->c < 1)
        return refuse(f, l, "has no channels", err);
    if (!((l->r == 3 && l->s == 3 && l->pad >= 0 && l->pad <= 1) || (l->r == 1 && l->s == 1 && l->pad == 0)))
        return refuse(f, l, "is neither 3x3 with padding 0 or 1 nor 1x1 without padding", err);
    if (l->stride < 1 || l->stride > 2)
        return refuse(f, l, "has a stride other than 1 or 2", err);
    if (f->channels && f->channels != l->c)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the convolution layer '%s' takes %d channels, but %d reach it",
                        f->model->path, l->name, l->c, f->channels);
    f->channels = l->k;
    f->side_h = f->side_w = 0;
    return NONET_VGG_OK;
}

/* Before FLATTEN an FC takes channels * height * width numbers; the map's size is only known when the input's is. */
static nonet_vgg_status check_fc(flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    if (l->k < 1 || l->c < 1)
        return refuse(f, l, "has no inputs or outputs", err);
    if (f->channels == 0)
        return refuse(f, l, "stands first, but the file does not say how large the input is", err);
    if (f->length ? l->c != f->length : l->c % f->channels != 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the fully connected layer '%s' takes %d numbers, but %s%d reach it",
                        f->model->path, l->name, l->c, f->length ? "" : "a multiple of ", f->length ? f->length : f->channels);
    f->flat = 1;
    f->channels = f->length = l->k;
    return NONET_VGG_OK;
}

static nonet_vgg_status check_spatial(flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    if (f->flat)
        return refuse(f, l, "stands behind a flattened map", err);
    if (l->type == VGG_LRN && (l->size < 1 || l->size % 2 == 0))
        return refuse(f, l, "has an even or no size", err);
    if (l->type == VGG_AVGPOOL && (l->oh < 0 || l->ow < 0))
        return refuse(f, l, "has a negative size", err);
    if (l->type == VGG_LRN)
        return NONET_VGG_OK;
    f->side_h = l->type == VGG_AVGPOOL ? l->oh : 0;
    f->side_w = l->type == VGG_AVGPOOL ? l->ow : 0;
    return NONET_VGG_OK;
}

static nonet_vgg_status check_flatten(flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    int64_t length = (int64_t)f->channels * f->side_h * f->side_w;
    if (length > INT32_MAX)
        return refuse(f, l, "makes more than 2^31 - 1 numbers", err);
    f->flat = 1;
    f->length = (int)length;
    return NONET_VGG_OK;
}

static nonet_vgg_status check_layer(flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    switch (l->type) {
    case VGG_CONV:
        return check_conv(f, l, err);
    case VGG_FC:
        return check_fc(f, l, err);
    case VGG_LRN:
    case VGG_MAXPOOL:
    case VGG_AVGPOOL:
        return check_spatial(f, l, err);
    case VGG_FLATTEN:
        return check_flatten(f, l, err);
    default:
        return NONET_VGG_OK;
    }
}

static void scale_weights(const vgg_layer *to, const vgg_layer *bn, size_t per_output, float *weight, float *bias)
{
    for (int k = 0; k < to->k; k++) {
        double scale = (bn->gamma ? bn->gamma[k] : 1.0) / sqrt((double)bn->var[k] + bn->eps);
        double shift = (bn->beta ? bn->beta[k] : 0.0) - bn->mean[k] * scale;
        const float *from = to->weight + (size_t)k * per_output;
        float *w = weight + (size_t)k * per_output;
        for (size_t i = 0; i < per_output; i++)
            w[i] = (float)(from[i] * scale);
        bias[k] = (float)((to->bias ? to->bias[k] : 0.0) * scale + shift);
    }
}

/* y = gamma * (x - mean)/sqrt(var + eps) + beta, x = weight * in + bias: both are linear, so one layer does them. */
static nonet_vgg_status fold_batchnorm(vgg_model *model, flow *f, vgg_layer *to, const vgg_layer *bn, nonet_vgg_error *err)
{
    if (!to || (to->type != VGG_CONV && to->type != VGG_FC))
        return refuse(f, bn, "does not follow a convolution or a fully connected layer directly", err);
    if (bn->k != to->k)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the BatchNorm layer '%s' has %d channels, but '%s' before it gives %d",
                        model->path, bn->name, bn->k, to->name, to->k);
    if (!to->weight || !bn->mean || !bn->var)
        return refuse(f, bn, "lacks its mean or variance, or the weights before it", err);
    for (int k = 0; k < bn->k; k++)
        if (!(bn->var[k] + (double)bn->eps > 0) || !isfinite(bn->var[k]))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the BatchNorm layer '%s' has variance %g in channel %d", model->path,
                            bn->name, (double)bn->var[k], k);
    size_t per_output = (size_t)to->c * (to->type == VGG_CONV ? (size_t)(to->r * to->s) : 1);
    float *weight = vgg_model_alloc(model, (size_t)to->k * per_output * sizeof(float));
    float *bias = vgg_model_alloc(model, (size_t)to->k * sizeof(float));
    if (!weight || !bias)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the weights of '%s'", model->path, to->name);
    scale_weights(to, bn, per_output, weight, bias);
    to->weight = weight;
    to->bias = bias;
    return NONET_VGG_OK;
}

/* Takes one layer of the old list into the new one (or into the layer at its end, or nowhere). */
static nonet_vgg_status take_layer(vgg_model *model, flow *f, const vgg_layer *l, nonet_vgg_error *err)
{
    if (l->type == VGG_DROPOUT || (l->type == VGG_FLATTEN && f->flat))
        return NONET_VGG_OK;
    if (l->type == VGG_BATCHNORM)
        return fold_batchnorm(model, f, model->count ? &model->layers[model->count - 1] : NULL, l, err);
    if (model->count && model->layers[model->count - 1].type == VGG_SOFTMAX)
        return refuse(f, l, "stands behind the soft-max", err);
    vgg_layer implied = {.type = VGG_FLATTEN, .name = "flatten"};
    int flatten = l->type == VGG_FC && !f->flat;
    nonet_vgg_status status = flatten ? check_layer(f, &implied, err) : NONET_VGG_OK;
    if (status == NONET_VGG_OK)
        status = check_layer(f, l, err);
    if (status != NONET_VGG_OK)
        return status;
    if (flatten && !vgg_model_add(model, VGG_FLATTEN, implied.name))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its list of layers", model->path);
    vgg_layer *copy = vgg_model_add(model, l->type, l->name);
    if (!copy)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its list of layers", model->path);
    *copy = *l;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_model_fold(vgg_model *model, nonet_vgg_error *err)
{
    vgg_layer *old = model->layers;
    int count = model->count;
    for (int i = 0; i < count && model->c == 0; i++)
        if (old[i].type == VGG_CONV)
            model->c = old[i].c;
    if (model->c < 1 || model->c > 4)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: its input has %d channels; pictures have 1 to 4", model->path, model->c);
    flow f = {.model = model, .channels = model->c};
    model->layers = NULL;
    model->count = 0;
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < count && status == NONET_VGG_OK; i++)
        status = take_layer(model, &f, &old[i], err);
    free(old);
    if (status == NONET_VGG_OK && model->count == 0)
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the model has no layers", model->path);
    return status;
}
