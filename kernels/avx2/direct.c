/* direct.c - direct convolution of any r x s, AVX2: up to 6 pixels of a row x 16 output channels (kblocks is 1).
 * See kernels/kernels.h. */
#include "kernels/avx2/block.h"

nonet_direct_fn nonet_direct_s1_f32_6x16_avx2, nonet_direct_s2_f32_6x16_avx2;

enum {
    UNROLL = 2,                 /* channels a turn; divides NONET_L. With more, GCC 12 spills */
    AHEAD = 4 * 4096            /* bytes of weights: a line of each channel block and tap (1 or 2 KiB) is fetched so far ahead and
                                 * starts the CPU's own fetching, which ends with every page, in the next one */
};

/* The chains of channel blocks cb..end-1. */
BLOCK_INLINE void sum_cblocks(block *b, const nonet_direct_args *a, int cb, int end, ptrdiff_t step, int m)
{
    block s = *b;               /* through the pointer clang would store the sums of small blocks at every step */
    const float *w = a->w + (size_t)cb * (size_t)a->taps * (size_t)(NONET_L * NONET_L);

    for (; cb < end; cb++)
        for (int t = 0; t < a->taps; t++) {
            const float *x = a->x + (size_t)cb * a->x_cblock + a->tap[t];

            block_line((uintptr_t)w + AHEAD);
            for (int c = 0; c < NONET_L; c += UNROLL) {
                BLOCK_UNROLL
                for (int i = 0; i < UNROLL; i++) {
                    block_fma(&s, x + c + i, step, w + i * NONET_L, m);
                }
                w += UNROLL * NONET_L;
            }
        }
    *b = s;
}

BLOCK_INLINE void direct(const nonet_direct_args *a, ptrdiff_t step, int m)
{
    int fresh = a->fresh > 0 ? a->fresh : a->cblocks;

    for (int cb = 0; cb < a->cblocks; cb += fresh) {
        int end = a->cblocks - cb < fresh ? a->cblocks : cb + fresh;
        block b;

        if (cb == 0 && (a->flags & NONET_CONTINUE) && a->fresh == 0)
            block_load(&b, a->out, a->out_pixel, m);
        else
            block_zero(&b, m);
        sum_cblocks(&b, a, cb, end, step, m);
        if (cb > 0 || ((a->flags & NONET_CONTINUE) && a->fresh > 0))
            block_add(&b, a->out, a->out_pixel, m);
        if (end == a->cblocks && !(a->flags & NONET_PARTIAL))
            block_bias(&b, a->bias, a->flags, m);
        block_store(&b, a->out, a->out_pixel, m);
    }
}

void nonet_direct_s1_f32_6x16_avx2(const nonet_direct_args *a)
{
#define BODY(m) direct(a, NONET_L, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}

void nonet_direct_s2_f32_6x16_avx2(const nonet_direct_args *a)
{
#define BODY(m) direct(a, 2 * NONET_L, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}
