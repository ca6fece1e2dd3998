/* fc_body.h - fully connected layer of one image, AVX2: 16 output channels (kblocks is 1). See kernels/kernels.h.
 * The file that includes it defines what a weight is: the type fc_weight, fc_load (eight of them as f32), and FC_VECTOR, the
 * kernel.
 * One chain an output, as the order of sums demands: an FMA's latency for each row of w, far above the speed of DRAM. */

/* Of w, one line of each page is fetched into L2, AHEAD bytes before it is read: the CPU's own fetching, which ends with every
 * page, then finds the next one on its way. From there each line comes into L1, SOON bytes ahead: a chain takes a line in the
 * latency of an FMA at best, so what it has waited for once it could not make up for. */
enum { PAGE = 4096, AHEAD = 4 * PAGE, SOON = PAGE, LINE = NONET_ALIGNMENT / (int)sizeof(fc_weight) };

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const fc_weight *w, size_t groups)
{
    block_zero(b, 1);
    for (size_t g = 0; g < groups; g++) {
        block_line(((uintptr_t)w + AHEAD) / PAGE * PAGE);
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            __m256 s = _mm256_broadcast_ss(x + i);

            if (i * NONET_L % LINE == 0)
                block_line_soon((uintptr_t)(w + i * NONET_L) + SOON);
            b->sum[0][0] = _mm256_fmadd_ps(s, fc_load(w + i * NONET_L), b->sum[0][0]);
            b->sum[0][1] = _mm256_fmadd_ps(s, fc_load(w + i * NONET_L + BLOCK_VL), b->sum[0][1]);
        }
        x += NONET_L;
        w += NONET_L * NONET_L;
    }
}

void FC_VECTOR(const float *x, const fc_weight *w, const float *bias, float *out, size_t groups, size_t fresh, int kblocks,
               unsigned flags)
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
