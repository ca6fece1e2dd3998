/* fc_vector.c - fully connected layer of one image, AVX2: 16 output channels (kblocks is 1). See kernels/kernels.h.
 * One chain an output, as the order of sums demands: an FMA's latency for each row of w, far above the speed of DRAM. */
#include "kernels/avx2/block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_avx2;

enum { AHEAD = 2048 };          /* bytes of w fetched ahead: more gets in the way of the CPU's own prefetch of the stream */

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const float *w, size_t groups)
{
    block_zero(b, 1);
    for (size_t g = 0; g < groups; g++) {
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            block_prefetch(w + i * NONET_L, AHEAD);
            block_fma(b, x + i, 0, w + i * NONET_L, 1);
        }
        x += NONET_L;
        w += NONET_L * NONET_L;
    }
}

void nonet_fc_vector_f32_avx2(const float *x, const float *w, const float *bias, float *out, size_t groups, size_t fresh,
                              int kblocks, unsigned flags)
{
    (void)kblocks;
    for (size_t g = 0; g < groups; g += fresh) {
        size_t n = groups - g < fresh ? groups - g : fresh;
        block b;

        sum_groups(&b, x + g * NONET_L, w + g * (size_t)(NONET_L * NONET_L), n);
        if (g > 0)
            block_add(&b, out, 0, 1);
        if (n == groups - g)
            block_bias(&b, bias, flags, 1);
        block_store(&b, out, 0, 1);
    }
}
