/* caffe.h - what the files of the Caffe reader share: read_caffe.c walks the layers, caffe_layers.c makes a layer of the network
 * of each, caffe_blobs.c finds their weights. */
#ifndef NONET_VGG_CAFFE_H
#define NONET_VGG_CAFFE_H

#include "vgg/layers.h"
#include "vgg/proto/caffe.pb-c.h"
#include "vgg/proto_slim.h"

/* A layer of the file, of the old kind or the new one. Parameters that the file leaves out have Caffe's defaults. */
typedef struct caffe_layer {
    const char *name, *type;        /* type as the new kind writes it: "Convolution" */
    size_t n_bottom, n_top, n_blobs;
    char **bottom, **top;
    Nonet__Caffe__BlobProto **blobs;
    const Nonet__Caffe__ConvolutionParameter *conv;
    const Nonet__Caffe__InnerProductParameter *fc;
    const Nonet__Caffe__LRNParameter *lrn;
    const Nonet__Caffe__PoolingParameter *pool;
    const Nonet__Caffe__ReLUParameter *relu;
    const Nonet__Caffe__SoftmaxParameter *softmax;
    const Nonet__Caffe__FlattenParameter *flatten;
    const Nonet__Caffe__BatchNormParameter *batchnorm;
    const Nonet__Caffe__ScaleParameter *scale;
    const Nonet__Caffe__TransformationParameter *transform;    /* these two may be NULL */
    const Nonet__Caffe__InputParameter *input;
} caffe_layer;

typedef struct caffe_reader {
    vgg_model *model;
    nonet_vgg_error *err;
    vgg_slim slim;
    const char *current;            /* the blob that the chain has reached; NULL: not named before the first layer */
    size_t n_copies;                /* other names of it, from a Split */
    char **copies;
    int64_t c;                      /* its channels; 0: not known */
} caffe_reader;

/* Floats of a blob; missing dimensions are 1. */
typedef struct caffe_array {
    int ndim;
    int64_t dim[4];
    int64_t count;
    const float *data;
} caffe_array;

/* ---- caffe_blobs.c ---- */
/* A sentence about a layer: "FILE: layer 'NAME' (Type) ..."; returns status. */
nonet_vgg_status vgg_caffe_fail(caffe_reader *o, const caffe_layer *l, nonet_vgg_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Blob i of a layer. */
nonet_vgg_status vgg_caffe_blob(caffe_reader *o, const caffe_layer *l, size_t i, caffe_array *array);
/* Blob i, which must have count floats. */
nonet_vgg_status vgg_caffe_vector(caffe_reader *o, const caffe_layer *l, size_t i, int64_t count, const float **data);

/* ---- caffe_layers.c ---- */
/* Appends what a layer of the chain is in the network. */
nonet_vgg_status vgg_caffe_add_layer(caffe_reader *o, const caffe_layer *l);

#endif
