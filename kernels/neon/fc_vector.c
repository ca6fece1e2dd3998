/* fc_vector.c - fully connected layer of one image, NEON: 16 outputs. See kernels/kernels.h.
 * One chain an output, as the order of sums demands: 16 bytes of w a cycle at best, which is more than DRAM gives. */
#include "block.h"

nonet_fc_vector_fn nonet_fc_vector_f32_neon;

enum {
    RUN = NONET_L * NONET_L,                /* floats of w for a group of 16 inputs */
    AHEAD = 2                               /* groups of w fetched ahead: 2 KiB */
};

BLOCK_INLINE void prefetch(const float *w)
{
    BLOCK_UNROLL
    for (int i = 0; i < NONET_L; i++)       /* 64 bytes a row: a cache line */
        __builtin_prefetch(w + i * NONET_L, 0, 0);
}

/* One sum of `groups` groups; `after` more follow it at w. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const float *w, size_t groups, size_t after)
{
    block_start(b, x, 0, w, 1);
    for (; groups > 0; groups--) {
        const float *xnext = groups > 1 ? x + NONET_L : x;
        const float *wnext = groups > 1 ? w + RUN : w;

        prefetch(groups + after > AHEAD ? w + AHEAD * RUN : w);
        block_run(b, x, xnext, 0, w, wnext, 1);
        x = xnext;
        w = wnext;
    }
}

void nonet_fc_vector_f32_neon(const float *x, const float *w, const float *bias, float *out, size_t groups, size_t fresh,
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
