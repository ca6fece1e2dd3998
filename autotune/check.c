/* check.c - see check.h. */
#include "autotune/check.h"
#include <math.h>
#include <string.h>
#include "bench/data.h"

/* Multiply-adds that portable C may be asked for. */
#define PART_MACS 6e6

/* Sides and outputs that a part keeps: two tiles of the largest Winograd and an odd edge, a pool of it; a call's outputs and
 * some. */
enum { SIDE = 13, OUTPUTS = 80, LEAST_OUTPUTS = 16 };

int check_fill(const nonet_conv *p, float *src, uint64_t seed)
{
    size_t plain = nonet_tensor_floats(NONET_NCHW, p->n, p->c, p->h, p->w);
    float *nchw = bench_floats(plain);
    if (!nchw)
        return 0;
    bench_fill_positive(nchw, plain, 1.0, seed);
    nonet_status status = nonet_reorder(p->n, p->c, p->h, p->w, NONET_NCHW, nchw, p->src_layout, src);
    bench_free(nchw);
    return status == NONET_OK;
}

static double macs(const nonet_conv *p)
{
    return (double)p->n * p->h * p->w * p->c * p->k * (p->r == p->h && p->s == p->w && !p->pad ? 1 : p->r * p->s);
}

nonet_conv check_part(const nonet_conv *p)
{
    nonet_conv part = *p;
    int whole = p->r == p->h && p->s == p->w && !p->pad;    /* a fully connected layer keeps its map */
    if (macs(p) <= PART_MACS)
        return part;
    part.n = p->n < 2 ? p->n : 2;
    if (!whole) {
        int side = SIDE > p->r + 2 ? SIDE : p->r + 2;
        part.h = p->h < side ? p->h : side;
        part.w = p->w < side ? p->w : side;
    }
    part.k = p->k < OUTPUTS ? p->k : OUTPUTS;
    while (macs(&part) > PART_MACS && part.k > LEAST_OUTPUTS)
        part.k -= LEAST_OUTPUTS;
    return part;
}

/* Computes the part into dst as the options' plan does. */
static nonet_status compute(const nonet_conv *p, const nonet_options *options, const float *src, const float *oihw, float *dst)
{
    nonet_plan *plan = NULL;
    nonet_weights *weights = NULL;
    nonet_status status = nonet_plan_create(&plan, p, options);
    if (status != NONET_OK)
        return status;
    size_t bytes = nonet_plan_workspace(plan);
    float *workspace = bench_floats(bytes / sizeof(float) + 1);
    status = workspace ? nonet_weights_pack(&weights, plan, oihw, NULL) : NONET_NO_MEMORY;
    if (status == NONET_OK)
        status = nonet_execute(plan, weights, src, dst, workspace);
    nonet_weights_destroy(weights);
    nonet_plan_destroy(plan);
    bench_free(workspace);
    return status;
}

nonet_status check_against_c(const nonet_conv *p, const nonet_options *options, nonet_algo algo, int *equal)
{
    nonet_conv part = check_part(p);
    nonet_options fast = *options, portable;
    int oh, ow;
    *equal = 0;
    nonet_status status = nonet_conv_output(&part, &oh, &ow);
    if (status != NONET_OK)
        return status;
    fast.algo = algo;
    fast.profile = NULL;
    portable = fast;
    portable.isa = NONET_ISA_C;
    size_t floats = nonet_tensor_floats(part.dst_layout, part.n, part.k, oh, ow),
           fan_in = (size_t)part.c * (size_t)part.r * (size_t)part.s;
    float *src = bench_floats(nonet_tensor_floats(part.src_layout, part.n, part.c, part.h, part.w));
    float *oihw = bench_floats((size_t)part.k * fan_in), *one = bench_floats(floats), *other = bench_floats(floats);
    status = src && oihw && one && other && check_fill(&part, src, 3) ? NONET_OK : NONET_NO_MEMORY;
    if (status == NONET_OK) {
        bench_fill_normal(oihw, (size_t)part.k * fan_in, sqrt(2.0 / (double)fan_in), 4);
        status = compute(&part, &fast, src, oihw, one);
    }
    if (status == NONET_OK)
        status = compute(&part, &portable, src, oihw, other);
    *equal = status == NONET_OK && !memcmp(one, other, floats * sizeof(float));
    bench_free(src);
    bench_free(oihw);
    bench_free(one);
    bench_free(other);
    return status;
}
