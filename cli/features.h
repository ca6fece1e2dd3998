/* features.h - what `nonet features` was asked for, and the rows that it writes. */
#ifndef NONET_CLI_FEATURES_H
#define NONET_CLI_FEATURES_H

#include "cli/layers.h"
#include "vgg/descriptor.h"
#include "vgg/npy.h"

typedef struct features_request {
    const char *layer, *to, *join;
    char **input;
    int inputs, array;          /* array: the input is an .npy file */
    const char *path[VGG_MODELS];
    int models, pool;           /* pool: --pool was given */
    vgg_descriptor how;
    size_t max_memory;
    cli_common common;
    cli_model model;
} features_request;

/* The networks, and what one input after another gives. */
typedef struct features_job {
    const features_request *r;
    nonet_vgg *net[VGG_MODELS];
    vgg_descriptor how[VGG_MODELS];
    cli_preparation prepared[VGG_MODELS];
    float *row;
    int ndim;                   /* of the array: its shape is dim */
    int64_t dim[4];
} features_job;

/* 1 if the networks are applied densely: to whole pictures. */
int features_dense(const features_request *r);
/* Opens the networks; an array is run at once. 0, or the exit status after a sentence. */
int features_open(features_job *job);
/* The array's head and all rows. */
nonet_vgg_status features_write(features_job *job, vgg_out *out, nonet_vgg_error *err);
void features_close(features_job *job);

#endif
