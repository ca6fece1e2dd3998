/* wino_gemm.c - the Winograd multiply, AVX-512: up to 14 tiles x 32 output channels. See kernels/kernels.h. */
#include "kernels/avx512/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_14x32_avx512;

enum { UNROLL = 2 };            /* channels a turn; divides NONET_L. With more, GCC 12 spills */

/* One sum of n channels, a multiple of 16. vnext: the V to fetch, m floats with each channel. */
BLOCK_INLINE void sum_channels(block *b, const float *v, uintptr_t vnext, const float *u, block_streams *f, int n, int m, int kb)
{
    block_zero(b, m, kb);
    for (int c = 0; c < n; c += UNROLL) {
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++) {
            block_fetch(f);
            _mm_prefetch((const char *)vnext, _MM_HINT_T1);
            vnext += (uintptr_t)m * sizeof(float);
            block_fma(b, v + i, NONET_SUM, u + i * NONET_L * kb, m, kb);
        }
        v += UNROLL;
        u += UNROLL * NONET_L * kb;
    }
}

BLOCK_INLINE block_streams streams_of(const nonet_wino_gemm_args *a)
{
    return (block_streams){ { (uintptr_t)a->fetch[0], (uintptr_t)a->fetch[1] },
                            { a->fetch_step[0] * sizeof(float), a->fetch_step[1] * sizeof(float) } };
}

BLOCK_INLINE void wino_gemm(const nonet_wino_gemm_args *a, int m, int kb)
{
    size_t row = (size_t)(NONET_L * kb);
    block_streams f = streams_of(a);

    for (int c = 0; c < a->channels; c += NONET_SUM) {
        int n = a->channels - c < NONET_SUM ? a->channels - c : NONET_SUM;
        block b;
        const float *v = a->v + (size_t)(c / NONET_SUM) * a->v_cblock;
        sum_channels(&b, v, (uintptr_t)v + a->v_next * sizeof(float), a->u + (size_t)c * row, &f, n, m, kb);
        if (c > 0 || a->add)
            block_add(&b, a->m, row, NONET_L, m, kb);
        block_store(&b, a->m, row, NONET_L, m, kb);
    }
}

void nonet_wino_gemm_f32_14x32_avx512(const nonet_wino_gemm_args *a)
{
#define BODY(m, kb) wino_gemm(a, m, kb)
    BLOCK_DISPATCH(BODY, a->tiles, a->kblocks)
#undef BODY
}
