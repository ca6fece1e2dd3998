/* caffe_layers.c - one layer of a network from one layer of a Caffe model. What is not exactly the layer that nonet runs is
 * refused with its name: a model is never run as something that it is not. */
#include "vgg/caffe.h"

#include <string.h>

static const nonet_vgg_status refused = NONET_VGG_UNSUPPORTED;

/* Appends a layer under the file's name for it. */
static nonet_vgg_status add(caffe_reader *o, const caffe_layer *l, vgg_layer_type type, vgg_layer **layer)
{
    *layer = vgg_model_add(o->model, type, l->name);
    return *layer ? NONET_VGG_OK : vgg_fail(o->err, NONET_VGG_NO_MEMORY, "%s: not enough memory to read it", o->model->path);
}

/* A side length, stride or padding: one number for both directions, two, or a field for each direction. 0 when they differ. */
static int square(size_t count, const uint32_t *list, int has_h, uint32_t h, int has_w, uint32_t w, uint32_t *value)
{
    if (has_h || has_w) {
        *value = h;
        return has_h && has_w && h == w;
    }
    if (count > 0)
        *value = list[0];
    return count < 2 || (count == 2 && list[1] == list[0]);
}

typedef struct geometry {
    uint32_t side, stride, pad;
} geometry;

static nonet_vgg_status conv_geometry(caffe_reader *o, const caffe_layer *l, geometry *g)
{
    const Nonet__Caffe__ConvolutionParameter *p = l->conv;
    *g = (geometry){ 0, 1, 0 };
    if (!square(p->n_kernel_size, p->kernel_size, p->has_kernel_h, p->kernel_h, p->has_kernel_w, p->kernel_w, &g->side) ||
        !square(p->n_stride, p->stride, p->has_stride_h, p->stride_h, p->has_stride_w, p->stride_w, &g->stride) ||
        !square(p->n_pad, p->pad, p->has_pad_h, p->pad_h, p->has_pad_w, p->pad_w, &g->pad))
        return vgg_caffe_fail(o, l, refused, "treats rows and columns differently");
    for (size_t i = 0; i < p->n_dilation; i++)
        if (p->dilation[i] != 1)
            return vgg_caffe_fail(o, l, refused, "is dilated");
    if (p->group != 1 || p->axis != 1)
        return vgg_caffe_fail(o, l, refused, "is a convolution in groups, or not over channels");
    if (g->side != 1 && g->side != 3)
        return vgg_caffe_fail(o, l, refused, "has a kernel of %ux%u; nonet runs 3x3 and 1x1", g->side, g->side);
    if (g->stride < 1 || g->stride > (g->side == 3 ? 2 : 1) || g->pad > g->side / 2)
        return vgg_caffe_fail(o, l, refused, "has a stride of %u and a padding of %u, which nonet does not run", g->stride,
                              g->pad);
    return NONET_VGG_OK;
}

static nonet_vgg_status add_conv(caffe_reader *o, const caffe_layer *l)
{
    geometry g;
    caffe_array weight;
    const float *bias = NULL;
    vgg_layer *layer;
    nonet_vgg_status status = conv_geometry(o, l, &g);
    if (!status)
        status = vgg_caffe_blob(o, l, 0, &weight);
    if (!status && l->conv->bias_term)
        status = vgg_caffe_vector(o, l, 1, weight.dim[0], &bias);
    if (status)
        return status;
    if (weight.ndim != 4 || weight.dim[0] != l->conv->num_output || weight.dim[2] != g.side || weight.dim[3] != g.side)
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "has weights of another shape than its parameters say");
    if (o->c && o->c != weight.dim[1])
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "takes %lld channels where the layer before it gives %lld",
                          (long long)weight.dim[1], (long long)o->c);
    status = add(o, l, VGG_CONV, &layer);
    if (status)
        return status;
    layer->k = (int)(o->c = weight.dim[0]);
    layer->c = (int)weight.dim[1];
    layer->r = layer->s = (int)g.side;
    layer->stride = (int)g.stride;
    layer->pad = (int)g.pad;
    layer->weight = weight.data;
    layer->bias = bias;
    return NONET_VGG_OK;
}

static nonet_vgg_status add_fc(caffe_reader *o, const caffe_layer *l)
{
    caffe_array weight;
    const float *bias = NULL;
    vgg_layer *layer;
    if (l->fc->axis != 1 || l->fc->transpose)
        return vgg_caffe_fail(o, l, refused, "is transposed, or not over all of the map");
    nonet_vgg_status status = vgg_caffe_blob(o, l, 0, &weight);
    if (status)
        return status;
    /* Old files write 1 x 1 x outputs x inputs. */
    const int64_t *dim = weight.ndim == 4 && weight.dim[0] == 1 && weight.dim[1] == 1 ? weight.dim + 2 : weight.dim;
    if (dim[0] * dim[1] != weight.count || dim[0] != l->fc->num_output)
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "has weights of another shape than its parameters say");
    if (l->fc->bias_term)
        status = vgg_caffe_vector(o, l, 1, dim[0], &bias);
    if (!status)
        status = add(o, l, VGG_FC, &layer);
    if (status)
        return status;
    layer->k = (int)(o->c = dim[0]);
    layer->c = (int)dim[1];
    layer->weight = weight.data;
    layer->bias = bias;
    return NONET_VGG_OK;
}

