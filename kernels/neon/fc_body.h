/* fc_body.h - fully connected layer of one image, NEON: 16 outputs (kblocks is 1). See kernels/kernels.h.
 * The file that includes it defines what a weight is: the type fc_weight, FC_LOAD(d, p, at), four of them at p + at,
 * FC_EXPAND(d), which makes them f32, and FC_VECTOR, the kernel.
 * One chain an output, as the order of sums demands: four chains in registers, a row of 16 weights for each latency of an FMA. */

enum {
    RUN = NONET_L * NONET_L,                /* weights for a group of 16 inputs */
    LINE = NONET_ALIGNMENT / (int)sizeof(fc_weight),            /* weights in a cache line */
    AHEAD = 2048 / RUN / (int)sizeof(fc_weight)                 /* groups of w fetched ahead: 2 KiB */
};

BLOCK_INLINE void prefetch(const fc_weight *w)
{
    BLOCK_UNROLL
    for (int i = 0; i < RUN / LINE; i++)
        __builtin_prefetch(w + i * LINE, 0, 0);
}

/* One sum of `groups` groups; `after` more follow it at w. Loads run a row of w and a group of x ahead; the last ones read
 * again. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const fc_weight *w, size_t groups, size_t after)
{
    float32x4_t row[2][BLOCK_NQ], in[BLOCK_Q];

    BLOCK_UNROLL
    for (int j = 0; j < BLOCK_NQ; j++) {
        FC_LOAD(row[0][j], w, j * BLOCK_Q);
        BLOCK_LOAD_Q(in[j], x, j * BLOCK_Q);
        b->sum[0][j] = vdupq_n_f32(0);
    }
    for (; groups > 0; groups--) {
        const float *xnext = groups > 1 ? x + NONET_L : x;
        const fc_weight *wnext = groups > 1 ? w + RUN : w;

        prefetch(groups + after > AHEAD ? w + AHEAD * RUN : w);
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            BLOCK_UNROLL
            for (int j = 0; j < BLOCK_NQ; j++)
                FC_EXPAND(row[i % 2][j]);
            BLOCK_UNROLL
            for (int j = 0; j < BLOCK_NQ; j++) {
                FC_LOAD(row[(i + 1) % 2][j], i + 1 < NONET_L ? w : wnext, (i + 1) % NONET_L * NONET_L + j * BLOCK_Q);
                BLOCK_FMA(b->sum[0][j], row[i % 2][j], in[i / BLOCK_Q], i % BLOCK_Q);
            }
            if (i % BLOCK_Q == BLOCK_Q - 1)
                BLOCK_LOAD_Q(in[i / BLOCK_Q], xnext, i / BLOCK_Q * BLOCK_Q);
        }
        x = xnext;
        w = wnext;
    }
}

void FC_VECTOR(const float *x, const fc_weight *w, const float *bias, float *out, size_t groups, size_t fresh, int kblocks,
               unsigned flags)
{
    (void)kblocks;
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
