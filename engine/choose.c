/* choose.c - a model of work and traffic. Bits depend on the choice, so it sees one image's shape and nothing else. */
#include "engine/choose.h"

static int tiles_of(int n, int m)
{
    return (n + m - 1) / m;
}

static double tiles(int oh, int ow, int m)
{
    return (double)tiles_of(oh, m) * tiles_of(ow, m);
}

double nonet_algo_macs(const nonet_conv *p, nonet_algo algo, int oh, int ow)
{
    double ck = (double)p->c * p->k;
    if (algo == NONET_WINOGRAD_F2)
        return tiles(oh, ow, 2) * 16 * ck;
    if (algo == NONET_WINOGRAD_F4)
        return tiles(oh, ow, 4) * 36 * ck;
    return (double)oh * ow * p->r * p->s * ck;
}

int nonet_algo_applies(const nonet_conv *p, nonet_algo algo)
{
    if (algo == NONET_WINOGRAD_F2 || algo == NONET_WINOGRAD_F4)
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
    double transforms = tiles(oh, ow, m) * a * a * per_point * (p->c + p->k);
    double stream = (double)a * a * p->c * p->k * float_cost;
    double work = nonet_algo_macs(p, algo, oh, ow) + transforms;
    return work > stream ? work : stream;
}

nonet_algo nonet_algo_choose(const nonet_conv *p, int oh, int ow)
{
    if (!nonet_algo_applies(p, NONET_WINOGRAD_F2) || p->c <= 4)
        return NONET_DIRECT;
    double direct = nonet_algo_macs(p, NONET_DIRECT, oh, ow);
    double f2 = winograd_cost(p, NONET_WINOGRAD_F2, oh, ow, 2), f4 = winograd_cost(p, NONET_WINOGRAD_F4, oh, ow, 4);
    if (direct <= f2 && direct <= f4)
        return NONET_DIRECT;
    return f4 <= f2 ? NONET_WINOGRAD_F4 : NONET_WINOGRAD_F2;
}
