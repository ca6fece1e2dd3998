/* random.h - weights from a seed: the same bits on every machine and compiler. */
#ifndef NONET_VGG_RANDOM_H
#define NONET_VGG_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include "vgg/model.h"

/* Number i of a stream depends on (seed, stream, i) alone, so that any part of a network can be made by itself.
 * The draw is splitmix64's output function on key + (i+1) * 0x9e3779b97f4a7c15, key = mix(mix(seed) + stream). */

/* dst[0..n) = numbers first .. first+n-1 of a stream: near-normal, of mean 0 and deviation scale: the sum of four uniform 16-bit
 * numbers (so none lies beyond 3.47 deviations), an exact integer below 2^18, times one float factor: a single rounding each. */
void vgg_random_fill(float *dst, size_t first, size_t n, uint64_t seed, uint64_t stream, float scale);
/* Likewise uniform in [-range, range). */
void vgg_random_uniform(float *dst, size_t first, size_t n, uint64_t seed, uint64_t stream, float range);

/* Weights (He: deviation sqrt(2/(c*r*s)), FC sqrt(2/c)) and bias (uniform in +-0.1) of outputs first..first+count-1 of a CONV or
 * FC. index: the layer's place in model->layers; weight: count*c*r*s floats, bias: count floats; either may be NULL. */
void vgg_random_rows(const vgg_layer *l, uint64_t seed, int index, int first, int count, float *weight, float *bias);

#endif
