/* fc_vector.c - a fully connected layer for one image, weights in f32. */
#include <math.h>
#include "kernels/kernels.h"

nonet_fc_vector_fn nonet_fc_vector_f32_c;

typedef float fc_weight;

static inline float fc_value(fc_weight w)
{
    return w;
}

#define FC_VECTOR nonet_fc_vector_f32_c
#include "kernels/c/fc_body.h"
