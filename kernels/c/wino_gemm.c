/* wino_gemm.c - the multiply between the Winograd transforms, for one of their points: the specification.
 *
 * One element of M is a chain of FMAs per NONET_SUM channels, c rising; the sums are added in order. Short sums keep
 * F(4x4) as accurate as a direct convolution. The loops take any number of tiles and kblocks. */
#include <math.h>
#include "kernels/kernels.h"

nonet_wino_gemm_fn nonet_wino_gemm_f32_4x16_c;

enum { L = NONET_L };

/* Block kb of 16 output channels of one tile; v is the tile's first channel. */
static inline void tile(const nonet_wino_gemm_args *a, float *m_, const float *v, const float *u, size_t row)
{
    float total[L] = { 0 };

    for (int j = 0; a->add && j < L; j++)
        total[j] = m_[j];
    for (int first = 0; first < a->channels; first += NONET_SUM, v += a->v_cblock) {
        const int run = a->channels - first < NONET_SUM ? a->channels - first : NONET_SUM;
        float sum[L] = { 0 };

        for (int c = 0; c < run; c++, u += row)
            for (int j = 0; j < L; j++)
                sum[j] = fmaf(v[c], u[j], sum[j]);
        for (int j = 0; j < L; j++)
            total[j] = first == 0 && !a->add ? sum[j] : total[j] + sum[j];
    }
    for (int j = 0; j < L; j++)
        m_[j] = total[j];
}

void nonet_wino_gemm_f32_4x16_c(const nonet_wino_gemm_args *a)
{
    const size_t row = (size_t)L * a->kblocks;

    for (int t = 0; t < a->tiles; t++)
        for (int kb = 0; kb < a->kblocks; kb++)
            tile(a, a->m + t * row + kb * L, a->v + t * NONET_SUM, a->u + kb * L, row);
}
