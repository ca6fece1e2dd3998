/* caffe_blobs.c - the weights of a layer in a Caffe model. */
#include "vgg/caffe.h"

#include <limits.h>
#include <stdio.h>

nonet_vgg_status vgg_caffe_fail(caffe_reader *o, const caffe_layer *l, nonet_vgg_status status, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return vgg_fail(o->err, status, "%s: layer '%.60s' (%.40s) %s", o->model->path, l->name, l->type, text);
}

/* The shape that a blob says it has; 0 when it cannot be one. */
static int read_shape(const Nonet__Caffe__BlobProto *blob, caffe_array *array)
{
    const Nonet__Caffe__BlobShape *shape = blob->shape;
    const int64_t old[4] = { blob->num, blob->channels, blob->height, blob->width };
    if (shape && shape->n_dim > 4)
        return 0;
    array->ndim = shape ? (int)shape->n_dim : 4;
    array->count = 1;
    for (int i = 0; i < 4; i++) {
        int64_t dim = i >= array->ndim ? 1 : shape ? shape->dim[i] : old[i];
        if (dim < 1 || dim > INT_MAX / array->count)
            return 0;
        array->dim[i] = dim;
        array->count *= dim;
    }
    return 1;
}

nonet_vgg_status vgg_caffe_blob(caffe_reader *o, const caffe_layer *l, size_t i, caffe_array *array)
{
    const Nonet__Caffe__BlobProto *blob = i < l->n_blobs ? l->blobs[i] : NULL;
    if (!blob || !blob->has_payload)
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "has no %s", i == 0 ? "weights" : "bias or further weights");
    if (!read_shape(blob, array) || vgg_slim_bytes(&o->slim, blob->payload) != (size_t)array->count * sizeof(float))
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "is damaged: its weights do not have the size that their shape asks for");
    array->data = vgg_slim_floats(&o->slim, blob->payload, o->model);
    if (!array->data)
        return vgg_caffe_fail(o, l, NONET_VGG_NO_MEMORY, "has weights that do not fit into memory");
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_caffe_vector(caffe_reader *o, const caffe_layer *l, size_t i, int64_t count, const float **data)
{
    caffe_array array;
    nonet_vgg_status status = vgg_caffe_blob(o, l, i, &array);
    if (!status && array.count != count)
        return vgg_caffe_fail(o, l, NONET_VGG_BAD_FILE, "has %lld values in blob %zu where %lld are needed",
                          (long long)array.count, i, (long long)count);
    *data = status ? NULL : array.data;
    return status;
}
