/* fc_vector_bf16.c - fully connected layer of one image, NEON, weights in bf16: the upper halves of f32. */
#include "block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_neon;

typedef uint16_t fc_weight;

#define FC_LOAD BLOCK_LOAD_D
#define FC_EXPAND(d) __asm__ volatile("shll %0.4s, %0.4h, #16" : "+w"(d))
#define FC_VECTOR nonet_fc_vector_bf16_neon
#include "fc_body.h"
