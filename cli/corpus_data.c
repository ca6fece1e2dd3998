/* corpus_data.c - a problem's numbers, from its seed alone: integers, and products that IEEE 754 rounds once. */
#include <math.h>
#include "cli/corpus.h"
#include "vgg/random.h"

enum { INPUT, WEIGHTS, BIAS };
static const float TINY = 0x1p-130f;

void corpus_input(const corpus_problem *p, float *x, size_t floats)
{
    vgg_random_fill(x, 0, floats, (uint64_t)p->seed, INPUT, p->kind == CORPUS_SOFTMAX ? 4 : 1);
    for (size_t i = 0; i < floats; i++)
        if (p->data == CORPUS_RELU)
            x[i] = x[i] < 0 ? 0 : x[i];
        else if (p->data == CORPUS_WIDE)
            x[i] = ldexpf(x[i], (int)(7 * i % 25) - 12);
        else if (p->data == CORPUS_TINY)
            x[i] *= TINY;
}

void corpus_weights(const corpus_problem *p, float *weight, float *bias)
{
    nonet_conv conv = corpus_conv(p);
    size_t k = (size_t)conv.k, row = (size_t)conv.c * (size_t)conv.r * (size_t)conv.s;

    vgg_random_fill(weight, 0, k * row, (uint64_t)p->seed, WEIGHTS, sqrtf(2 / (float)row));
    vgg_random_uniform(bias, 0, k, (uint64_t)p->seed, BIAS, 0.1f);
    for (size_t i = 0; p->data == CORPUS_TINY && i < k; i++)
        bias[i] *= TINY;
}
