/* fc_vector_bf16.c - fully connected layer of one image with bf16 weights, AVX-512: 16 or 32 output channels. See
 * kernels/kernels.h. A row of 32 weights is one cache line. */
#include "kernels/avx512/block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_avx512;

enum {
    AHEAD = 2048,               /* bytes of w fetched ahead, as for f32 */
    LINE = NONET_ALIGNMENT / (int)sizeof(uint16_t)      /* weights in a cache line */
};

/* Sixteen weights as f32: their bits are the upper halves. */
BLOCK_INLINE __m512 expand(const uint16_t *w)
{
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)w));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const uint16_t *w, size_t groups, int kb)
{
    block_zero(b, 1, kb);
    for (size_t g = 0; g < groups; g++) {
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            const uint16_t *row = w + i * NONET_L * kb;
            __m512 s = _mm512_set1_ps(x[i]);

            if (i * NONET_L * kb % LINE == 0)
                block_prefetch((const float *)(const void *)row, AHEAD, 1);
            BLOCK_UNROLL
            for (int k = 0; k < kb; k++)
                b->sum[0][k] = _mm512_fmadd_ps(s, expand(row + k * NONET_L), b->sum[0][k]);
        }
        x += NONET_L;
        w += NONET_L * NONET_L * kb;
    }
}

BLOCK_INLINE void fc_vector(const float *x, const uint16_t *w, const float *bias, float *out, size_t groups, size_t fresh,
                            unsigned flags, int kb)
{
    for (size_t g = 0; g < groups; g += fresh) {
        size_t n = groups - g < fresh ? groups - g : fresh;
        block b;

        sum_groups(&b, x + g * NONET_L, w + g * (size_t)(NONET_L * NONET_L * kb), n, kb);
        if (g > 0)
            block_add(&b, out, 0, NONET_L, 1, kb);
        if (n == groups - g)
            block_bias(&b, bias, flags, 1, kb);
        block_store(&b, out, 0, NONET_L, 1, kb);
    }
}

void nonet_fc_vector_bf16_avx512(const float *x, const uint16_t *w, const float *bias, float *out, size_t groups, size_t fresh,
                                 int kblocks, unsigned flags)
{
    if (kblocks > 1)
        fc_vector(x, w, bias, out, groups, fresh, flags, 2);
    else
        fc_vector(x, w, bias, out, groups, fresh, flags, 1);
}
