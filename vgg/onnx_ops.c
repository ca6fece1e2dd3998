/* onnx_ops.c - one layer of a network from one node of an ONNX graph. What is not exactly the layer that nonet runs is refused
 * with the node's name: a model is never run as something that it is not. */
#include "vgg/onnx.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const nonet_vgg_status refused = NONET_VGG_UNSUPPORTED;

/* Attributes that convolutions and pools share. */
typedef struct window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pad;                    /* the same on four sides */
    int same;                       /* auto_pad: 0, or 'U'pper or 'L'ower */
} window;

static nonet_vgg_status layer_added(onnx_reader *o, const vgg_layer *layer)
{
    return layer ? NONET_VGG_OK : vgg_fail(o->err, NONET_VGG_NO_MEMORY, "%s: not enough memory to read it", o->model->path);
}

static int is_text(const ProtobufCBinaryData *bytes, const char *text)
{
    return bytes->len == strlen(text) && memcmp(bytes->data, text, bytes->len) == 0;
}

/* kernel: as the weights say, or 0. */
static nonet_vgg_status read_window(onnx_reader *o, const onnx_node *n, int64_t kernel_h, int64_t kernel_w, window *win)
{
    *win = (window){ { kernel_h, kernel_w }, { 1, 1 }, { 1, 1 }, 0, 0 };
    int64_t pads[4] = { 0 };
    if (!vgg_onnx_ints(n, "kernel_shape", 2, win->kernel) || !vgg_onnx_ints(n, "strides", 2, win->stride) ||
        !vgg_onnx_ints(n, "dilations", 2, win->dilation) || !vgg_onnx_ints(n, "pads", 4, pads))
        return vgg_onnx_fail(o, n, refused, "is not two-dimensional");
    if (kernel_h && (win->kernel[0] != kernel_h || win->kernel[1] != kernel_w))
        return vgg_onnx_fail(o, n, NONET_VGG_BAD_FILE, "has weights of another size than its kernel_shape");
    if (win->dilation[0] != 1 || win->dilation[1] != 1)
        return vgg_onnx_fail(o, n, refused, "is dilated");
    const onnx_attribute *automatic = vgg_onnx_find_attribute(n, "auto_pad");
    if (!automatic || !automatic->has_s || is_text(&automatic->s, "NOTSET")) {
        win->pad = pads[0];
        if (pads[1] != pads[0] || pads[2] != pads[0] || pads[3] != pads[0])
            return vgg_onnx_fail(o, n, refused, "pads its four sides differently");
    } else if (is_text(&automatic->s, "SAME_UPPER") || is_text(&automatic->s, "SAME_LOWER")) {
        win->same = automatic->s.data[5];
    } else if (!is_text(&automatic->s, "VALID")) {
        return vgg_onnx_fail(o, n, refused, "has an unknown auto_pad");
    }
    return NONET_VGG_OK;
}

/* What SAME_UPPER and SAME_LOWER mean for a 1x1 or 3x3 convolution. A stride of 2 pads an even map on one side only. */
static nonet_vgg_status same_pad(onnx_reader *o, const onnx_node *n, window *win)
{
    if (win->stride[0] == 2 && win->kernel[0] == 3 && !(o->h % 2 && o->w % 2))
        return vgg_onnx_fail(o, n, refused, "pads its four sides differently");
    win->pad = win->kernel[0] / 2;
    return NONET_VGG_OK;
}

