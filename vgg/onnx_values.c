/* onnx_values.c - attributes and constants of an ONNX graph. */
#include "vgg/onnx.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nonet_vgg_status vgg_onnx_fail(onnx_reader *o, const onnx_node *node, nonet_vgg_status status, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const char *name = node->name && *node->name ? node->name : node->n_output ? node->output[0] : "";
    const char *op = node->op_type ? node->op_type : "?";
    return vgg_fail(o->err, status, "%s: node '%.60s' (%.40s) %s", o->model->path, name, op, text);
}

const onnx_attribute *vgg_onnx_find_attribute(const onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

int64_t vgg_onnx_int(const onnx_node *node, const char *name, int64_t otherwise)
{
    const onnx_attribute *a = vgg_onnx_find_attribute(node, name);
    return a && a->has_i ? a->i : otherwise;
}

float vgg_onnx_float(const onnx_node *node, const char *name, float otherwise)
{
    const onnx_attribute *a = vgg_onnx_find_attribute(node, name);
    return a && a->has_f ? a->f : otherwise;
}

int vgg_onnx_ints(const onnx_node *node, const char *name, int count, int64_t *dst)
{
    const onnx_attribute *a = vgg_onnx_find_attribute(node, name);
    if (!a || a->n_ints == 0)
        return 1;
    if (a->n_ints != (size_t)count)
        return 0;
    memcpy(dst, a->ints, (size_t)count * sizeof *dst);
    return 1;
}

const char *vgg_onnx_input(const onnx_node *node, size_t i)
{
    return i < node->n_input && *node->input[i] ? node->input[i] : NULL;
}

const onnx_value *vgg_onnx_find_value(const onnx_reader *o, const char *name)
{
    for (int i = 0; i < o->value_count; i++)
        if (strcmp(o->values[i].name, name) == 0)
            return &o->values[i];
    return NULL;
}

void *vgg_onnx_alloc(onnx_reader *o, size_t bytes)
{
    if (bytes > o->budget)
        return NULL;
    o->budget -= bytes;
    return vgg_model_alloc(o->model, bytes);
}

/* A place for one more constant; read_onnx.c made room for as many as there are initializers and nodes. */
static onnx_value *new_value(onnx_reader *o, const char *name)
{
    onnx_value *v = &o->values[o->value_count++];
    *v = (onnx_value){ .name = name };
    return v;
}

static nonet_vgg_status tensor_fail(onnx_reader *o, const char *name, nonet_vgg_status status, const char *text)
{
    return vgg_fail(o->err, status, "%s: tensor '%.60s' %s", o->model->path, name, text);
}

nonet_vgg_status vgg_onnx_add_tensor(onnx_reader *o, const onnx_node *node, const char *name, const onnx_tensor *tensor)
{
    if (!name || !tensor)
        return node ? vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "is a constant of another kind than a tensor")
                    : vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: a tensor has no name", o->model->path);
    if (tensor->has_data_location && tensor->data_location != NONET__ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT)
        return tensor_fail(o, name, NONET_VGG_UNSUPPORTED,
                           "is kept in another file (external data): save the model as one file");
    new_value(o, name)->tensor = tensor;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_onnx_add_alias(onnx_reader *o, const onnx_node *node)
{
    const onnx_value *source = vgg_onnx_find_value(o, node->input[0]);
    onnx_value *v = new_value(o, node->output[0]);
    *v = *source;
    v->name = node->output[0];
    return NONET_VGG_OK;
}

/* The index of the payload that holds a tensor's numbers; -1 when there is none. */
static int64_t payload_of(const onnx_tensor *t)
{
    return t->has_raw_payload ? t->raw_payload : t->has_float_payload ? (int64_t)t->float_payload : -1;
}

/* Product of the dimensions; -1 when it is beyond what the layers' int fields hold. */
static int64_t product(const int64_t *dim, size_t ndim)
{
    int64_t count = 1;
    for (size_t i = 0; i < ndim; i++) {
        if (dim[i] < 0 || dim[i] > INT_MAX || (dim[i] && count > INT_MAX / dim[i]))
            return -1;
        count *= dim[i];
    }
    return count;
}

/* Shape, type and size of a float tensor, checked against each other. */
static nonet_vgg_status check_floats(onnx_reader *o, const char *name, const onnx_tensor *t, onnx_array *array)
{
    if (t->data_type != NONET__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
        return tensor_fail(o, name, NONET_VGG_UNSUPPORTED, "is not of 32-bit floats");
    if (t->n_dims > ONNX_MAX_DIMS)
        return tensor_fail(o, name, NONET_VGG_UNSUPPORTED, "has more than 4 dimensions");
    array->ndim = (int)t->n_dims;
    for (size_t i = 0; i < ONNX_MAX_DIMS; i++)
        array->dim[i] = i < t->n_dims ? t->dims[i] : 1;
    array->count = product(array->dim, ONNX_MAX_DIMS);
    int64_t payload = payload_of(t);
    size_t bytes = payload < 0 ? 0 : vgg_slim_bytes(&o->slim, (uint32_t)payload);
    if (array->count <= 0 || bytes != (size_t)array->count * sizeof(float))
        return tensor_fail(o, name, NONET_VGG_BAD_FILE, "is damaged: its data does not have the size that its shape asks for");
    return NONET_VGG_OK;
}

/* The floats of a payload: in place, or copied within the budget. */
static const float *payload_floats(onnx_reader *o, uint32_t index, size_t bytes)
{
    const float *data = bytes <= o->budget ? vgg_slim_floats(&o->slim, index, o->model) : NULL;
    if (data)
        o->budget -= bytes;
    return data;
}

static float *filled(onnx_reader *o, float fill, int64_t count)
{
    float *data = vgg_onnx_alloc(o, (size_t)count * sizeof *data);
    for (int64_t i = 0; data && i < count; i++)
        data[i] = fill;
    return data;
}

static nonet_vgg_status get_floats(onnx_reader *o, const onnx_node *node, size_t i, onnx_array *array)
{
    const char *name = vgg_onnx_input(node, i);
    const onnx_value *v = name ? vgg_onnx_find_value(o, name) : NULL;
    if (!v)
        return vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "takes '%.60s' as input %zu, which is not a constant",
                         name ? name : "", i + 1);
    if (v->tensor) {
        nonet_vgg_status status = check_floats(o, name, v->tensor, array);
        if (status)
            return status;
        array->data = payload_floats(o, (uint32_t)payload_of(v->tensor), (size_t)array->count * sizeof(float));
    } else {
        array->ndim = v->ndim;
        memcpy(array->dim, v->dim, sizeof array->dim);
        array->count = product(v->dim, ONNX_MAX_DIMS);
        array->data = filled(o, v->fill, array->count);
    }
    return array->data ? NONET_VGG_OK : tensor_fail(o, name, NONET_VGG_NO_MEMORY, "does not fit into memory");
}

nonet_vgg_status vgg_onnx_floats(onnx_reader *o, const onnx_node *node, size_t i, int ndim, onnx_array *array)
{
    nonet_vgg_status status = get_floats(o, node, i, array);
    if (!status && array->ndim != ndim)
        return vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "has weights of %d dimensions, not %d", array->ndim, ndim);
    return status;
}

