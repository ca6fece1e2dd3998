/* peak.c - runs the loops of kernels/tmpl/peak.c in a team of threads and takes the best of several tries: whatever disturbs a
 * run makes it slower, never faster. */
#include "bench/peak.h"
#include <omp.h>
#include <string.h>
#include "bench/data.h"
#include "bench/timer.h"
#include "kernels/peak.h"

enum { CALIBRATION_TRIES = 3, FMA_TRIES = 40, READ_TRIES = 10, COPY_TRIES = 5 };
#define FMA_SECONDS 0.004
#define READ_BYTES ((size_t)256 << 20)

static const struct {
    nonet_isa isa;
    nonet_peak_fn *fma;
    nonet_read_fn *read;
} loops[] = {
    { NONET_ISA_C, nonet_peak_f32_c, nonet_read_f32_c },
#if defined(__x86_64__)
    { NONET_ISA_AVX2, nonet_peak_f32_avx2, nonet_read_f32_avx2 },
    { NONET_ISA_AVX512, nonet_peak_f32_avx512, nonet_read_f32_avx512 },
#elif defined(__aarch64__)
    { NONET_ISA_NEON, nonet_peak_f32_neon, nonet_read_f32_neon },
#endif
};

/* Multiply-adds a second of one run. */
static double fma_run(nonet_peak_fn *fn, int threads, size_t rounds, double *seconds)
{
    double start = 0, end = 0, macs = 0;
#pragma omp parallel num_threads(threads) reduction(+ : macs)
    {
        float sink[NONET_LANES];
#pragma omp barrier
#pragma omp master
        start = bench_now();
        macs += (double)fn(rounds, sink) * (double)rounds;
#pragma omp barrier
#pragma omp master
        end = bench_now();
    }
    *seconds = end - start;
    return macs / *seconds;
}

/* Rounds that last long enough, by one thread, whose time is no waiting for others: a team on a busy machine waits longer for its
 * last thread than a short run takes. */
static size_t rounds_of(nonet_peak_fn *fn)
{
    size_t rounds = 1;
    double least, seconds;
    do {
        rounds *= 2;
        least = FMA_SECONDS;
        for (int i = 0; i < CALIBRATION_TRIES; i++) {
            fma_run(fn, 1, rounds, &seconds);
            least = seconds < least ? seconds : least;
        }
    } while (least < FMA_SECONDS);
    return rounds;
}

static double fma_peak(nonet_peak_fn *fn, int threads)
{
    double best = 0, seconds = 0;
    size_t rounds = rounds_of(fn);
    for (int i = 0; i < FMA_TRIES; i++) {
        double rate = fma_run(fn, threads, rounds, &seconds);
        best = rate > best ? rate : best;
    }
    return best;
}

/* Bytes a second of one pass; each thread reads a contiguous share. */
static double read_run(nonet_read_fn *fn, int threads, const float *x, size_t steps)
{
    double start = 0, end = 0;
    float sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
    {
        size_t n = (size_t)omp_get_num_threads(), i = (size_t)omp_get_thread_num();
        size_t from = steps * i / n, to = steps * (i + 1) / n;
#pragma omp barrier
#pragma omp master
        start = bench_now();
        sum += fn(x + from * NONET_READ_STEP, (to - from) * NONET_READ_STEP);
#pragma omp barrier
#pragma omp master
        end = bench_now();
    }
    return sum > 0 ? (double)(steps * NONET_READ_STEP * sizeof(float)) / (end - start) : 0;
}

/* Each thread fills what it will read, so that the pages lie near it. */
static void fill(float *x, size_t steps, int threads)
{
#pragma omp parallel num_threads(threads)
    {
        size_t n = (size_t)omp_get_num_threads(), i = (size_t)omp_get_thread_num();
        size_t from = steps * i / n * NONET_READ_STEP, to = steps * (i + 1) / n * NONET_READ_STEP;
        for (size_t j = from; j < to; j++)
            x[j] = 1.0f;
    }
}

/* Bytes read and written a second, by memcpy of the C library, which knows how the machine copies best. */
static double copy_run(float *to, const float *from, int threads, size_t steps)
{
    double start = bench_now();
#pragma omp parallel num_threads(threads)
    {
        size_t n = (size_t)omp_get_num_threads(), i = (size_t)omp_get_thread_num();
        size_t first = steps * i / n * NONET_READ_STEP, last = steps * (i + 1) / n * NONET_READ_STEP;
        memcpy(to + first, from + first, (last - first) * sizeof(float));
    }
    return 2 * (double)(steps * NONET_READ_STEP * sizeof(float)) / (bench_now() - start);
}

static double copy_peak(float *x, size_t steps, int threads)
{
    double best = 0;
    for (int i = 0; i < COPY_TRIES; i++) {
        double rate = copy_run(x + steps / 2 * NONET_READ_STEP, x, threads, steps / 2);
        best = rate > best ? rate : best;
    }
    return best;
}

/* Fills read and copy bandwidth. */
static void memory_peak(nonet_read_fn *fn, int threads, size_t caches, bench_peak *peak)
{
    size_t bytes = READ_BYTES > 4 * caches ? READ_BYTES : 4 * caches;
    size_t steps = bytes / (NONET_READ_STEP * sizeof(float));
    float *x = bench_floats(steps * NONET_READ_STEP);
    double best = 0;
    if (!x)
        return;
    fill(x, steps, threads);
    for (int i = 0; i < READ_TRIES; i++) {
        double rate = read_run(fn, threads, x, steps);
        best = rate > best ? rate : best;
    }
    peak->read_gbps = 1e-9 * best;
    peak->copy_gbps = 1e-9 * copy_peak(x, steps, threads);
    bench_free(x);
}

static size_t row_of(nonet_isa isa)
{
    size_t row = 0;
    while (row + 1 < sizeof loops / sizeof loops[0] && loops[row].isa != isa)
        row++;
    return row;
}

double bench_fma_gflops(nonet_isa isa, int threads)
{
    return 2e-9 * fma_peak(loops[row_of(isa)].fma, threads);
}

double bench_read_gbps(nonet_isa isa, int threads, size_t bytes)
{
    size_t steps = bytes / (NONET_READ_STEP * sizeof(float));
    float *x = bench_floats(steps * NONET_READ_STEP);
    double best = 0;
    if (!x)
        return 0;
    fill(x, steps, threads);
    for (int i = 0; i < READ_TRIES; i++) {
        double rate = read_run(loops[row_of(isa)].read, threads, x, steps);
        best = rate > best ? rate : best;
    }
    bench_free(x);
    return 1e-9 * best;
}

int bench_peak_measure(nonet_isa isa, int threads, size_t caches, bench_peak *peak)
{
    size_t row = row_of(isa);
    *peak = (bench_peak){ .fma_gflops = 2e-9 * fma_peak(loops[row].fma, threads) };
    memory_peak(loops[row].read, threads, caches, peak);
    return peak->read_gbps > 0;
}
