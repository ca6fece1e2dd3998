/* wino_gemm.c - the Winograd multiply, AVX-512: up to 14 tiles x 32 output channels. See kernels/kernels.h. */
#include "kernels/avx512/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_14x32_avx512;

enum {
    UNROLL = 2,                 /* channels a turn; divides NONET_L. With more, GCC 12 spills */
    AHEAD = 8192                /* bytes of weights fetched ahead: a few 100 ns at full speed, more than the latency of DRAM */
};

/* One sum of n channels, a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const float *v, const float *u, int n, int m, int kb)
{
    block_zero(b, m, kb);
    for (int c = 0; c < n; c += UNROLL) {
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++) {
            const float *row = u + i * NONET_L * kb;

            block_prefetch(row, AHEAD, kb);
            block_fma(b, v + i, NONET_SUM, row, m, kb);
        }
        v += UNROLL;
        u += UNROLL * NONET_L * kb;
    }
}

BLOCK_INLINE void wino_gemm(float *m_, const float *v, size_t v_cblock, const float *u, int channels, int m, int kb)
{
    size_t row = (size_t)(NONET_L * kb);

    for (int c = 0; c < channels; c += NONET_SUM) {
        block b;

        sum_channels(&b, v + (size_t)(c / NONET_SUM) * v_cblock, u + (size_t)c * row,
                     channels - c < NONET_SUM ? channels - c : NONET_SUM, m, kb);
        if (c > 0)
            block_add(&b, m_, row, NONET_L, m, kb);
        block_store(&b, m_, row, NONET_L, m, kb);
    }
}

void nonet_wino_gemm_f32_14x32_avx512(float *m_, const float *v, size_t v_cblock, const float *u, int tiles, int channels,
                                      int kblocks)
{
#define BODY(m, kb) wino_gemm(m_, v, v_cblock, u, channels, m, kb)
    BLOCK_DISPATCH(BODY, tiles, kblocks)
#undef BODY
}
