/* fc_body.h - fully connected layer of one image, AVX-512: 16 or 32 output channels. See kernels/kernels.h.
 * The file that includes it defines what a weight is: the type fc_weight, fc_load (sixteen of them as f32), and FC_VECTOR, the
 * kernel.
 * One chain an output, as the order of sums demands: an FMA's latency for each row of w, far above the speed of DRAM. */

/* Of w, one line of each page is fetched into L2, AHEAD bytes before it is read: the CPU's own fetching, which ends with every
 * page, then finds the next one on its way. Where a row of w is one line, each comes into L1 from there, SOON bytes ahead: a chain
 * takes a row in the latency of an FMA at best, so what it has waited for once it could not make up for. */
enum { PAGE = 4096, AHEAD = 4 * PAGE, SOON = PAGE, LINE = NONET_ALIGNMENT / (int)sizeof(fc_weight) };

/* One sum of `groups` groups of 16 inputs. */
BLOCK_INLINE void sum_groups(block *b, const float *x, const fc_weight *w, size_t groups, int kb)
{
    block_zero(b, 1, kb);
    for (size_t g = 0; g < groups; g++) {
        block_line(((uintptr_t)w + AHEAD) / PAGE * PAGE);
        BLOCK_UNROLL
        for (int i = 0; i < NONET_L; i++) {
            __m512 s = _mm512_set1_ps(x[i]);

            if (kb * NONET_L == LINE)
                block_line_soon((uintptr_t)(w + i * kb * NONET_L) + SOON);
            BLOCK_UNROLL
            for (int k = 0; k < kb; k++)
                b->sum[0][k] = _mm512_fmadd_ps(s, fc_load(w + (i * kb + k) * NONET_L), b->sum[0][k]);
        }
        x += NONET_L;
        w += NONET_L * NONET_L * kb;
    }
}

BLOCK_INLINE void fc_vector(const float *x, const fc_weight *w, const float *bias, float *out, size_t groups, size_t fresh,
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

void FC_VECTOR(const float *x, const fc_weight *w, const float *bias, float *out, size_t groups, size_t fresh, int kblocks,
               unsigned flags)
{
    if (kblocks > 1)
        fc_vector(x, w, bias, out, groups, fresh, flags, 2);
    else
        fc_vector(x, w, bias, out, groups, fresh, flags, 1);
}
