/* npy.h - NumPy's .npy files: little-endian f32 ('<f4') in C order, 1 to 4 dimensions. */
#ifndef NONET_VGG_NPY_H
#define NONET_VGG_NPY_H

#include "vgg/file.h"

typedef struct vgg_npy {
    int ndim;                   /* 1..4 */
    int64_t dim[4];             /* each >= 1; those past ndim are 1 */
    float *data;                /* from malloc */
} vgg_npy;

/* Reads format 1.0, 2.0 or 3.0 of at most 2^32 bytes; other types and orders are refused by name. */
nonet_vgg_status vgg_npy_read(vgg_npy *array, const char *path, nonet_vgg_error *err);
void vgg_npy_clear(vgg_npy *array);
/* Writes what comes before the numbers, format 1.0. */
nonet_vgg_status vgg_npy_head(vgg_out *out, int ndim, const int64_t *dim, nonet_vgg_error *err);
/* 1 if the bytes start as .npy files do. */
int vgg_npy_is(const uint8_t *bytes, size_t size);

#endif
