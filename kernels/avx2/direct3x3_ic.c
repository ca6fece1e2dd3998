/* direct3x3_ic.c - direct convolution of 1..4 planar input channels, AVX2: up to 6 pixels of a row x 16 output channels
 * (kblocks is 1). See kernels/kernels.h. */
#include "kernels/avx2/block.h"

nonet_direct_fn nonet_direct3x3_ic_s1_f32_6x16_avx2, nonet_direct3x3_ic_s2_f32_6x16_avx2;

BLOCK_INLINE void direct_ic(const nonet_direct_args *a, ptrdiff_t step, int m)
{
    const float *w = a->w;
    block b;

    block_zero(&b, m);
    for (int t = 0; t < a->taps; t++) {
        block_fma(&b, a->x + a->tap[t], step, w, m);
        w += NONET_L;
    }
    block_bias(&b, a->bias, a->flags, m);
    block_store(&b, a->out, a->out_pixel, m);
}

void nonet_direct3x3_ic_s1_f32_6x16_avx2(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 1, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}

void nonet_direct3x3_ic_s2_f32_6x16_avx2(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 2, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}
