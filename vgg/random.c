/* random.c - weights from a seed. Only integer operations, one conversion and one multiplication a number: nothing to contract,
 * no function of the C library but sqrtf, which IEEE 754 rounds correctly. */
#include <math.h>

#include "vgg/random.h"

static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t draw(uint64_t key, size_t i)
{
    return mix(key + ((uint64_t)i + 1) * 0x9e3779b97f4a7c15u);
}

void vgg_random_fill(float *dst, size_t first, size_t n, uint64_t seed, uint64_t stream, float scale)
{
    const uint64_t key = mix(mix(seed) + stream);
    /* Variance of one uniform number of 0 .. 65535: (65536^2 - 1)/12; of four: (65536^2 - 1)/3. */
    const float factor = scale * (1.0f / 37837.2272f);
    for (size_t i = 0; i < n; i++) {
        uint64_t x = draw(key, first + i);
        int32_t sum = (int32_t)((x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48));
        dst[i] = (float)(sum - 2 * 65535) * factor;
    }
}

void vgg_random_uniform(float *dst, size_t first, size_t n, uint64_t seed, uint64_t stream, float range)
{
    const uint64_t key = mix(mix(seed) + stream);
    const float factor = range * (1.0f / 8388608);
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)((int32_t)(draw(key, first + i) >> 40) - 8388608) * factor;
}

void vgg_random_rows(const vgg_layer *l, uint64_t seed, int index, int first, int count, float *weight, float *bias)
{
    int taps = l->type == VGG_CONV ? l->r * l->s : 1;
    size_t fan_in = (size_t)l->c * (size_t)taps;
    float deviation = sqrtf(2.0f / (float)fan_in);
    if (weight)
        vgg_random_fill(weight, (size_t)first * fan_in, (size_t)count * fan_in, seed, 2 * (uint64_t)index, deviation);
    if (bias)
        vgg_random_uniform(bias, (size_t)first, (size_t)count, seed, 2 * (uint64_t)index + 1, 0.1f);
}
