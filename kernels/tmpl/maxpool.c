/* maxpool.c - 2x2 stride-2 max pool of two rows. */
#include "arch/vec.h"
#include "kernels/kernels.h"

nonet_maxpool_fn VSUFFIX(nonet_maxpool_f32);

/* One output pixel from columns a and b of both rows. */
VINLINE void pixel(const float *r0, const float *r1, size_t a, size_t b, float *dst)
{
    for (int l = 0; l < NONET_L; l += VL) {
        vf top = vf_max(vf_load(r0 + a + l), vf_load(r0 + b + l));
        vf bottom = vf_max(vf_load(r1 + a + l), vf_load(r1 + b + l));
        vf_store(dst + l, vf_max(top, bottom));
    }
}

void VSUFFIX(nonet_maxpool_f32)(const float *r0, const float *r1, float *dst, int w, int ow)
{
    int pairs = ow < w / 2 ? ow : w / 2;

    for (int i = 0; i < pairs; i++)
        pixel(r0, r1, (size_t)i * 2 * NONET_L, ((size_t)i * 2 + 1) * NONET_L, dst + (size_t)i * NONET_L);
    if (pairs < ow)     /* an odd last column, alone in its window */
        pixel(r0, r1, (size_t)(w - 1) * NONET_L, (size_t)(w - 1) * NONET_L, dst + (size_t)pairs * NONET_L);
}
