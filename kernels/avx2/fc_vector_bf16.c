/* fc_vector_bf16.c - fully connected layer of one image with bf16 weights, AVX2: 16 output channels (kblocks is 1). See
 * kernels/kernels.h. A row of weights is 32 bytes: half the bytes of f32 in the same latency of an FMA, still above DRAM. */
#include "kernels/avx2/block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_avx2;

enum {
    AHEAD = 2048,               /* bytes of w fetched ahead, as for f32 */
    LINE = NONET_ALIGNMENT / (int)sizeof(uint16_t)      /* weights in a cache line */
};

/* Eight weights as f32: their bits are the upper halves. */
BLOCK_INLINE __m256 expand(const uint16_t *w)
{
    __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
}

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const uint16_t *w, size_t groups)
{
    block_zero(b, 1);
    for (size_t g = 0; g < groups; g++) {
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            __m256 s = _mm256_broadcast_ss(x + i);

            if (i * NONET_L % LINE == 0)
                block_prefetch((const float *)(const void *)(w + i * NONET_L), AHEAD);
            b->sum[0][0] = _mm256_fmadd_ps(s, expand(w + i * NONET_L), b->sum[0][0]);
            b->sum[0][1] = _mm256_fmadd_ps(s, expand(w + i * NONET_L + BLOCK_VL), b->sum[0][1]);
        }
        x += NONET_L;
        w += NONET_L * NONET_L;
    }
}

void nonet_fc_vector_bf16_avx2(const float *x, const uint16_t *w, const float *bias, float *out, size_t groups, size_t fresh,
                               int kblocks, unsigned flags)
{
    (void)kblocks;
    for (size_t g = 0; g < groups; g += fresh) {
        size_t n = groups - g < fresh ? groups - g : fresh;
        block b;

        sum_groups(&b, x + g * NONET_L, w + g * (size_t)(NONET_L * NONET_L), n);
        if (g > 0)
            block_add(&b, out, 0, 1);
        if (n == groups - g)
            block_bias(&b, bias, flags, 1);
        block_store(&b, out, 0, 1);
    }
}
