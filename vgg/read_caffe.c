/* read_caffe.c - Caffe models (binary NetParameter, layers of the old or the new kind) that are a plain chain of layers. */
#include "vgg/model.h"

#ifdef NONET_HAVE_PROTOBUF_C

#include <string.h>
#include "vgg/caffe.h"

/* Types of messages on the way to the payloads. */
enum { NET, OLD_LAYER, NEW_LAYER, BLOB };
static const vgg_slim_rule rules[] = {
    { NET, 2, VGG_SLIM_ENTER, OLD_LAYER },
    { NET, 100, VGG_SLIM_ENTER, NEW_LAYER },
    { OLD_LAYER, 6, VGG_SLIM_ENTER, BLOB },
    { NEW_LAYER, 7, VGG_SLIM_ENTER, BLOB },
    { BLOB, 5, VGG_SLIM_TAKE, 50000 },      /* data */
    { BLOB, 6, VGG_SLIM_DROP, 0 },          /* diff: the last gradients of training */
    { BLOB, 9, VGG_SLIM_DROP, 0 },          /* double_diff */
    { -1, 0, VGG_SLIM_DROP, 0 },
};

static const Nonet__Caffe__ConvolutionParameter default_conv = NONET__CAFFE__CONVOLUTION_PARAMETER__INIT;
static const Nonet__Caffe__InnerProductParameter default_fc = NONET__CAFFE__INNER_PRODUCT_PARAMETER__INIT;
static const Nonet__Caffe__LRNParameter default_lrn = NONET__CAFFE__LRNPARAMETER__INIT;
static const Nonet__Caffe__PoolingParameter default_pool = NONET__CAFFE__POOLING_PARAMETER__INIT;
static const Nonet__Caffe__ReLUParameter default_relu = NONET__CAFFE__RE_LUPARAMETER__INIT;
static const Nonet__Caffe__SoftmaxParameter default_softmax = NONET__CAFFE__SOFTMAX_PARAMETER__INIT;
static const Nonet__Caffe__FlattenParameter default_flatten = NONET__CAFFE__FLATTEN_PARAMETER__INIT;
static const Nonet__Caffe__BatchNormParameter default_batchnorm = NONET__CAFFE__BATCH_NORM_PARAMETER__INIT;
static const Nonet__Caffe__ScaleParameter default_scale = NONET__CAFFE__SCALE_PARAMETER__INIT;

/* What the two kinds of layers have in common. */
#define SHARED(p)                                                                                                              \
    .name = (p)->name ? (p)->name : "", .n_bottom = (p)->n_bottom, .n_top = (p)->n_top, .n_blobs = (p)->n_blobs,               \
    .bottom = (p)->bottom, .top = (p)->top, .blobs = (p)->blobs, .transform = (p)->transform_param,                            \
    .conv = (p)->convolution_param ? (p)->convolution_param : &default_conv,                                                   \
    .fc = (p)->inner_product_param ? (p)->inner_product_param : &default_fc,                                                   \
    .lrn = (p)->lrn_param ? (p)->lrn_param : &default_lrn,                                                                     \
    .pool = (p)->pooling_param ? (p)->pooling_param : &default_pool,                                                           \
    .relu = (p)->relu_param ? (p)->relu_param : &default_relu,                                                                 \
    .softmax = (p)->softmax_param ? (p)->softmax_param : &default_softmax

static caffe_layer from_new(const Nonet__Caffe__LayerParameter *p)
{
    return (caffe_layer){
        SHARED(p), .type = p->type ? p->type : "", .input = p->input_param,
        .flatten = p->flatten_param ? p->flatten_param : &default_flatten,
        .batchnorm = p->batch_norm_param ? p->batch_norm_param : &default_batchnorm,
        .scale = p->scale_param ? p->scale_param : &default_scale,
    };
}

static const char *old_type(const Nonet__Caffe__V1LayerParameter *p)
{
#define OLD(type) NONET__CAFFE__V1_LAYER_PARAMETER__LAYER_TYPE__##type
    static const char *const names[] = {
        [OLD(ACCURACY)] = "Accuracy", [OLD(CONVOLUTION)] = "Convolution", [OLD(DATA)] = "Data", [OLD(DROPOUT)] = "Dropout",
        [OLD(FLATTEN)] = "Flatten", [OLD(HDF5_DATA)] = "HDF5Data", [OLD(IMAGE_DATA)] = "ImageData",
        [OLD(INNER_PRODUCT)] = "InnerProduct", [OLD(LRN)] = "LRN", [OLD(POOLING)] = "Pooling", [OLD(RELU)] = "ReLU",
        [OLD(SOFTMAX)] = "Softmax", [OLD(SOFTMAX_LOSS)] = "SoftmaxWithLoss", [OLD(SPLIT)] = "Split",
        [OLD(WINDOW_DATA)] = "WindowData", [OLD(MEMORY_DATA)] = "MemoryData", [OLD(DUMMY_DATA)] = "DummyData",
        [OLD(SILENCE)] = "Silence",
    };
#undef OLD
    size_t type = p->has_type && (int)p->type >= 0 ? (size_t)p->type : 0;
    return type < sizeof names / sizeof *names && names[type] ? names[type] : "a type of old files";
}

static caffe_layer from_old(const Nonet__Caffe__V1LayerParameter *p)
{
    return (caffe_layer){
        SHARED(p), .type = old_type(p),
        .flatten = &default_flatten, .batchnorm = &default_batchnorm, .scale = &default_scale,
    };
}

