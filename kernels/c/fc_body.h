/* fc_body.h - a fully connected layer for one image: the specification.
 * The file that includes it defines what a weight is: the type fc_weight, fc_value (a weight as f32), and FC_VECTOR, the kernel.
 *
 * One output is a chain of FMAs per `fresh` groups of 16 inputs, i rising; the sums are added in order. */

enum { L = NONET_L };

/* One block of 16 outputs; w is its first row. */
static inline void block(const float *x, const fc_weight *w, size_t row, const float *bias, float *out,
                         size_t groups, size_t fresh, unsigned flags)
{
    float total[L] = { 0 };

    for (size_t first = 0; first < groups; ) {
        const size_t run = groups - first < fresh ? groups - first : fresh;
        float sum[L] = { 0 };

        for (size_t i = 0; i < run * L; i++, x++, w += row)
            for (int j = 0; j < L; j++)
                sum[j] = fmaf(*x, fc_value(w[j]), sum[j]);
        for (int j = 0; j < L; j++)
            total[j] = first == 0 ? sum[j] : total[j] + sum[j];
        first += run;
    }
    for (int j = 0; j < L; j++) {
        const float y = total[j] + bias[j];
        out[j] = (flags & NONET_RELU) && y < 0 ? 0 : y;
    }
}

void FC_VECTOR(const float *x, const fc_weight *w, const float *bias, float *out, size_t groups, size_t fresh, int kblocks,
               unsigned flags)
{
    for (int kb = 0; kb < kblocks; kb++)
        block(x, w + kb * L, (size_t)kblocks * L, bias + kb * L, out + kb * L, groups, fresh, flags);
}
