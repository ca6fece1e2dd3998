/* direct3x3_ic.c - direct convolution of 1..4 planar input channels, AVX-512: up to 14 pixels of a row x 32 output channels.
 * See kernels/kernels.h. */
#include "kernels/avx512/block.h"

nonet_direct_fn nonet_direct3x3_ic_s1_f32_14x32_avx512, nonet_direct3x3_ic_s2_f32_14x32_avx512;

BLOCK_INLINE void direct_ic(const nonet_direct_args *a, ptrdiff_t step, int m, int kb)
{
    const float *w = a->w;
    block b;

    block_zero(&b, m, kb);
    for (int t = 0; t < a->taps; t++) {
        block_fma(&b, a->x + a->tap[t], step, w, m, kb);
        w += NONET_L * kb;
    }
    block_bias(&b, a->bias, a->flags, m, kb);
    block_store(&b, a->out, a->out_pixel, a->out_kblock, m, kb);
}

void nonet_direct3x3_ic_s1_f32_14x32_avx512(const nonet_direct_args *a)
{
#define BODY(m, kb) direct_ic(a, 1, m, kb)
    BLOCK_DISPATCH(BODY, a->m, a->kblocks)
#undef BODY
}

void nonet_direct3x3_ic_s2_f32_14x32_avx512(const nonet_direct_args *a)
{
#define BODY(m, kb) direct_ic(a, 2, m, kb)
    BLOCK_DISPATCH(BODY, a->m, a->kblocks)
#undef BODY
}
