/* direct.c - direct convolution, r x s taps, any channels: the specification that every direct.c matches bit for bit.
 *
 * One output channel of one pixel is one chain of FMAs in the order channel block, tap, channel of the block. The loops take
 * any m and kblocks, so a test can set them beside the kernels of wider instruction sets. */
#include <math.h>
#include <string.h>
#include "kernels/kernels.h"

nonet_direct_fn nonet_direct_s1_f32_4x16_c, nonet_direct_s2_f32_4x16_c;

enum { L = NONET_L };

/* Block kb of 16 output channels of the pixel at x. */
static inline void pixel(const nonet_direct_args *a, const float *x, int kb, float *out)
{
    const size_t row = (size_t)L * a->kblocks;      /* floats of w for one input channel */
    const int goes_on = (a->flags & NONET_CONTINUE) != 0, last = !(a->flags & NONET_PARTIAL);
    const int run = a->fresh > 0 && a->fresh < a->cblocks ? a->fresh : a->cblocks;
    const float *w = a->w + kb * L;
    float total[L];

    if (goes_on)
        memcpy(total, out, sizeof total);
    for (int first = 0; first < a->cblocks; first += run) {
        const int end = first + run < a->cblocks ? first + run : a->cblocks;
        float sum[L] = { 0 };

        if (first == 0 && goes_on && a->fresh == 0)
            memcpy(sum, out, sizeof sum);
        for (int cb = first; cb < end; cb++)
            for (int t = 0; t < a->taps; t++)
                for (int c = 0; c < L; c++, w += row)
                    for (int j = 0; j < L; j++)
                        sum[j] = fmaf(x[cb * a->x_cblock + a->tap[t] + c], w[j], sum[j]);
        for (int j = 0; j < L; j++)
            total[j] = first > 0 || (goes_on && a->fresh > 0) ? total[j] + sum[j] : sum[j];
    }
    for (int j = 0; j < L; j++) {
        const float y = last ? total[j] + a->bias[kb * L + j] : total[j];
        out[j] = last && (a->flags & NONET_RELU) && y < 0 ? 0 : y;
    }
}

static inline void pixels(const nonet_direct_args *a, int step)
{
    for (int p = 0; p < a->m; p++)
        for (int kb = 0; kb < a->kblocks; kb++)
            pixel(a, a->x + p * step, kb, a->out + p * a->out_pixel + kb * a->out_kblock);
}

void nonet_direct_s1_f32_4x16_c(const nonet_direct_args *args)
{
    pixels(args, L);
}

void nonet_direct_s2_f32_4x16_c(const nonet_direct_args *args)
{
    pixels(args, 2 * L);
}
