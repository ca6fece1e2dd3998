/* direct3x3_ic.c - direct convolution of 1..4 planar input channels, NEON: up to 6 pixels of a row x 16 output channels.
 * See kernels/kernels.h. */
#include "block.h"

nonet_direct_fn nonet_direct3x3_ic_s1_f32_6x16_neon, nonet_direct3x3_ic_s2_f32_6x16_neon;

BLOCK_INLINE void direct_ic(const nonet_direct_args *a, ptrdiff_t step, int m)
{
    const float *x = a->x + a->tap[0], *w = a->w;
    block b;

    BLOCK_START(&b, BLOCK_LOAD_S, x, step, w, m)
    for (int t = 1; t <= a->taps; t++) {
        const float *wnext = t < a->taps ? w + NONET_L : w;

        x = t < a->taps ? a->x + a->tap[t] : x;
        BLOCK_TERM(&b, 0, 1, BLOCK_LOAD_S, 0, BLOCK_NQ, w, wnext, x, step, m)
        w = wnext;
    }
    block_bias(&b, a->bias, a->flags, m);
    block_store(&b, a->out, a->out_pixel, m);
}

void nonet_direct3x3_ic_s1_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 1, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}

void nonet_direct3x3_ic_s2_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 2, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}
