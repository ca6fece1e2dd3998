/* wino_gemm.c - the Winograd multiply, AVX2: up to 6 tiles x 16 output channels (kblocks is 1). See kernels/kernels.h. */
#include "kernels/avx2/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_6x16_avx2;

enum { UNROLL = 2 };            /* channels a turn; divides NONET_L. With more, GCC 12 spills */

/* What later calls read: U, and what else there is. */
typedef struct streams {
    uintptr_t u, also;
    size_t u_step, also_step;   /* bytes a turn */
} streams;

/* A line of each with every turn: with every channel costs 1 % (docs/KERNELS.md). */
BLOCK_INLINE void fetch(streams *f)
{
    block_line(f->u);
    block_line(f->also);
    f->u += f->u_step;
    f->also += f->also_step;
    __asm__("" : "+r"(f->u), "+r"(f->also));            /* else clang keeps both in a vector register, and spills */
}

/* One sum of n channels, a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const float *v, const float *u, streams *f, int n, int m)
{
    block_zero(b, m);
    for (int c = 0; c < n; c += UNROLL) {
        fetch(f);
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++)
            block_fma(b, v + i, NONET_SUM, u + i * NONET_L, m);
        v += UNROLL;
        u += UNROLL * NONET_L;
    }
}

BLOCK_INLINE void wino_gemm(const nonet_wino_gemm_args *a, int m)
{
    const size_t turn = UNROLL * sizeof(float);
    streams f = { .u = a->fetch, .u_step = a->fetch_step * turn, .also_step = a->also.step * turn };

    for (int c = 0; c < a->channels; c += NONET_SUM) {
        int n = a->channels - c < NONET_SUM ? a->channels - c : NONET_SUM;
        block b;
        const float *v = a->v + (size_t)(c / NONET_SUM) * a->v_cblock;
        f.also = a->also.at + (size_t)(c / NONET_SUM) * a->also.sum * sizeof(float);
        sum_channels(&b, v, a->u + (size_t)c * NONET_L, &f, n, m);
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
