/* wino_gemm.c - the Winograd multiply, AVX2: up to 6 tiles x 16 output channels (kblocks is 1). See kernels/kernels.h. */
#include "kernels/avx2/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_6x16_avx2;

enum { UNROLL = 2 };            /* channels a turn; divides NONET_L. With more, GCC 12 spills */

/* One sum of n channels, a multiple of 16. vnext: the V to fetch, m floats with each channel. */
BLOCK_INLINE void sum_channels(block *b, const float *v, uintptr_t vnext, const float *u, block_streams *f, int n, int m)
{
    block_zero(b, m);
    for (int c = 0; c < n; c += UNROLL) {
        _mm_prefetch((const char *)vnext, _MM_HINT_T1);
        vnext += (uintptr_t)(UNROLL * m) * sizeof(float);
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++) {
            block_fetch(f);
            block_fma(b, v + i, NONET_SUM, u + i * NONET_L, m);
        }
        v += UNROLL;
        u += UNROLL * NONET_L;
    }
}

BLOCK_INLINE block_streams streams_of(const nonet_wino_gemm_args *a)
{
    return (block_streams){ { (uintptr_t)a->fetch[0], (uintptr_t)a->fetch[1] },
                            { a->fetch_step[0] * sizeof(float), a->fetch_step[1] * sizeof(float) } };
}

BLOCK_INLINE void wino_gemm(const nonet_wino_gemm_args *a, int m)
{
    block_streams f = streams_of(a);

    for (int c = 0; c < a->channels; c += NONET_SUM) {
        int n = a->channels - c < NONET_SUM ? a->channels - c : NONET_SUM;
        block b;
        const float *v = a->v + (size_t)(c / NONET_SUM) * a->v_cblock;
        sum_channels(&b, v, (uintptr_t)v + a->v_next * sizeof(float), a->u + (size_t)c * NONET_L, &f, n, m);
        if (c > 0 || a->add)
            block_add(&b, a->m, NONET_L, m);
        block_store(&b, a->m, NONET_L, m);
    }
}

void nonet_wino_gemm_f32_6x16_avx2(const nonet_wino_gemm_args *a)
{
#define BODY(m) wino_gemm(a, m)
    BLOCK_DISPATCH(BODY, a->tiles)
#undef BODY
}
