/* direct3x3_ic.c - direct convolution with few input channels (VGG's first layer: 3): the specification.
 *
 * x is planar rows, one number per pixel and tap, so nothing is spent on lanes that hold no channel. One output channel of one
 * pixel is one chain of FMAs in the order of the taps: c, i, j. The loops take any m and kblocks. */
#include <math.h>
#include "kernels/kernels.h"

nonet_direct_fn nonet_direct3x3_ic_s1_f32_4x16_c, nonet_direct3x3_ic_s2_f32_4x16_c;

enum { L = NONET_L };

/* Block kb of 16 output channels of the pixel at x. */
static inline void pixel(const nonet_direct_args *a, const float *x, int kb, float *out)
{
    const size_t row = (size_t)L * a->kblocks;      /* floats of w for one tap */
    const float *w = a->w + kb * L;
    float sum[L] = { 0 };

    for (int t = 0; t < a->taps; t++, w += row)
        for (int j = 0; j < L; j++)
            sum[j] = fmaf(x[a->tap[t]], w[j], sum[j]);
    for (int j = 0; j < L; j++) {
        const float y = sum[j] + a->bias[kb * L + j];
        out[j] = (a->flags & NONET_RELU) && y < 0 ? 0 : y;
    }
}

static inline void pixels(const nonet_direct_args *a, int step)
{
    for (int p = 0; p < a->m; p++)
        for (int kb = 0; kb < a->kblocks; kb++)
            pixel(a, a->x + p * step, kb, a->out + p * a->out_pixel + kb * a->out_kblock);
}

void nonet_direct3x3_ic_s1_f32_4x16_c(const nonet_direct_args *args)
{
    pixels(args, 1);
}

void nonet_direct3x3_ic_s2_f32_4x16_c(const nonet_direct_args *args)
{
    pixels(args, 2);
}