nonet_vgg_status vgg_onnx_vector(onnx_reader *o, const onnx_node *node, size_t i, int64_t count, const float **data)
{
    onnx_array array;
    nonet_vgg_status status = get_floats(o, node, i, &array);
    if (!status && array.count != count)
        return vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "has %lld values as input %zu where %lld are needed",
                         (long long)array.count, i + 1, (long long)count);
    *data = status ? NULL : array.data;
    return status;
}

nonet_vgg_status vgg_onnx_whole(onnx_reader *o, const onnx_node *node, size_t i, int max, int64_t *dst, int *count)
{
    const char *name = vgg_onnx_input(node, i);
    const onnx_value *v = name ? vgg_onnx_find_value(o, name) : NULL;
    const onnx_tensor *t = v ? v->tensor : NULL;
    if (!t || t->data_type != NONET__ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
        return vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "takes a shape that is not a constant");
    size_t bytes = t->has_raw_payload ? vgg_slim_bytes(&o->slim, t->raw_payload) : t->n_int64_data * sizeof *dst;
    if (bytes > (size_t)max * sizeof *dst || bytes % sizeof *dst)
        return vgg_onnx_fail(o, node, NONET_VGG_UNSUPPORTED, "takes a shape of more than %d dimensions", max);
    *count = (int)(bytes / sizeof *dst);
    if (t->has_raw_payload)
        vgg_slim_copy(&o->slim, t->raw_payload, dst);
    else if (bytes)
        memcpy(dst, t->int64_data, bytes);
    return NONET_VGG_OK;
}

/* ConstantOfShape: its attribute `value` is a tensor of one number, 0 when it is left out. */
nonet_vgg_status vgg_onnx_add_fill(onnx_reader *o, const onnx_node *node)
{
    const onnx_attribute *a = vgg_onnx_find_attribute(node, "value");
    onnx_value v = { .name = node->output[0], .dim = { 1, 1, 1, 1 } };
    nonet_vgg_status status = vgg_onnx_whole(o, node, 0, ONNX_MAX_DIMS, v.dim, &v.ndim);
    if (status)
        return status;
    if (product(v.dim, ONNX_MAX_DIMS) <= 0)
        return vgg_onnx_fail(o, node, NONET_VGG_BAD_FILE, "has an impossible shape");
    if (a && a->t) {
        onnx_array one;
        status = check_floats(o, v.name, a->t, &one);
        if (status)
            return status;
        if (one.count != 1)
            return vgg_onnx_fail(o, node, NONET_VGG_BAD_FILE, "has more than one value");
        vgg_slim_copy(&o->slim, (uint32_t)payload_of(a->t), &v.fill);
    }
    *new_value(o, v.name) = v;
    return NONET_VGG_OK;
}
