/* fc_vector_bf16.c - fully connected layer of one image, AVX-512, weights in bf16: a row of 32 is one cache line. */
#include "kernels/avx512/block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_avx512;

typedef uint16_t fc_weight;

/* Sixteen weights as f32: their bits are the upper halves. */
BLOCK_INLINE __m512 fc_load(const fc_weight *w)
{
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)w));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

#define FC_VECTOR nonet_fc_vector_bf16_avx512
#include "kernels/avx512/fc_body.h"
