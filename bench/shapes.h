/* shapes.h - a file with a list of convolutions: for --shapes of `nonet bench`, `nonet tune`, `nonet plan` and
 * `nonet verify --record`.
 *
 * A line a problem: N C H W K, then, in any order and where it is not the default: kernel=R or kernel=RxS (3), stride=2 (1),
 * pad=0 or pad=1 (1 for a 3x3 kernel, else 0), pool (2x2 max pool behind it), linear (no ReLU). What follows a # is a remark. */
#ifndef NONET_BENCH_SHAPES_H
#define NONET_BENCH_SHAPES_H

#include "nonet_vgg.h"

typedef struct bench_shapes {
    nonet_conv *conv;
    int *line;                  /* of the file */
    int count;
} bench_shapes;

/* Refuses the whole file with a sentence that names the line. Nothing is left to free then. */
nonet_vgg_status bench_shapes_read(bench_shapes *shapes, const char *path, nonet_vgg_error *err);
void bench_shapes_free(bench_shapes *shapes);
/* 1x64x56x56x64, and what is not the default behind it: -7x7-s2-p0-pool-linear. At most 80 bytes. */
void bench_shape_name(const nonet_conv *p, char *name, size_t size);

#endif
