/* wino_gemm.c - the Winograd multiply, AVX-512: up to 14 tiles x 32 output channels. See kernels/kernels.h. */
#include "kernels/avx512/block.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_14x32_avx512;

enum { UNROLL = 2 };            /* channels a turn; divides NONET_L. With more, GCC 12 spills */

/* What later calls read: U, and what else there is. */
typedef struct streams {
    uintptr_t u, also;
    size_t u_step, also_step;   /* bytes a channel */
} streams;

/* With each channel: three lines, for with four Zen 5 loses 6 % to them (docs/KERNELS.md). Each line of U is asked for twice, since
 * the CPU drops fetches that find no free buffer: with the next channel, or a while later; an odd number of lines, so that none is
 * left out where fetch_step is two. */
BLOCK_INLINE void fetch(streams *f, int once)
{
    enum { AGAIN = 27 * NONET_ALIGNMENT };
    if (once) {
        block_line_once(f->u);
        block_line_once(f->u - AGAIN);
    } else {
        block_line(f->u);
        block_line(f->u + NONET_ALIGNMENT);
    }
    block_line(f->also);
    f->u += f->u_step;
    f->also += f->also_step;
    __asm__("" : "+r"(f->u), "+r"(f->also));            /* else clang keeps both in a vector register, and spills */
}

/* One sum of n channels, a multiple of 16. */
BLOCK_INLINE void sum_channels(block *b, const float *v, const float *u, streams *f, int n, int m, int kb, int once)
{
    block_zero(b, m, kb);
    for (int c = 0; c < n; c += UNROLL) {
        BLOCK_UNROLL
        for (int i = 0; i < UNROLL; i++) {
            fetch(f, once);
            block_fma(b, v + i, NONET_SUM, u + i * NONET_L * kb, m, kb);
        }
        v += UNROLL;
        u += UNROLL * NONET_L * kb;
    }
}

BLOCK_INLINE void wino_gemm(const nonet_wino_gemm_args *a, int m, int kb, int once)
{
    size_t row = (size_t)(NONET_L * kb);
    streams f = { .u = a->fetch, .u_step = a->fetch_step * sizeof(float), .also_step = a->also.step * sizeof(float) };

    for (int c = 0; c < a->channels; c += NONET_SUM) {
        int n = a->channels - c < NONET_SUM ? a->channels - c : NONET_SUM;
        block b;
        const float *v = a->v + (size_t)(c / NONET_SUM) * a->v_cblock;
        f.also = a->also.at + (size_t)(c / NONET_SUM) * a->also.sum * sizeof(float);
        sum_channels(&b, v, a->u + (size_t)c * row, &f, n, m, kb, once);
        if (c > 0 || a->add)
            block_add(&b, a->m, row, NONET_L, m, kb);
        block_store(&b, a->m, row, NONET_L, m, kb);
    }
}

static void wino_gemm_f32_14x32_keep(const nonet_wino_gemm_args *a)
{
#define BODY(m, kb) wino_gemm(a, m, kb, 0)
    BLOCK_DISPATCH(BODY, a->tiles, a->kblocks)
#undef BODY
}

static void wino_gemm_f32_14x32_pass(const nonet_wino_gemm_args *a)
{
#define BODY(m, kb) wino_gemm(a, m, kb, 1)
    BLOCK_DISPATCH(BODY, a->tiles, a->kblocks)
#undef BODY
}

void nonet_wino_gemm_f32_14x32_avx512(const nonet_wino_gemm_args *a)
{
    if (a->fetch_once)
        wino_gemm_f32_14x32_pass(a);
    else
        wino_gemm_f32_14x32_keep(a);
}
