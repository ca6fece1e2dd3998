/* conv.c - convolution and fully connected layers, term by term. */
#include <math.h>
#include <stddef.h>
#include "reference/reference.h"

int reference_out(int size, int kernel, int stride, int pad)
{
    return (size + 2 * pad - kernel) / stride + 1;
}

/* One output: its sum and the sum of its terms' sizes. */
static void one_output(const reference_conv *p, const float *image, const float *filter, int y, int x, double *sum, double *size)
{
    for (int c = 0; c < p->c; c++)
        for (int i = 0; i < p->r; i++)
            for (int j = 0; j < p->s; j++) {
                int row = y * p->stride + i - p->pad, col = x * p->stride + j - p->pad;

                if (row < 0 || row >= p->h || col < 0 || col >= p->w)
                    continue;
                double term = (double)filter[(c * p->r + i) * p->s + j] * image[((size_t)c * p->h + row) * p->w + col];
                *sum += term;
                *size += fabs(term);
            }
}

void reference_convolve(const reference_conv *p, const float *x, const float *weight, const float *bias, double *out,
                        double *size)
{
    int oh = reference_out(p->h, p->r, p->stride, p->pad), ow = reference_out(p->w, p->s, p->stride, p->pad);
    size_t at = 0;

    for (int n = 0; n < p->n; n++)
        for (int k = 0; k < p->k; k++)
            for (int i = 0; i < oh; i++)
                for (int j = 0; j < ow; j++, at++) {
                    double sum = bias ? bias[k] : 0, magnitude = fabs(sum);

                    one_output(p, x + (size_t)n * p->c * p->h * p->w, weight + (size_t)k * p->c * p->r * p->s, i, j, &sum,
                               &magnitude);
                    out[at] = sum;
                    if (size)
                        size[at] = magnitude;
                }
}

void reference_fc(int n, int c, int k, const float *x, const float *weight, const float *bias, double *out, double *size)
{
    for (int image = 0; image < n; image++)
        for (int row = 0; row < k; row++) {
            double sum = bias ? bias[row] : 0, magnitude = fabs(sum);

            for (int i = 0; i < c; i++) {
                double term = (double)weight[(size_t)row * c + i] * x[(size_t)image * c + i];
                sum += term;
                magnitude += fabs(term);
            }
            out[(size_t)image * k + row] = sum;
            if (size)
                size[(size_t)image * k + row] = magnitude;
        }
}

void reference_relu(long count, double *x)
{
    for (long i = 0; i < count; i++)
        if (x[i] < 0)
            x[i] = 0;
}
