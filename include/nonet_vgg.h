/* nonet_vgg.h - VGG networks A to E and any plain sequence of the same layers: open a model file or make a random one, run it.
 *
 * Threads: one nonet_vgg may run one forward at a time (it owns its activations); different objects are independent.
 * Errors: a failing call returns a status other than NONET_VGG_OK and fills err->text (err may be NULL) with one sentence that
 * names the file and the fault. */
#ifndef NONET_VGG_H
#define NONET_VGG_H

#include "nonet.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum nonet_vgg_status {
    NONET_VGG_OK = 0,
    NONET_VGG_USAGE,            /* an argument is wrong (the command exits with 2) */
    NONET_VGG_BAD_FILE,         /* unreadable, truncated, or not what it says it is */
    NONET_VGG_UNSUPPORTED,      /* a layer, type or format that this build does not do */
    NONET_VGG_NO_MEMORY,
    NONET_VGG_IO                /* cannot open, read or write */
} nonet_vgg_status;

typedef struct nonet_vgg_error { char text[512]; } nonet_vgg_error;

/* How a model's pictures are prepared. */
typedef enum nonet_vgg_kind {
    NONET_VGG_TORCH = 0,        /* RGB, (v/255 - mean)/std, mean .485 .456 .406, std .229 .224 .225 */
    NONET_VGG_CAFFE,            /* BGR, v - mean, means 103.939 116.779 123.68 */
    NONET_VGG_GREY              /* one channel, (v/255 - mean)/std */
} nonet_vgg_kind;

typedef struct nonet_vgg nonet_vgg;

typedef struct nonet_vgg_options {  /* zeros are the defaults */
    const char *net;            /* vgg11 vgg11-lrn vgg13 vgg16c vgg16 vgg19: where pools and LRN stand in a .safetensors or .pth
                                   file, whose names tell it otherwise. A file whose convolutions are others is refused; other
                                   formats say themselves what their layers are, and only that is checked */
    int batch;                  /* images in one forward; 0 means 1 */
    int height, width;          /* input size; 0: what the model says, else 224, else the smallest its classifier fits */
    const char *last;           /* stop after this layer (its ReLU included): the output is its map; NULL: the whole network */
    nonet_options conv;         /* algorithm (where it cannot run, AUTO is taken; for NONET_FEW_CHANNELS or less DIRECT, unless a
                                   profile says otherwise), instruction set, threads, forms of weights (AUTO: weights that a
                                   file has packed serve in the form that they have), profile */
    int dense;                  /* non-zero: fully connected layers become convolutions (the paper's section 3.2), so that any
                                   input from the trained size up gives a map of class scores. A soft-max at the end is left out.
                                   height and width are then the first input's size; FC weights are f32 */
    size_t max_memory;          /* bytes that weights, activations and workspace may take together; 0: no limit */
    int verify;                 /* non-zero: check every byte of a .nonet file with packed weights; else what is packed anew */
    int keep_threads;           /* 0: the OpenMP threads end with each forward (0.1 ms to start again). Else they wait for the
                                   next one as the OpenMP runtime has it, spinning for a while, and end with nonet_vgg_close */
    void (*progress)(void *context, double done);   /* NULL, or called by the same thread as weights get ready, done rises to 1 */
    void *progress_context;
} nonet_vgg_options;

/* Opens .safetensors, .pth, .onnx, .caffemodel or .nonet, by content. The file is mapped while it is read and may
 * be removed after. Packed weights of a .nonet file that fit this machine and these options are used where they are: the file
 * then stays mapped until nonet_vgg_close, and must not be changed in place meanwhile. */
nonet_vgg_status nonet_vgg_open(nonet_vgg **net, const char *path, const nonet_vgg_options *options, nonet_vgg_error *err);
/* One of the networks of Table 1 with He-distributed weights from a seed (the same numbers on every machine), biases small. */
nonet_vgg_status nonet_vgg_random(nonet_vgg **net, const char *name, uint64_t seed, const nonet_vgg_options *options,
                                  nonet_vgg_error *err);
void nonet_vgg_close(nonet_vgg *net);

