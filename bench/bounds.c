/* bounds.c - counts of multiply-adds, and the roofline they stand under. */
#include "bench/bounds.h"
#include "engine/choose.h"
#include "engine/plan.h"

static int or_default(int value, int otherwise)
{
    return value ? value : otherwise;
}

double bench_macs(const nonet_conv *p, nonet_algo algo)
{
    nonet_conv q = *p;
    q.r = or_default(p->r, 3);
    q.s = or_default(p->s, 3);
    q.stride = or_default(p->stride, 1);
    int oh = (p->h + 2 * p->pad - q.r) / q.stride + 1, ow = (p->w + 2 * p->pad - q.s) / q.stride + 1;
    return nonet_algo_applies(&q, algo) ? p->n * nonet_algo_macs(&q, algo, oh, ow) : 0;
}

bench_work bench_work_of(const nonet_conv *p, nonet_algo algo)
{
    int r = or_default(p->r, 3), s = or_default(p->s, 3);
    bench_work work = { .direct = bench_macs(p, NONET_DIRECT), .own = bench_macs(p, algo), .n = p->n };
    work.fewest = work.direct;
    for (nonet_algo other = NONET_WINOGRAD_F2; other <= NONET_WINOGRAD_F4 && p->c > 4; other++) {
        double macs = bench_macs(p, other);
        if (macs > 0 && macs < work.fewest)
            work.fewest = macs;
    }
    if (r == p->h && s == p->w && p->pad == 0)
        work.weight_bytes = (double)sizeof(float) * p->k * p->c * r * s;
    return work;
}

bench_work bench_work_planned(const nonet_conv *p, const nonet_plan *plan)
{
    bench_work work = bench_work_of(p, plan->algo);
    work.weight_bytes /= plan->bf16 ? 2 : 1;
    return work;
}

static double bound(double macs, const bench_work *work, const bench_peak *peak)
{
    double arithmetic = 2e-9 * macs / peak->fma_gflops;
    double memory = 1e-9 * work->weight_bytes / peak->read_gbps;
    if (work->weight_bytes > 0 && work->n == 1)
        return memory;
    return arithmetic > memory ? arithmetic : memory;
}

double bench_bound(const bench_work *work, const bench_peak *peak)
{
    return bound(work->fewest, work, peak);
}

double bench_own_bound(const bench_work *work, const bench_peak *peak)
{
    return bound(work->own, work, peak);
}

/* A cache keeps what is used in turn only if all of it fits: a larger round trip pushes everything out before it comes again.
 * Maps that pass from layer to layer stay if they fit by themselves. */
void bench_work_bytes(bench_work *work, const bench_residence *r)
{
    work->bytes = r->weights + r->maps;
    if (r->cold != BENCH_WARM || r->total > r->last_cache)
        work->memory_bytes += r->weights;
    if (r->cold == BENCH_COLD_ALL || r->maps > r->last_cache)
        work->memory_bytes += r->maps;
}

double bench_roofline(const bench_work *work, const bench_peak *peak, bench_limit *limit)
{
    double arithmetic = 2e-9 * work->own / peak->fma_gflops, memory = 1e-9 * work->memory_bytes / peak->read_gbps;
    *limit = arithmetic <= 0 && memory <= 0 ? LIMIT_NONE : memory > arithmetic ? LIMIT_MEMORY : LIMIT_ARITHMETIC;
    return memory > arithmetic ? memory : arithmetic;
}

const char *bench_limit_name(bench_limit limit)
{
    return limit == LIMIT_MEMORY ? "memory" : limit == LIMIT_ARITHMETIC ? "arithmetic" : "";
}
