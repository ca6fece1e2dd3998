/* model.h - a network as its layers: what the readers fill in, the container stores, and the engine of networks runs. */
#ifndef NONET_VGG_MODEL_H
#define NONET_VGG_MODEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "nonet_vgg.h"

typedef enum vgg_layer_type {
    VGG_CONV, VGG_BATCHNORM, VGG_RELU, VGG_LRN, VGG_MAXPOOL, VGG_AVGPOOL, VGG_FLATTEN, VGG_FC, VGG_DROPOUT, VGG_SOFTMAX
} vgg_layer_type;

enum { VGG_NAME = 64 };

typedef struct vgg_layer {
    vgg_layer_type type;
    char name[VGG_NAME];        /* the file's name for it, shortened if it must be */
    /* CONV, FC. Weights OIHW / [k][c]: in the mapped file or in memory that the model owns; 4-byte aligned. bias may be NULL. */
    int k, c;                   /* outputs, inputs (FC: c = channels*height*width of the map, in CHW order) */
    int r, s, stride, pad;      /* CONV */
    const float *weight, *bias;
    const void *packed;         /* in the mapped file: a block of nonet_weights_view; NULL if there is none */
    size_t packed_bytes;
    /* BATCHNORM over k channels */
    const float *gamma, *beta, *mean, *var;     /* gamma, beta may be NULL (1 and 0) */
    float eps;
    /* LRN: x / (k + alpha/size * sum x^2)^beta; alpha as in Caffe and PyTorch, divided by size where it is used */
    int size;
    float alpha, lrn_beta, lrn_k;
    /* MAXPOOL 2x2 stride 2: ceil; AVGPOOL: adaptive to oh x ow (0 x 0: nothing fixed, identity expected) */
    int ceil;
    int oh, ow;
} vgg_layer;

typedef struct vgg_model {
    char path[256];             /* for messages */
    vgg_layer *layers;
    int count;
    int c, h, w;                /* input; h = w = 0 when the file does not say */
    nonet_vgg_kind kind;        /* how its pictures are prepared */
    float mean[4], std[4];      /* per channel, for VGG_KIND_*: see nonet_vgg.h */
    char **labels;              /* NULL, or nlabels strings owned by the model */
    int nlabels;
    void *map;                  /* the mapped file, or NULL */
    size_t map_size;
    int unchecked;              /* a container with packed weights: checksums of tensors are checked when they are used */
    int random;                 /* weights and biases that are NULL are those of vgg_random_rows with this seed */
    uint64_t seed;
    void **owned;               /* blocks from malloc that layers point into */
    int owned_count;
} vgg_model;

/* Copies a text; of one that does not fit, "..." and its end. */
void vgg_shorten(char *to, size_t room, const char *text);
/* Fills err->text, shortened like that, and returns the status given, so that callers can write
 * return vgg_fail(err, NONET_VGG_BAD_FILE, "...", ...). What the arguments point to must not be in *err. */
nonet_vgg_status vgg_fail(nonet_vgg_error *err, nonet_vgg_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Maps a whole file read-only (model->map, map_size, path). */
nonet_vgg_status vgg_model_map(vgg_model *model, const char *path, nonet_vgg_error *err);
/* Appends a zeroed layer with this type and name; NULL when there is no memory. */
vgg_layer *vgg_model_add(vgg_model *model, vgg_layer_type type, const char *name);
/* malloc that the model owns and frees; NULL when there is no memory. */
void *vgg_model_alloc(vgg_model *model, size_t bytes);
/* Frees everything the model owns and clears it. */
void vgg_model_clear(vgg_model *model);

/* The readers: each takes a model that was mapped and fills layers, c, h, w, kind. They check every offset, size, type and shape
 * against the file; a fault is one sentence that names the file and the fault. */
nonet_vgg_status vgg_read_nonet(vgg_model *model, nonet_vgg_error *err);
nonet_vgg_status vgg_read_safetensors(vgg_model *model, const char *net, nonet_vgg_error *err);
nonet_vgg_status vgg_read_torch(vgg_model *model, const char *net, nonet_vgg_error *err);
nonet_vgg_status vgg_read_onnx(vgg_model *model, nonet_vgg_error *err);
nonet_vgg_status vgg_read_caffe(vgg_model *model, nonet_vgg_error *err);

/* A named tensor of a state dict (safetensors, .pth): f32, little endian, contiguous, in the map or owned by the model. */
typedef struct vgg_tensor {
    char name[128];
    int ndim;
    int64_t dim[4];             /* missing dimensions are 1 */
    const float *data;
} vgg_tensor;
/* Makes the layers from names and shapes (torchvision's features.N / classifier.N, also Caffe's conv1_1 ... fc8; net: NULL or
 * vgg11, vgg11-lrn, vgg13, vgg16c, vgg16, vgg19 to say which it is). Does not keep the array. */
nonet_vgg_status vgg_model_from_tensors(vgg_model *model, vgg_tensor *tensors, int count, const char *net, nonet_vgg_error *err);

/* Opens any of the formats (by content, not by name). */
nonet_vgg_status vgg_model_open(vgg_model *model, const char *path, const char *net, nonet_vgg_error *err);
/* Folds BatchNorm into the convolution or FC before it, drops Dropout, and checks that the layers follow one another. */
nonet_vgg_status vgg_model_fold(vgg_model *model, nonet_vgg_error *err);
/* What vgg_read_nonet left unchecked: the tensor at data (if that is one of the file's); all tensors and sections. */
nonet_vgg_status vgg_nonet_check_tensor(const vgg_model *model, const float *data, nonet_vgg_error *err);
nonet_vgg_status vgg_nonet_check_all(const vgg_model *model, nonet_vgg_error *err);

/* Packed weights of a layer, to be stored behind the tensors. */
typedef struct vgg_packed {
    int layer;                  /* in model->layers */
    const void *block;
    size_t bytes;
} vgg_packed;
/* Writes the container; the file appears whole or not at all. */
nonet_vgg_status vgg_write_nonet(const vgg_model *model, const vgg_packed *packed, int packed_count, const char *path,
                                 nonet_vgg_error *err);

#endif
