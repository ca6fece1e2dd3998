/* fc_vector_bf16.c - fully connected layer of one image with bf16 weights, NEON: 16 outputs. See kernels/kernels.h.
 * Four independent chains of FMAs a row of 32 bytes; a row's shifts run beside the FMAs of the one before. */
#include "block.h"

nonet_fc_vector_bf16_fn nonet_fc_vector_bf16_neon;

enum {
    RUN = NONET_L * NONET_L,                /* weights for a group of 16 inputs: 512 bytes */
    LINE = 32,                              /* weights in 64 bytes */
    AHEAD = 4                               /* groups of w fetched ahead: 2 KiB */
};

BLOCK_INLINE void prefetch(const uint16_t *w)
{
    BLOCK_UNROLL
    for (int i = 0; i < RUN / LINE; i++)
        __builtin_prefetch(w + i * LINE, 0, 0);
}

/* sum[0][0..3] = fma(x[lane], w, sum) for the row of 16 weights at w: their bits are the upper halves of f32. */
#define TERM(b, x, lane, w) \
    BLOCK_UNROLL \
    for (int j = 0; j < BLOCK_NQ; j++) { \
        const uint32x4_t bits = vshlq_n_u32(vmovl_u16(vld1_u16((w) + j * BLOCK_Q)), 16); \
        (b)->sum[0][j] = vfmaq_laneq_f32((b)->sum[0][j], vreinterpretq_f32_u32(bits), x, lane); \
    }

/* One sum of `groups` groups; `after` more follow it at w. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const uint16_t *w, size_t groups, size_t after)
{
    BLOCK_UNROLL
    for (int j = 0; j < BLOCK_NQ; j++)
        b->sum[0][j] = vdupq_n_f32(0);
    for (; groups > 0; groups--, x += NONET_L, w += RUN) {
        prefetch(groups + after > AHEAD ? w + AHEAD * RUN : w);
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i += BLOCK_Q) {
            const float32x4_t four = vld1q_f32(x + i);

            TERM(b, four, 0, w + i * NONET_L)
            TERM(b, four, 1, w + (i + 1) * NONET_L)
            TERM(b, four, 2, w + (i + 2) * NONET_L)
            TERM(b, four, 3, w + (i + 3) * NONET_L)
        }
    }
}

void nonet_fc_vector_bf16_neon(const float *x, const uint16_t *w, const float *bias, float *out, size_t groups, size_t fresh,
                               int kblocks, unsigned flags)
{
    (void)kblocks;                          /* 1: a block is 16 wide */
    for (size_t first = 0, end; first < groups; first = end) {
        block b;

        end = groups - first < fresh ? groups : first + fresh;
        sum_groups(&b, x + first * NONET_L, w + first * RUN, end - first, groups - end);
        if (first > 0)
            block_add(&b, out, 0, 1);
        if (end == groups)
            block_bias(&b, bias, flags, 1);
        block_store(&b, out, 0, 1);
    }
}
