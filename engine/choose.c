/* choose.c - a model of work and traffic. Bits depend on the algorithm, so its choice sees one image's shape and nothing else. */
#include "engine/choose.h"

/* Points of the tiles that cover n outputs of a line. */
static double points(int n, int m)
{
    if (nonet_ends_short(n, m))
        return n / m * (m + 2) + NONET_SHORT_POINTS;
    return (double)((n + m - 1) / m) * (m + 2);
}

int nonet_algo_tile(nonet_algo algo)
{
    static const int side[NONET_ALGO_COUNT] = { [NONET_WINOGRAD_F2] = 2, [NONET_WINOGRAD_F4] = 4, [NONET_WINOGRAD_F6] = 6 };
    return side[algo];
}

double nonet_algo_macs(const nonet_conv *p, nonet_algo algo, int oh, int ow)
{
    double ck = (double)p->c * p->k;
    int m = nonet_algo_tile(algo);
    if (m)
        return points(oh, m) * points(ow, m) * ck;
    return (double)oh * ow * p->r * p->s * ck;
}

int nonet_algo_applies(const nonet_conv *p, nonet_algo algo)
{
    if (nonet_algo_tile(algo))
        return p->r == 3 && p->s == 3 && p->stride == 1;
    return 1;
}

/* Work in multiply-adds. A transform costs about `per_point` vector operations a point, tile and channel. The transformed weights
 * stream from memory once an image: a float of them takes the time of some 11 multiply-adds (57 G/s against 21 GB/s; boards
 * have less of both). What is larger of work and stream counts. */
static double winograd_cost(const nonet_conv *p, nonet_algo algo, int oh, int ow, int m)
{
    const double per_point = 5, float_cost = 11;
    int a = m + 2;
    double transforms = points(oh, m) * points(ow, m) * per_point * (p->c + p->k);
    double stream = (double)a * a * p->c * p->k * float_cost;
    double work = nonet_algo_macs(p, algo, oh, ow) + transforms;
    return work > stream ? work : stream;
}

nonet_algo nonet_algo_choose(const nonet_conv *p, int oh, int ow)
{
    if (!nonet_algo_applies(p, NONET_WINOGRAD_F2) || p->c <= NONET_FEW_CHANNELS)
        return NONET_DIRECT;
    double direct = nonet_algo_macs(p, NONET_DIRECT, oh, ow);
    double f2 = winograd_cost(p, NONET_WINOGRAD_F2, oh, ow, 2), f4 = winograd_cost(p, NONET_WINOGRAD_F4, oh, ow, 4);
    if (direct <= f2 && direct <= f4)
        return NONET_DIRECT;
    return f4 <= f2 ? NONET_WINOGRAD_F4 : NONET_WINOGRAD_F2;
}

/* Packed weights of F(4x4) stream from memory for every block of tiles; expanded ones are a quarter of that, and their transform
 * takes the time of `expand` multiply-adds for each weight of U (measured: 0.45 ms on 2.5 ms for 512 channels of 14 x 14, AVX-512).
 * What a float of the stream takes, in multiply-adds, with all cores at work: 15 measured with 2 cores of a server; some 28 on
 * boards of four Cortex-A72, which have 4 GB/s for them all. The images of a batch share the stream, but not the transform, which
 * is done for each block. Three quarters of the memory are worth `memory` multiply-adds more: conv5 of VGG-16 alone is 85 MB. */
nonet_weight_form nonet_form_choose(const nonet_conv *p, nonet_algo algo, nonet_isa isa, int oh, int ow)
{
    const double expand = 3, memory = 3, cached = 12 << 20;
    double multiplies = p->n * points(oh, 4) * points(ow, 4) / 36, float_cost = isa == NONET_ISA_NEON ? 28 : 15;
    double bytes = 36.0 * p->c * p->k * sizeof(float);
    if (algo != NONET_WINOGRAD_F4 || bytes < cached)
        return NONET_WEIGHTS_PACKED;
    return float_cost + memory > multiplies + expand ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED;
}

const char *nonet_split_name(int split)
{
    static const char *const names[NONET_SPLIT_COUNT] = { "auto", "tiles", "channels", "shared" };
    return names[split];
}
