/* wino_gemm.c - the Winograd multiply, AVX2: up to 6 tiles x 16 output channels (kblocks is 1). See kernels/kernels.h. */
#include "kernels/avx2/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_6x16_avx2;

enum {
    UNROLL = 2,                 /* channels a turn; divides NONET_L. With more, GCC 12 spills */
    AHEAD = 8192                /* bytes of weights fetched ahead: a few 100 ns at full speed, more than the latency of DRAM */
};

/* One sum of n channels, a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const float *v, const float *u, int n, int m)
{
    block_zero(b, m);
    for (int c = 0; c < n; c += UNROLL) {
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++) {
            block_prefetch(u + i * NONET_L, AHEAD);
            block_fma(b, v + i, NONET_SUM, u + i * NONET_L, m);
        }
        v += UNROLL;
        u += UNROLL * NONET_L;
    }
}

BLOCK_INLINE void wino_gemm(float *m_, const float *v, size_t v_cblock, const float *u, int channels, int m)
{
    for (int c = 0; c < channels; c += NONET_SUM) {
        block b;

        sum_channels(&b, v + (size_t)(c / NONET_SUM) * v_cblock, u + (size_t)c * NONET_L,
                     channels - c < NONET_SUM ? channels - c : NONET_SUM, m);
        if (c > 0)
            block_add(&b, m_, NONET_L, m);
        block_store(&b, m_, NONET_L, m);
    }
}

void nonet_wino_gemm_f32_6x16_avx2(float *m_, const float *v, size_t v_cblock, const float *u, int tiles, int channels,
                                   int kblocks)
{
    (void)kblocks;
#define BODY(m) wino_gemm(m_, v, v_cblock, u, channels, m)
    BLOCK_DISPATCH(BODY, tiles)
#undef BODY
}
