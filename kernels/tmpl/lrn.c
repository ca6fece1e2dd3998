/* lrn.c - local response normalisation across channels. */
#include "arch/vec.h"
#include "kernels/kernels.h"

nonet_lrn_fn VSUFFIX(nonet_lrn_f32);

/* One pixel's channel block with its neighbours: the block before, the block, the block after. */
typedef struct window {
    float x[3 * NONET_L];
} window;

VINLINE void copy_block(float *to, const float *from)
{
    for (int l = 0; l < NONET_L; l += VL)
        vf_store(to + l, from ? vf_load(from + l) : vf_zero());
}

VINLINE void fill(window *win, const nonet_lrn_args *args, int cb, size_t pixel)
{
    const float *x = args->src + (size_t)cb * args->cblock + pixel * NONET_L;

    copy_block(win->x, cb > 0 ? x - args->cblock : NULL);
    copy_block(win->x + NONET_L, x);
    copy_block(win->x + 2 * NONET_L, cb + 1 < args->cblocks ? x + args->cblock : NULL);
}

/* t^(quarters/4) */
VINLINE vf power(vf t, int quarters)
{
    vf root;

    if (quarters == 4)
        return t;
    root = vf_sqrt(t);
    return quarters == 2 ? root : vf_mul(root, vf_sqrt(root));
}

/* Where x is zero the result is +0, whatever its neighbours are: lanes past the last channel stay clean. */
VINLINE void normalise(const window *win, const nonet_lrn_args *args, float *dst)
{
    const vf alpha = vf_set1(args->alpha), k = vf_set1(args->k);
    int half = args->size / 2;

    for (int l = 0; l < NONET_L; l += VL) {
        vf sum = vf_zero(), x = vf_load(win->x + NONET_L + l);
        for (int j = -half; j <= half; j++) {
            vf near = vf_load(win->x + NONET_L + l + j);
            sum = vf_fma(near, near, sum);
        }
        vf_store(dst + l, vf_zero_eq(x, vf_zero(), vf_div(x, power(vf_fma(alpha, sum, k), args->quarters))));
    }
}

/* Windows are filled for a few pixels at a time: a load that straddles two stores waits until both have left for the cache. */
void VSUFFIX(nonet_lrn_f32)(const nonet_lrn_args *args)
{
    enum { RUN = 8 };
    window win[RUN];

    for (int cb = 0; cb < args->cblocks; cb++) {
        float *dst = args->dst + (size_t)cb * args->cblock;
        for (size_t p = 0; p < args->pixels; p += RUN) {
            size_t run = args->pixels - p < RUN ? args->pixels - p : RUN;
            for (size_t i = 0; i < run; i++)
                fill(&win[i], args, cb, p + i);
            for (size_t i = 0; i < run; i++)
                normalise(&win[i], args, dst + (p + i) * NONET_L);
        }
    }
}
