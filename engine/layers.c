/* layers.c - the layers without weights: pools, LRN, ReLU, soft-max. */
#include "engine/view.h"

/* The kernel of a family for the instruction set in force; NULL when NONET_ISA is wrong. */
static const nonet_kernel *kernel_of(nonet_family family)
{
    nonet_isa isa;
    return nonet_isa_current(&isa) == NONET_OK ? nonet_kernel_find(family, isa) : NULL;
}

nonet_status nonet_maxpool(int n, int c, int h, int w, int ceil, const float *src, float *dst, int threads)
{
    int oh = h / 2 + (ceil && h % 2), ow = w / 2 + (ceil && w % 2);
    if (!src || !dst || !nonet_dims_ok(n, c, h, w) || oh < 1 || ow < 1)
        return NONET_BAD_ARGUMENT;
    const nonet_kernel *kernel = kernel_of(NONET_K_MAXPOOL);
    if (!kernel)
        return NONET_BAD_ISA;
    int team = nonet_threads_for(threads);
    long planes = (long)n * ((c + NONET_L - 1) / NONET_L);
    size_t row = (size_t)w * NONET_L, out_row = (size_t)ow * NONET_L;
#pragma omp parallel for num_threads(team) if (team > 1)
    for (long p = 0; p < planes; p++)
        for (int y = 0; y < oh; y++) {
            const float *r0 = src + ((size_t)p * (size_t)h + (size_t)(2 * y)) * row;
            const float *r1 = 2 * y + 1 < h ? r0 + row : r0;
            kernel->fn.maxpool(r0, r1, dst + ((size_t)p * (size_t)oh + (size_t)y) * out_row, w, ow);
        }
    return NONET_OK;
}

/* Mean of the pixels [y0,y1) x [x0,x1) of a plane, row by row, in every lane. */
static void mean_bin(const float *plane, int w, int y0, int y1, int x0, int x1, float *out)
{
    float sum[NONET_L] = { 0 };
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            for (int l = 0; l < NONET_L; l++)
                sum[l] += plane[((size_t)y * (size_t)w + (size_t)x) * NONET_L + (size_t)l];
    for (int l = 0; l < NONET_L; l++)
        out[l] = sum[l] / (float)((long)(y1 - y0) * (x1 - x0));
}

nonet_status nonet_avgpool(int n, int c, int h, int w, int oh, int ow, const float *src, float *dst, int threads)
{
    if (!src || !dst || !nonet_dims_ok(n, c, h, w) || oh < 1 || ow < 1)
        return NONET_BAD_ARGUMENT;
    int team = nonet_threads_for(threads);
    long planes = (long)n * ((c + NONET_L - 1) / NONET_L);
#pragma omp parallel for num_threads(team) if (team > 1)
    for (long p = 0; p < planes; p++)
        for (int y = 0; y < oh; y++)
            for (int x = 0; x < ow; x++) {
                const float *plane = src + (size_t)p * (size_t)h * (size_t)w * NONET_L;
                float *out = dst + (((size_t)p * (size_t)oh + (size_t)y) * (size_t)ow + (size_t)x) * NONET_L;
                int y0 = (int)((long)y * h / oh), x0 = (int)((long)x * w / ow);
                mean_bin(plane, w, y0, (int)(((long)(y + 1) * h + oh - 1) / oh), x0, (int)(((long)(x + 1) * w + ow - 1) / ow),
                         out);
            }
    return NONET_OK;
}

nonet_status nonet_lrn(int n, int c, int h, int w, int size, float alpha_over_size, float beta, float k,
                       const float *src, float *dst, int threads)
{
    int quarters = beta == 0.5f ? 2 : beta == 0.75f ? 3 : beta == 1.0f ? 4 : 0;
    if (!src || !dst || !nonet_dims_ok(n, c, h, w) || size < 1 || size > 15 || size % 2 == 0)
        return NONET_BAD_ARGUMENT;
    if (!quarters)
        return NONET_UNSUPPORTED;
    const nonet_kernel *kernel = kernel_of(NONET_K_LRN);
    if (!kernel)
        return NONET_BAD_ISA;
    int cblocks = (c + NONET_L - 1) / NONET_L, team = nonet_threads_for(threads);
    size_t plane = (size_t)h * (size_t)w * NONET_L, row = (size_t)w * NONET_L;
#pragma omp parallel for collapse(2) num_threads(team) if (team > 1)
    for (int i = 0; i < n; i++)
        for (int y = 0; y < h; y++) {
            size_t at = (size_t)i * (size_t)cblocks * plane + (size_t)y * row;
            nonet_lrn_args a = { src + at, dst + at, plane, (size_t)w, cblocks, size, quarters, alpha_over_size, k };
            kernel->fn.lrn(&a);
        }
    return NONET_OK;
}

nonet_status nonet_relu(size_t floats, float *x)
{
    if (!x)
        return NONET_BAD_ARGUMENT;
    for (size_t i = 0; i < floats; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
    return NONET_OK;
}

nonet_status nonet_softmax(int n, int classes, const float *src, float *dst)
{
    if (!src || !dst || n < 1 || classes < 1)
        return NONET_BAD_ARGUMENT;
    const nonet_kernel *kernel = kernel_of(NONET_K_SOFTMAX);
    if (!kernel)
        return NONET_BAD_ISA;
    for (int i = 0; i < n; i++)
        kernel->fn.softmax(src + (size_t)i * (size_t)classes, dst + (size_t)i * (size_t)classes, classes);
    return NONET_OK;
}
