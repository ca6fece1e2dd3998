/* direct.c - direct convolution of any r x s, NEON: up to 6 pixels of a row x 16 output channels. See kernels/kernels.h. */
#include "block.h"

nonet_direct_fn nonet_direct_s1_f32_6x16_neon, nonet_direct_s2_f32_6x16_neon;

enum { RUN = NONET_L * NONET_L };           /* floats of w for 16 channels of a tap */

/* The chains of channel blocks cb..end-1. */
BLOCK_INLINE void sum_cblocks(block *b, const nonet_direct_args *a, int cb, int end, ptrdiff_t step, int m)
{
    const float *x = a->x + (size_t)cb * a->x_cblock + a->tap[0];
    const float *w = a->w + (size_t)cb * (size_t)a->taps * RUN;

    block_start(b, x, step, w, m);
    if (cb == 0 && (a->flags & NONET_CONTINUE) && a->fresh == 0)
        block_load(b, a->out, a->out_pixel, m);
    for (; cb < end; cb++)
        for (int t = 0; t < a->taps; t++) {
            const int wrap = t + 1 == a->taps;
            const int last = wrap && cb + 1 == end;
            const float *xnext = last ? x : a->x + (size_t)(cb + wrap) * a->x_cblock + a->tap[wrap ? 0 : t + 1];
            const float *wnext = last ? w : w + RUN;

            block_run(b, x, xnext, step, w, wnext, m);
            x = xnext;
            w = wnext;
        }
}

BLOCK_INLINE void direct(const nonet_direct_args *a, ptrdiff_t step, int m)
{
    const int fresh = a->fresh > 0 ? a->fresh : a->cblocks;

    for (int first = 0, end; first < a->cblocks; first = end) {
        block b;

        end = a->cblocks - first < fresh ? a->cblocks : first + fresh;
        sum_cblocks(&b, a, first, end, step, m);
        if (first > 0 || ((a->flags & NONET_CONTINUE) && a->fresh > 0))
            block_add(&b, a->out, a->out_pixel, m);
        if (end == a->cblocks && !(a->flags & NONET_PARTIAL))
            block_bias(&b, a->bias, a->flags, m);
        block_store(&b, a->out, a->out_pixel, m);
    }
}

void nonet_direct_s1_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct(a, NONET_L, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}

void nonet_direct_s2_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct(a, 2 * NONET_L, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}
