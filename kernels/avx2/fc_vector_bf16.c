/* fc_vector_bf16.c - fully connected layer of one image, AVX2, weights in bf16: half the bytes a row in the same FMAs. */
#include "kernels/avx2/block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_avx2;

typedef uint16_t fc_weight;

/* Eight weights as f32: their bits are the upper halves. */
BLOCK_INLINE __m256 fc_load(const fc_weight *w)
{
    __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
}

#define FC_VECTOR nonet_fc_vector_bf16_avx2
#include "kernels/avx2/fc_body.h"
