/* fc_vector_bf16.c - a fully connected layer for one image with bf16 weights: the specification.
 *
 * A weight's 16 bits are the upper half of an f32; from there on every operation and its order is fc_vector.c's. */
#include <math.h>
#include <string.h>
#include "kernels/kernels.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_c;

enum { L = NONET_L };

static inline float expand(uint16_t w)
{
    const uint32_t bits = (uint32_t)w << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One block of 16 outputs; w is its first row. */
static inline void block(const float *x, const uint16_t *w, size_t row, const float *bias, float *out,
                         size_t groups, size_t fresh, unsigned flags)
{
    float total[L] = { 0 };

    for (size_t first = 0; first < groups; ) {
        const size_t run = groups - first < fresh ? groups - first : fresh;
        float sum[L] = { 0 };

        for (size_t i = 0; i < run * L; i++, x++, w += row)
            for (int j = 0; j < L; j++)
                sum[j] = fmaf(*x, expand(w[j]), sum[j]);
        for (int j = 0; j < L; j++)
            total[j] = first == 0 ? sum[j] : total[j] + sum[j];
        first += run;
    }
    for (int j = 0; j < L; j++) {
        const float y = total[j] + bias[j];
        out[j] = (flags & NONET_RELU) && y < 0 ? 0 : y;
    }
}

void nonet_fc_vector_bf16_c(const float *x, const uint16_t *w, const float *bias, float *out,
                            size_t groups, size_t fresh, int kblocks, unsigned flags)
{
    for (int kb = 0; kb < kblocks; kb++)
        block(x, w + kb * L, (size_t)kblocks * L, bias + kb * L, out + kb * L, groups, fresh, flags);
}
