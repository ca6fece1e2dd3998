/* fc_vector.c - fully connected layer of one image, NEON, weights in f32. */
#include "block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_neon;

typedef float fc_weight;

#define FC_LOAD BLOCK_LOAD_Q
#define FC_EXPAND(d) (void)(d)
#define FC_VECTOR nonet_fc_vector_f32_neon
#include "fc_body.h"
