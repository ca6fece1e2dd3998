/* softmax.c - exp(x - max) / sum of them, one row. The sum is made of sixteen lane sums, whatever VL is. */
#include <string.h>
#include "arch/vec.h"
#include "kernels/kernels.h"

nonet_softmax_fn VSUFFIX(nonet_softmax_f32);

#define MINUS_INF (-__builtin_inff())

enum { VECTORS = NONET_L / VL };

/* e^x for x <= 0, within 1 ulp; 0 below -87, where the result would soon be subnormal; NaN for NaN.
 * x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first of 17 bits, so that n times it is exact. */
VINLINE vf exp_negative(vf x)
{
    const vf magic = vf_set1(12582912.0f), one = vf_set1(1.0f);
    vf t = vf_fma(x, vf_set1(0x1.715476p+0f), magic);
    vf n = vf_sub(t, magic);
    vf r = vf_fnma(n, vf_set1(0x1.7f7d1cp-20f), vf_fnma(n, vf_set1(0x1.62e4p-1f), x));
    vf p = vf_set1(0x1.6a4b36p-10f);

    p = vf_fma(p, r, vf_set1(0x1.12398ep-7f));
    p = vf_fma(p, r, vf_set1(0x1.5558b2p-5f));
    p = vf_fma(p, r, vf_set1(0x1.555492p-3f));
    p = vf_fma(p, r, vf_set1(0x1.fffffcp-2f));
    p = vf_fma(p, r, one);
    p = vf_fma(p, r, one);
    return vf_zero_lt(x, vf_set1(-87.0f), vf_mul(p, vf_pow2(t)));
}

static float largest(const float *src, int classes)
{
    float max = MINUS_INF;
    vf lanes[VECTORS];
    float lane[NONET_L];
    int i = 0;

    for (int j = 0; j < VECTORS; j++)
        lanes[j] = vf_set1(MINUS_INF);
    for (; i + NONET_L <= classes; i += NONET_L)
        for (int j = 0; j < VECTORS; j++)
            lanes[j] = vf_max(vf_load(src + i + j * VL), lanes[j]);
    for (int j = 0; j < VECTORS; j++)
        vf_store(lane + j * VL, lanes[j]);
    for (int l = 0; l < NONET_L; l++)
        max = lane[l] > max ? lane[l] : max;
    for (; i < classes; i++)
        max = src[i] > max ? src[i] : max;
    return max;
}

/* dst[0..15] = exp(src - max), added to the lane sums. */
VINLINE void exp_block(const float *src, float *dst, vf max, vf sums[VECTORS])
{
    for (int j = 0; j < VECTORS; j++) {
        vf e = exp_negative(vf_sub(vf_load(src + j * VL), max));
        vf_store(dst + j * VL, e);
        sums[j] = vf_add(sums[j], e);
    }
}

/* The pairs are lanes 8 apart, then 4, 2, 1. */
VINLINE float tree(const vf sums[VECTORS])
{
    float lane[NONET_L];

    for (int j = 0; j < VECTORS; j++)
        vf_store(lane + j * VL, sums[j]);
    for (int apart = NONET_L / 2; apart > 0; apart /= 2)
        for (int l = 0; l < apart; l++)
            lane[l] += lane[l + apart];
    return lane[0];
}

/* dst = exp(src - max); returns the sum. What a row lacks in its last block is -infinity and adds 0. */
static float exp_row(const float *src, float *dst, int classes, float max)
{
    const vf max_lanes = vf_set1(max);
    vf sums[VECTORS];
    int i = 0;

    for (int j = 0; j < VECTORS; j++)
        sums[j] = vf_zero();
    for (; i + NONET_L <= classes; i += NONET_L)
        exp_block(src + i, dst + i, max_lanes, sums);
    if (i < classes) {
        size_t rest = (size_t)(classes - i) * sizeof(float);
        float tail[NONET_L];
        for (int l = 0; l < NONET_L; l++)
            tail[l] = MINUS_INF;
        memcpy(tail, src + i, rest);
        exp_block(tail, tail, max_lanes, sums);
        memcpy(dst + i, tail, rest);
    }
    return tree(sums);
}

void VSUFFIX(nonet_softmax_f32)(const float *src, float *dst, int classes)
{
    const float sum = exp_row(src, dst, classes, largest(src, classes));
    int i = 0;

    for (; i + NONET_L <= classes; i += VL)
        vf_store(dst + i, vf_div(vf_load(dst + i), vf_set1(sum)));
    for (; i < classes; i++)
        dst[i] /= sum;
}