static nonet_vgg_status add_pool(caffe_reader *o, const caffe_layer *l)
{
    const Nonet__Caffe__PoolingParameter *p = l->pool;
    uint32_t side = p->kernel_size, stride = p->stride, pad = p->pad;
    int average = p->pool == NONET__CAFFE__POOLING_PARAMETER__POOL_METHOD__AVE;
    vgg_layer *layer;
    if (average && p->global_pooling) {
        nonet_vgg_status status = add(o, l, VGG_AVGPOOL, &layer);
        if (!status)
            layer->oh = layer->ow = 1;
        return status;
    }
    int even = square(0, NULL, p->has_kernel_h, p->kernel_h, p->has_kernel_w, p->kernel_w, &side) &&
               square(0, NULL, p->has_stride_h, p->stride_h, p->has_stride_w, p->stride_w, &stride) &&
               square(0, NULL, p->has_pad_h, p->pad_h, p->has_pad_w, p->pad_w, &pad);
    int max = p->pool == NONET__CAFFE__POOLING_PARAMETER__POOL_METHOD__MAX && !p->global_pooling;
    if (!max || !even || side != 2 || stride != 2 || pad != 0)
        return vgg_caffe_fail(o, l, refused, "is neither a maximum over 2x2 with stride 2 nor a global average");
    nonet_vgg_status status = add(o, l, VGG_MAXPOOL, &layer);
    if (!status)
        layer->ceil = p->round_mode != NONET__CAFFE__POOLING_PARAMETER__ROUND_MODE__FLOOR;
    return status;
}

static nonet_vgg_status add_relu(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *layer;
    if (l->relu->negative_slope != 0)
        return vgg_caffe_fail(o, l, refused, "has a slope below zero");
    return add(o, l, VGG_RELU, &layer);
}

static nonet_vgg_status add_lrn(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *layer;
    if (l->lrn->norm_region != NONET__CAFFE__LRNPARAMETER__NORM_REGION__ACROSS_CHANNELS)
        return vgg_caffe_fail(o, l, refused, "is not across channels");
    if (l->lrn->local_size % 2 == 0 || l->lrn->local_size > 255)
        return vgg_caffe_fail(o, l, refused, "has a size of %u; it must be odd, at most 255", l->lrn->local_size);
    nonet_vgg_status status = add(o, l, VGG_LRN, &layer);
    if (status)
        return status;
    layer->size = (int)l->lrn->local_size;
    layer->alpha = l->lrn->alpha;       /* Caffe divides it by the size where it uses it, as vgg_layer has it */
    layer->lrn_beta = l->lrn->beta;
    layer->lrn_k = l->lrn->k;
    return NONET_VGG_OK;
}

/* The file keeps sums of mean and variance, and the factor to divide them by. */
static nonet_vgg_status add_batchnorm(caffe_reader *o, const caffe_layer *l)
{
    caffe_array sums;
    const float *variance, *factor;
    vgg_layer *layer;
    nonet_vgg_status status = vgg_caffe_blob(o, l, 0, &sums);
    if (!status)
        status = vgg_caffe_vector(o, l, 1, sums.count, &variance);
    if (!status)
        status = vgg_caffe_vector(o, l, 2, 1, &factor);
    if (!status)
        status = add(o, l, VGG_BATCHNORM, &layer);
    if (status)
        return status;
    size_t k = (size_t)sums.count;
    float *own = vgg_model_alloc(o->model, 2 * k * sizeof *own);
    if (!own)
        return vgg_caffe_fail(o, l, NONET_VGG_NO_MEMORY, "has weights that do not fit into memory");
    float scale = *factor == 0 ? 0 : 1 / *factor;
    for (size_t i = 0; i < k; i++) {
        own[i] = sums.data[i] * scale;
        own[k + i] = variance[i] * scale;
    }
    layer->k = (int)k;
    layer->mean = own;
    layer->var = own + k;
    layer->eps = l->batchnorm->eps;
    return NONET_VGG_OK;
}

/* Caffe's BatchNorm has no gamma and beta: a Scale layer right behind it has them. */
static nonet_vgg_status add_scale(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *last = o->model->count ? &o->model->layers[o->model->count - 1] : NULL;
    if (!last || last->type != VGG_BATCHNORM || last->gamma || l->scale->axis != 1 || l->scale->num_axes != 1)
        return vgg_caffe_fail(o, l, refused, "is not the second half of a BatchNorm");
    nonet_vgg_status status = vgg_caffe_vector(o, l, 0, last->k, &last->gamma);
    if (!status && l->scale->bias_term)
        status = vgg_caffe_vector(o, l, 1, last->k, &last->beta);
    return status;
}

static nonet_vgg_status add_flatten(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *layer;
    if (l->flatten->axis != 1 || l->flatten->end_axis != -1)
        return vgg_caffe_fail(o, l, refused, "does not make one vector of each image");
    return add(o, l, VGG_FLATTEN, &layer);
}

static nonet_vgg_status add_dropout(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *layer;
    return add(o, l, VGG_DROPOUT, &layer);
}

static nonet_vgg_status add_softmax(caffe_reader *o, const caffe_layer *l)
{
    vgg_layer *layer;
    if (l->softmax->axis != 1)
        return vgg_caffe_fail(o, l, refused, "is not over the classes");
    return add(o, l, VGG_SOFTMAX, &layer);
}

nonet_vgg_status vgg_caffe_add_layer(caffe_reader *o, const caffe_layer *l)
{
    static const struct { const char *type; nonet_vgg_status (*add)(caffe_reader *o, const caffe_layer *l); } types[] = {
        { "Convolution", add_conv }, { "InnerProduct", add_fc }, { "Pooling", add_pool }, { "ReLU", add_relu },
        { "LRN", add_lrn }, { "BatchNorm", add_batchnorm }, { "Scale", add_scale }, { "Flatten", add_flatten },
        { "Dropout", add_dropout }, { "Softmax", add_softmax },
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(l->type, types[i].type) == 0)
            return types[i].add(o, l);
    return vgg_caffe_fail(o, l, refused, "is not a kind of layer that nonet runs");
}
