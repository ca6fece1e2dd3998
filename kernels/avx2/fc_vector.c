/* fc_vector.c - fully connected layer of one image, AVX2, weights in f32. */
#include "kernels/avx2/block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_avx2;

typedef float fc_weight;

BLOCK_INLINE __m256 fc_load(const fc_weight *w)
{
    return _mm256_loadu_ps(w);
}

#define FC_VECTOR nonet_fc_vector_f32_avx2
#include "kernels/avx2/fc_body.h"
