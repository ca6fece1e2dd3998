/* fc_vector_bf16.c - a fully connected layer for one image, weights in bf16: the upper halves of f32. */
#include <math.h>
#include <string.h>
#include "kernels/kernels.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_c;

typedef uint16_t fc_weight;

static inline float fc_value(fc_weight w)
{
    const uint32_t bits = (uint32_t)w << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

#define FC_VECTOR nonet_fc_vector_bf16_c
#include "kernels/c/fc_body.h"