/* Records the input's size; 0: not known. */
static nonet_vgg_status set_input(caffe_reader *o, int64_t c, int64_t h, int64_t w)
{
    if (c < 0 || h < 0 || w < 0 || c > 65535 || h > 65535 || w > 65535)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: has an input of %lld x %lld x %lld", o->model->path,
                        (long long)c, (long long)h, (long long)w);
    o->c = c;
    o->model->c = (int)c;
    o->model->h = h && w ? (int)h : 0;
    o->model->w = h && w ? (int)w : 0;
    return NONET_VGG_OK;
}

static nonet_vgg_status set_input_shape(caffe_reader *o, const Nonet__Caffe__BlobShape *shape)
{
    if (shape->n_dim != 4)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: has an input of %zu dimensions; images in batches have 4",
                        o->model->path, shape->n_dim);
    return set_input(o, shape->dim[1], shape->dim[2], shape->dim[3]);
}

/* What stands before the layers in deployed nets: input, and four input_dim or a shape. */
static nonet_vgg_status read_input(caffe_reader *o, const Nonet__Caffe__NetParameter *net)
{
    if (net->n_input > 1)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: has %zu inputs; nonet runs plain chains only",
                        o->model->path, net->n_input);
    o->current = net->n_input ? net->input[0] : NULL;
    if (net->n_input_shape)
        return set_input_shape(o, net->input_shape[0]);
    if (net->n_input_dim == 4)
        return set_input(o, net->input_dim[1], net->input_dim[2], net->input_dim[3]);
    return NONET_VGG_OK;
}

static int is_one_of(const char *text, const char *const *list)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

/* Does the layer take, as its only input, the blob that the chain has reached? */
static int is_next(const caffe_reader *o, const caffe_layer *l)
{
    if (l->n_bottom != 1)
        return 0;
    for (size_t i = 0; i < o->n_copies; i++)
        if (strcmp(o->copies[i], l->bottom[0]) == 0)
            return 1;
    return !o->current || strcmp(o->current, l->bottom[0]) == 0;
}

/* A layer that feeds data: the first one names the chain's first blob, and may know its size. */
static nonet_vgg_status read_source(caffe_reader *o, const caffe_layer *l)
{
    if (o->current || o->model->count || l->n_top == 0)
        return NONET_VGG_OK;
    o->current = l->top[0];
    if (l->input && l->input->n_shape)
        return set_input_shape(o, l->input->shape[0]);
    return l->transform ? set_input(o, 0, l->transform->crop_size, l->transform->crop_size) : NONET_VGG_OK;
}

static nonet_vgg_status read_layer(caffe_reader *o, const caffe_layer *l)
{
    static const char *const sources[] = { "Input", "Data", "ImageData", "HDF5Data", "MemoryData", "WindowData", "DummyData",
                                           NULL };
    static const char *const ends[] = { "SoftmaxWithLoss", "Accuracy", "Silence", NULL };   /* of training and testing */
    if (is_one_of(l->type, sources))
        return read_source(o, l);
    if (is_one_of(l->type, ends))
        return NONET_VGG_OK;
    int split = strcmp(l->type, "Split") == 0;
    if (!is_next(o, l)) {
        if (split)      /* of the labels */
            return NONET_VGG_OK;
        return vgg_caffe_fail(o, l, NONET_VGG_UNSUPPORTED,
                          "does not take what the layer before it gives; nonet runs plain chains only");
    }
    if (split) {
        o->current = l->bottom[0];
        o->copies = l->top;
        o->n_copies = l->n_top;
        return NONET_VGG_OK;
    }
    if (l->n_top != 1)
        return vgg_caffe_fail(o, l, NONET_VGG_UNSUPPORTED, "has %zu outputs; nonet runs plain chains only", l->n_top);
    o->current = l->top[0];
    o->n_copies = 0;
    return vgg_caffe_add_layer(o, l);
}

static nonet_vgg_status read_net(caffe_reader *o, const Nonet__Caffe__NetParameter *net)
{
    vgg_model *m = o->model;
    nonet_vgg_status status = read_input(o, net);
    if (!status && net->n_layer && net->n_layers)
        return vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: has layers of the old and of the new kind", m->path);
    for (size_t i = 0; i < net->n_layer + net->n_layers && !status; i++) {
        caffe_layer l = net->n_layer ? from_new(net->layer[i]) : from_old(net->layers[i]);
        status = read_layer(o, &l);
    }
    if (status)
        return status;
    for (int i = 0; i < m->count && !m->c; i++)
        m->c = m->layers[i].type == VGG_CONV ? m->layers[i].c : 0;
    if (!m->c)
        return vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: has no layers, or does not say how many channels it takes", m->path);
    vgg_set_preparation(m, m->c == 1 ? NONET_VGG_GREY : NONET_VGG_CAFFE);
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_read_caffe(vgg_model *model, nonet_vgg_error *err)
{
    caffe_reader o = { .model = model, .err = err };
    ProtobufCMessage *message = NULL;
    nonet_vgg_status status = vgg_slim_make(&o.slim, model, rules, "Caffe", err);
    if (!status)
        status = vgg_slim_unpack(&o.slim, model, &nonet__caffe__net_parameter__descriptor, "Caffe", &message, err);
    if (!status) {
        status = read_net(&o, (const Nonet__Caffe__NetParameter *)(const void *)message);
        protobuf_c_message_free_unpacked(message, &o.slim.allocator);
    }
    vgg_slim_clear(&o.slim);
    return status;
}

#else

nonet_vgg_status vgg_read_caffe(vgg_model *model, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_UNSUPPORTED,
                    "%s: this build has no Caffe reader (libprotobuf-c was not found when it was built)", model->path);
}

#endif
