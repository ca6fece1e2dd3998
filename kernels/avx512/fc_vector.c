/* fc_vector.c - fully connected layer of one image, AVX-512, weights in f32. */
#include "kernels/avx512/block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_avx512;

typedef float fc_weight;

BLOCK_INLINE __m512 fc_load(const fc_weight *w)
{
    return _mm512_loadu_ps(w);
}

#define FC_VECTOR nonet_fc_vector_f32_avx512
#include "kernels/avx512/fc_body.h"
