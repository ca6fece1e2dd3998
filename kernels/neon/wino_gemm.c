/* wino_gemm.c - the Winograd multiply, NEON: up to 6 tiles x 16 output channels. See kernels/kernels.h. */
#include "block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_6x16_neon;

enum { RUN = NONET_L * NONET_L };           /* floats of U for 16 channels */

/* One sum of `channels` channels, a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const float *v, const float *u, int channels, int m)
{
    block_start(b, v, NONET_SUM, u, m);
    for (int c = 0; c < channels; c += NONET_L) {
        const int last = c + NONET_L == channels;
        const float *vnext = last ? v : v + NONET_L;
        const float *unext = last ? u : u + RUN;

        block_run(b, v, vnext, NONET_SUM, u, unext, m);
        v = vnext;
        u = unext;
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

void nonet_wino_gemm_f32_6x16_neon(float *m_, const float *v, size_t v_cblock, const float *u, int tiles, int channels,
                                   int kblocks)
{
    (void)kblocks;                          /* 1: a block is 16 wide */
#define BODY(m) wino_gemm(m_, v, v_cblock, u, channels, m)
    BLOCK_DISPATCH(BODY, tiles)
#undef BODY
}
