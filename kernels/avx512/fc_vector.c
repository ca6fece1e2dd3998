/* fc_vector.c - fully connected layer of one image, AVX-512: 16 or 32 output channels. See kernels/kernels.h.
 * One chain an output, as the order of sums demands: an FMA's latency for each row of w, far above the speed of DRAM. */
#include "kernels/avx512/block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_avx512;

enum { AHEAD = 2048 };          /* bytes of w fetched ahead: more gets in the way of the CPU's own prefetch of the stream */

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const float *w, size_t groups, int kb)
{
    block_zero(b, 1, kb);
    for (size_t g = 0; g < groups; g++) {
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            const float *row = w + i * NONET_L * kb;

            block_prefetch(row, AHEAD, kb);
            block_fma(b, x + i, 0, row, 1, kb);
        }
        x += NONET_L;
        w += NONET_L * NONET_L * kb;
    }
}

BLOCK_INLINE void fc_vector(const float *x, const float *w, const float *bias, float *out, size_t groups, size_t fresh,
                            unsigned flags, int kb)
{
    for (size_t g = 0; g < groups; g += fresh) {
        size_t n = groups - g < fresh ? groups - g : fresh;
        block b;

        sum_groups(&b, x + g * NONET_L, w + g * (size_t)(NONET_L * NONET_L * kb), n, kb);
        if (g > 0)
            block_add(&b, out, 0, NONET_L, 1, kb);
        if (n == groups - g)
            block_bias(&b, bias, flags, 1, kb);
        block_store(&b, out, 0, NONET_L, 1, kb);
    }
}

void nonet_fc_vector_f32_avx512(const float *x, const float *w, const float *bias, float *out, size_t groups, size_t fresh,
                                int kblocks, unsigned flags)
{
    if (kblocks > 1)
        fc_vector(x, w, bias, out, groups, fresh, flags, 2);
    else
        fc_vector(x, w, bias, out, groups, fresh, flags, 1);
}
