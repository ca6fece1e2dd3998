/* data.c - memory and numbers to measure with. */
#include "bench/data.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include "nonet.h"

/* Stands before the floats. */
typedef union head {
    size_t bytes;               /* of both */
    char line[NONET_ALIGNMENT];
} head;

float *bench_floats(size_t floats)
{
    size_t physical = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    if (floats > physical / sizeof(float))
        return NULL;
    size_t bytes = sizeof(head) + floats * sizeof(float);
    head *h = nonet_alloc(bytes);
    if (!h)
        return NULL;
    h->bytes = bytes;
    return (float *)(void *)(h + 1);
}

void bench_free(float *x)
{
    if (!x)
        return;
    head *h = (head *)(void *)x - 1;
    nonet_free(h, h->bytes);
}

/* splitmix64: any seed is as good as another. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Mean 0, in steps of 1; the half keeps it off zero. */
static double four_uniform(uint64_t r)
{
    return (double)((r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48)) - 2.0 * 65535 + 0.5;
}

static const double FOUR_UNIFORM_DEVIATION = 37837.2268;    /* sqrt(4 * (65536^2 - 1) / 12) */

void bench_fill_normal(float *x, size_t floats, double deviation, uint64_t seed)
{
    double scale = deviation / FOUR_UNIFORM_DEVIATION;
    for (size_t i = 0; i < floats; i++)
        x[i] = (float)(four_uniform(next_random(&seed)) * scale);
}

void bench_fill_positive(float *x, size_t floats, double deviation, uint64_t seed)
{
    bench_fill_normal(x, floats, deviation, seed);
    for (size_t i = 0; i < floats; i++)
        x[i] = fabsf(x[i]);
}

void bench_hash(const void *data, size_t bytes, char hex[17])
{
    const unsigned char *p = data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    snprintf(hex, 17, "%016" PRIx64, hash);
}