typedef struct nonet_vgg_info {
    int batch, c, h, w;         /* input: NCHW, batch images */
    int out_c, out_h, out_w;    /* output: NCHW; out_h = out_w = 1 for class scores */
    int layers;                 /* steps that nonet_vgg_layer describes */
    int ends_in_softmax;
    nonet_vgg_kind kind;
    const float *mean, *std;    /* c floats each; as in nonet_vgg_kind */
    const char *const *labels;  /* NULL, or out_c names */
    const char *name;           /* "vgg16", or "sequence" */
    size_t memory;              /* bytes of weights, activations and workspace */
    int mapped, unfit;          /* layers with packed weights in the file: those used out of it, those that did not fit */
} nonet_vgg_info;
/* Strings live as long as net. out_h and out_w change with nonet_vgg_reshape. */
void nonet_vgg_query(const nonet_vgg *net, nonet_vgg_info *info);

typedef struct nonet_vgg_layer_info {
    const char *name;           /* conv3_2, fc6, pool5, ... */
    const char *type;           /* conv, fc, maxpool, avgpool, lrn, softmax */
    int c, h, w;                /* in */
    int k, oh, ow;              /* out, after a fused pool */
    int r, s, stride, pad;      /* of a convolution; fc: as the convolution that it is, r x s the map it was trained on */
    int relu, pool;             /* fused */
    nonet_plan_info plan;       /* conv and fc; else zeros */
} nonet_vgg_layer_info;
/* index: 0 .. layers-1; NONET_VGG_USAGE outside. */
nonet_vgg_status nonet_vgg_layer(const nonet_vgg *net, int index, nonet_vgg_layer_info *info);

/* src: batch x c x h x w (NCHW). dst: batch x out_c x out_h x out_w (NCHW); scores before soft-max unless the model has one.
 * seconds: NULL, or info.layers doubles that get each layer's time. The early layers of a batch, whose maps are large, run image
 * by image (a few at once on many threads), the others with the whole batch. Convolutions that follow one another run in a
 * chain (nonet_chain): the time of each is the mean of what the threads spent in it, and what a layer waits for is its own. */
nonet_vgg_status nonet_vgg_forward(nonet_vgg *net, const float *src, float *dst, double *seconds, nonet_vgg_error *err);

/* Prepares the network for other inputs; a dense one takes every size from the trained one up, another what its layers accept.
 * The packed weights are used again, none is stored twice: each layer keeps the algorithm, instruction set and form of weights
 * that were chosen when the network was opened (a dense one's at the trained size, whatever size it was opened with), so the bits
 * of a result do not depend on earlier sizes.
 * Activations and workspace grow when they must and shrink only to keep within max_memory. On failure the network is as it was
 * (NO_MEMORY: it may have to be reshaped before it can run again). batch, height, width: each 0 for what it is now. */
nonet_vgg_status nonet_vgg_reshape(nonet_vgg *net, int batch, int height, int width, nonet_vgg_error *err);
/* The bytes of weights, activations and workspace that such inputs take, without allocating them. Not during a forward of net. */
nonet_vgg_status nonet_vgg_memory(nonet_vgg *net, int batch, int height, int width, size_t *bytes, nonet_vgg_error *err);

/* Converts any model file into the project's container. kind, mean, std and labels travel with it.
 * labels: NULL or n strings. height, width: 0, or the input size to record. */
typedef struct nonet_vgg_convert_options {
    const char *net;
    const char *const *labels;
    int nlabels;
    int height, width;
    int set_preprocess;         /* non-zero: kind, mean, std below replace the model's */
    nonet_vgg_kind kind;
    float mean[4], std[4];
} nonet_vgg_convert_options;
nonet_vgg_status nonet_vgg_convert(const char *from, const char *to, const nonet_vgg_convert_options *options,
                                   nonet_vgg_error *err);
/* Writes the network that nonet_vgg_random makes of this name and seed; its weights are never in memory together. options->net is
 * not looked at. */
nonet_vgg_status nonet_vgg_convert_random(const char *name, uint64_t seed, const char *to,
                                          const nonet_vgg_convert_options *options, nonet_vgg_error *err);

/* Opens a model as nonet_vgg_open would with these options (batch, last and dense are not looked at), checks all of it, and
 * writes it as a container that holds its packed weights besides the plain ones, for machines with this instruction set. */
nonet_vgg_status nonet_vgg_pack(const char *from, const char *to, const nonet_vgg_options *options, nonet_vgg_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
