/* wino_gemm.c - the Winograd multiply, NEON: up to 6 tiles x 16 output channels. See kernels/kernels.h. */
#include "block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_6x16_neon;

enum { RUN = NONET_L * NONET_L };           /* floats of U for 16 channels */

/* What is to be fetched with 16 channels, into L2. */
BLOCK_INLINE void fetch(const nonet_wino_gemm_args *a, int channel)
{
    uintptr_t at = a->fetch + (size_t)channel * a->fetch_step * sizeof(float);

    for (size_t line = 0; line < a->fetch_step; line++, at += NONET_ALIGNMENT)
        __asm__ volatile("prfm pldl2keep, [%0]" : : "r"(at));
}

/* One sum of n channels from c on, n a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const nonet_wino_gemm_args *a, int c, int n, int m)
{
    const float *v = a->v + (size_t)(c / NONET_SUM) * a->v_cblock, *u = a->u + (size_t)c * NONET_L;

    block_start(b, v, NONET_SUM, u, m);
    for (int i = 0; i < n; i += NONET_L) {
        const int last = i + NONET_L == n;
        const float *vnext = last ? v : v + NONET_L;
        const float *unext = last ? u : u + RUN;

        fetch(a, c + i);
        block_run(b, v, vnext, NONET_SUM, u, unext, m);
        v = vnext;
        u = unext;
    }
}

BLOCK_INLINE void wino_gemm(const nonet_wino_gemm_args *a, int m)
{
    for (int c = 0; c < a->channels; c += NONET_SUM) {
        const int n = a->channels - c < NONET_SUM ? a->channels - c : NONET_SUM;
        block b;

        sum_channels(&b, a, c, n, m);
        if (c > 0 || a->add)
            block_add(&b, a->m, NONET_L, m);
        block_store(&b, a->m, NONET_L, m);
    }
}

void nonet_wino_gemm_f32_6x16_neon(const nonet_wino_gemm_args *a)
{
#define BODY(m) wino_gemm(a, m)                 /* kblocks is 1: a block is 16 wide */
    BLOCK_DISPATCH(BODY, a->tiles)
#undef BODY
}