/* The map's size after a convolution; sizes that are not known stay so. */
static nonet_vgg_status move_window(onnx_reader *o, const onnx_node *n, const window *win)
{
    int64_t *size[2] = { &o->h, &o->w };
    for (int i = 0; i < 2; i++) {
        if (*size[i] == 0)
            continue;
        int64_t room = *size[i] + 2 * win->pad - win->kernel[i];
        if (room < 0)
            return vgg_onnx_fail(o, n, NONET_VGG_BAD_FILE, "has a kernel that is larger than its input");
        *size[i] = room / win->stride[i] + 1;
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status check_inputs(onnx_reader *o, const onnx_node *n, int64_t have, int64_t want)
{
    if (have && have != want)
        return vgg_onnx_fail(o, n, NONET_VGG_BAD_FILE, "takes %lld values where the layer before it gives %lld", (long long)want,
                         (long long)have);
    return NONET_VGG_OK;
}

/* Values in the map; 0: not known. */
static int64_t features(const onnx_reader *o)
{
    return o->c * o->h * o->w;
}

static void set_shape(onnx_reader *o, int64_t c, int64_t h, int64_t w)
{
    o->c = c;
    o->h = h;
    o->w = w;
}

/* Appends an FC layer; bias is input i, if there is one. */
static nonet_vgg_status add_fc(onnx_reader *o, const onnx_node *n, int64_t k, int64_t c, const float *weight, size_t i)
{
    const float *bias = NULL;
    nonet_vgg_status status = check_inputs(o, n, features(o), c);
    if (!status && vgg_onnx_input(n, i))
        status = vgg_onnx_vector(o, n, i, k, &bias);
    if (status)
        return status;
    if (o->build.place > 1) {       /* the last group of convolutions had no pool to end it */
        o->build.group++;
        o->build.place = 1;
    }
    vgg_layer *layer = vgg_add_fc(&o->build, (int)k, (int)c);
    if (layer) {
        layer->weight = weight;
        layer->bias = bias;
    }
    set_shape(o, k, 1, 1);
    return layer_added(o, layer);
}

static nonet_vgg_status add_conv(onnx_reader *o, const onnx_node *n, const window *win, const onnx_array *weight)
{
    const float *bias = NULL;
    nonet_vgg_status status = check_inputs(o, n, o->c, weight->dim[1]);
    if (!status && vgg_onnx_input(n, 2))
        status = vgg_onnx_vector(o, n, 2, weight->dim[0], &bias);
    if (!status)
        status = move_window(o, n, win);
    if (status)
        return status;
    o->c = weight->dim[0];
    vgg_layer *layer = vgg_add_conv(&o->build, (int)weight->dim[0], (int)weight->dim[1], (int)win->kernel[0]);
    if (layer) {
        layer->stride = (int)win->stride[0];
        layer->pad = (int)win->pad;
        layer->weight = weight->data;
        layer->bias = bias;
    }
    return layer_added(o, layer);
}

static nonet_vgg_status op_conv(onnx_reader *o, const onnx_node *n)
{
    onnx_array weight;
    window win;
    nonet_vgg_status status = vgg_onnx_floats(o, n, 1, 4, &weight);
    if (!status)
        status = read_window(o, n, weight.dim[2], weight.dim[3], &win);
    if (status)
        return status;
    if (vgg_onnx_int(n, "group", 1) != 1)
        return vgg_onnx_fail(o, n, refused, "is a convolution in groups");
    int64_t side = win.kernel[0], stride = win.stride[0];
    if (side == win.kernel[1] && side == o->h && side == o->w && side != 3 && win.pad == 0 && !win.same)
        return add_fc(o, n, weight.dim[0], weight.dim[1] * side * side, weight.data, 2);    /* it sees the whole map at once */
    if (side != win.kernel[1] || (side != 1 && side != 3))
        return vgg_onnx_fail(o, n, refused, "has a kernel of %lldx%lld; nonet runs 3x3 and 1x1", (long long)side,
                         (long long)win.kernel[1]);
    if (stride != win.stride[1] || stride < 1 || stride > (side == 3 ? 2 : 1))
        return vgg_onnx_fail(o, n, refused, "has strides that nonet does not run");
    if (win.same && (status = same_pad(o, n, &win)))
        return status;
    if (win.pad < 0 || win.pad > side / 2)
        return vgg_onnx_fail(o, n, refused, "has a padding of %lld", (long long)win.pad);
    return add_conv(o, n, &win, &weight);
}

static nonet_vgg_status op_batchnorm(onnx_reader *o, const onnx_node *n)
{
    onnx_array gamma;
    const float *rest[3];
    if (vgg_onnx_int(n, "training_mode", 0) != 0 || vgg_onnx_int(n, "spatial", 1) != 1)
        return vgg_onnx_fail(o, n, refused, "is not one for inference, over channels");
    nonet_vgg_status status = vgg_onnx_floats(o, n, 1, 1, &gamma);
    for (size_t i = 0; i < 3 && !status; i++)
        status = vgg_onnx_vector(o, n, 2 + i, gamma.count, &rest[i]);
    if (!status)
        status = check_inputs(o, n, o->c, gamma.count);
    if (status)
        return status;
    vgg_layer *layer = vgg_add_batchnorm(&o->build);
    if (layer) {
        layer->k = (int)gamma.count;
        layer->gamma = gamma.data;
        layer->beta = rest[0];
        layer->mean = rest[1];
        layer->var = rest[2];
        layer->eps = vgg_onnx_float(n, "epsilon", 1e-5f);
    }
    return layer_added(o, layer);
}

static nonet_vgg_status op_relu(onnx_reader *o, const onnx_node *n)
{
    (void)n;
    return layer_added(o, vgg_add_relu(&o->build));
}

static nonet_vgg_status op_lrn(onnx_reader *o, const onnx_node *n)
{
    int64_t size = vgg_onnx_int(n, "size", 0);
    if (size < 1 || size > 255 || size % 2 == 0)
        return vgg_onnx_fail(o, n, refused, "has a size of %lld; it must be odd, at most 255", (long long)size);
    vgg_layer *layer = vgg_add_lrn(&o->build);
    if (layer) {
        layer->size = (int)size;
        layer->alpha = vgg_onnx_float(n, "alpha", 1e-4f);
        layer->lrn_beta = vgg_onnx_float(n, "beta", 0.75f);
        layer->lrn_k = vgg_onnx_float(n, "bias", 1);
    }
    return layer_added(o, layer);
}

static nonet_vgg_status op_maxpool(onnx_reader *o, const onnx_node *n)
{
    window win;
    nonet_vgg_status status = read_window(o, n, 0, 0, &win);
    if (status)
        return status;
    if (win.kernel[0] != 2 || win.kernel[1] != 2 || win.stride[0] != 2 || win.stride[1] != 2 || win.pad != 0)
        return vgg_onnx_fail(o, n, refused, "is not a 2x2 pool with stride 2 and no padding");
    if (win.same == 'L')
        return vgg_onnx_fail(o, n, refused, "pads on the upper left side");
    /* SAME_UPPER adds a row and a column that never win to maps of odd size: that is what ceil does. */
    int ceil = vgg_onnx_int(n, "ceil_mode", 0) != 0 || win.same == 'U';
    if ((o->h == 1 || o->w == 1) && !ceil)
        return vgg_onnx_fail(o, n, NONET_VGG_BAD_FILE, "has a kernel that is larger than its input");
    o->h = (o->h + ceil) / 2;
    o->w = (o->w + ceil) / 2;
    vgg_layer *layer = vgg_add_pool(&o->build);
    if (layer)
        layer->ceil = ceil;
    return layer_added(o, layer);
}

static nonet_vgg_status add_average(onnx_reader *o, int64_t h, int64_t w)
{
    vgg_layer *layer = vgg_add_avgpool(&o->build, 0);
    if (layer) {
        layer->oh = (int)h;
        layer->ow = (int)w;
    }
    set_shape(o, o->c, h, w);
    return layer_added(o, layer);
}

/* PyTorch writes an adaptive pool of a map of known size as a plain one, of 1x1 where it changes nothing. */
static nonet_vgg_status op_average(onnx_reader *o, const onnx_node *n)
{
    window win;
    nonet_vgg_status status = read_window(o, n, 0, 0, &win);
    if (status)
        return status;
    int64_t kh = win.kernel[0], kw = win.kernel[1];
    int tiles = kh > 0 && kw > 0 && kh == win.stride[0] && kw == win.stride[1] && win.pad == 0 && !win.same;
    if (tiles && kh == 1 && kw == 1)
        return NONET_VGG_OK;
    if (kh > 0 && kw > 0 && kh == o->h && kw == o->w && win.pad == 0 && win.same == 0)
        return add_average(o, 1, 1);
    if (tiles && o->h && o->w && o->h % kh == 0 && o->w % kw == 0)
        return add_average(o, o->h / kh, o->w / kw);
    return vgg_onnx_fail(o, n, refused, "is neither global nor an adaptive pool of a map whose size is known");
}

static nonet_vgg_status op_global_average(onnx_reader *o, const onnx_node *n)
{
    (void)n;
    return o->h == 1 && o->w == 1 ? NONET_VGG_OK : add_average(o, 1, 1);
}

static nonet_vgg_status add_flatten(onnx_reader *o, int64_t count)
{
    set_shape(o, count, 1, 1);
    return layer_added(o, vgg_add_flatten(&o->build));
}

static nonet_vgg_status op_flatten(onnx_reader *o, const onnx_node *n)
{
    int64_t axis = vgg_onnx_int(n, "axis", 1);
    if (axis != 1 && axis != -3)
        return vgg_onnx_fail(o, n, refused, "does not keep the first axis alone");
    return add_flatten(o, features(o));
}

/* To [batch, rest]. */
static nonet_vgg_status op_reshape(onnx_reader *o, const onnx_node *n)
{
    int64_t shape[2] = { 0, 0 };
    int count = 2;
    nonet_vgg_status status = NONET_VGG_OK;
    if (vgg_onnx_input(n, 1))
        status = vgg_onnx_whole(o, n, 1, 2, shape, &count);
    else if (!vgg_onnx_ints(n, "shape", 2, shape))
        count = 0;
    if (status)
        return status;
    if (count != 2 || shape[0] < -1 || shape[1] < -1 || shape[1] == 0 || shape[1] > INT_MAX)
        return vgg_onnx_fail(o, n, refused, "does not reshape to two dimensions");
    int64_t rest = shape[1] > 0 ? shape[1] : features(o);
    status = check_inputs(o, n, features(o), rest);
    return status ? status : add_flatten(o, rest);
}

static nonet_vgg_status op_dropout(onnx_reader *o, const onnx_node *n)
{
    (void)n;
    return layer_added(o, vgg_model_add(o->model, VGG_DROPOUT, "dropout"));
}

static nonet_vgg_status op_softmax(onnx_reader *o, const onnx_node *n)
{
    int64_t axis = vgg_onnx_int(n, "axis", 1);
    if ((axis != 1 && axis != -1) || o->h != 1 || o->w != 1)
        return vgg_onnx_fail(o, n, refused, "is not over the classes");
    return layer_added(o, vgg_model_add(o->model, VGG_SOFTMAX, "prob"));
}

/* [c][k] to [k][c]. */
static const float *transposed(onnx_reader *o, const onnx_array *array)
{
    size_t rows = (size_t)array->dim[0], columns = (size_t)array->dim[1];
    float *dst = vgg_onnx_alloc(o, rows * columns * sizeof *dst);
    for (size_t i = 0; dst && i < columns; i += 16)     /* blocks: 16 floats of a row are one cache line */
        for (size_t j = 0; j < rows; j++)
            for (size_t ii = i; ii < columns && ii < i + 16; ii++)
                dst[ii * rows + j] = array->data[j * columns + ii];
    return dst;
}

/* FC from input 1, [k][c] if it is given transposed, else [c][k]. */
static nonet_vgg_status matrix_layer(onnx_reader *o, const onnx_node *n, int is_transposed)
{
    onnx_array weight;
    nonet_vgg_status status = vgg_onnx_floats(o, n, 1, 2, &weight);
    if (status)
        return status;
    if (is_transposed)
        return add_fc(o, n, weight.dim[0], weight.dim[1], weight.data, 2);
    const float *data = transposed(o, &weight);
    if (!data)
        return vgg_onnx_fail(o, n, NONET_VGG_NO_MEMORY, "has weights that do not fit into memory");
    return add_fc(o, n, weight.dim[1], weight.dim[0], data, 2);
}

static nonet_vgg_status op_gemm(onnx_reader *o, const onnx_node *n)
{
    if (vgg_onnx_int(n, "transA", 0) != 0 || vgg_onnx_float(n, "alpha", 1) != 1 || vgg_onnx_float(n, "beta", 1) != 1)
        return vgg_onnx_fail(o, n, refused, "has transA, alpha or beta other than 0, 1 and 1");
    return matrix_layer(o, n, vgg_onnx_int(n, "transB", 0) != 0);
}

static nonet_vgg_status op_matmul(onnx_reader *o, const onnx_node *n)
{
    return matrix_layer(o, n, 0);
}

/* Only as the bias of the MatMul before it. The chain may be either of its inputs. */
static nonet_vgg_status op_add(onnx_reader *o, const onnx_node *n)
{
    vgg_layer *last = o->model->count ? &o->model->layers[o->model->count - 1] : NULL;
    if (!last || last->type != VGG_FC || last->bias)
        return vgg_onnx_fail(o, n, refused, "is not the bias of a MatMul");
    size_t constant = vgg_onnx_input(n, 0) && strcmp(vgg_onnx_input(n, 0), o->current) == 0;
    return vgg_onnx_vector(o, n, constant, last->k, &last->bias);
}

static nonet_vgg_status op_identity(onnx_reader *o, const onnx_node *n)
{
    (void)o;
    (void)n;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_onnx_node_layer(onnx_reader *o, const onnx_node *node)
{
    static const struct { const char *name; nonet_vgg_status (*run)(onnx_reader *o, const onnx_node *n); } ops[] = {
        { "Conv", op_conv }, { "BatchNormalization", op_batchnorm }, { "Relu", op_relu }, { "LRN", op_lrn },
        { "MaxPool", op_maxpool }, { "AveragePool", op_average }, { "GlobalAveragePool", op_global_average },
        { "Flatten", op_flatten }, { "Reshape", op_reshape }, { "Dropout", op_dropout }, { "Gemm", op_gemm },
        { "MatMul", op_matmul }, { "Add", op_add }, { "Softmax", op_softmax }, { "Identity", op_identity },
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (node->op_type && strcmp(node->op_type, ops[i].name) == 0)
            return ops[i].run(o, node);
    return vgg_onnx_fail(o, node, refused, "is not a kind of layer that nonet runs");
}
