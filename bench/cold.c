/* cold.c - clflush on x86-64, dc civac on AArch64, and a large buffer. */
#include "bench/cold.h"
#include <stdint.h>
#include "bench/data.h"
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

enum { LINE = 64, LINE_FLOATS = 16 };
#define LEAST_BYTES ((size_t)64 << 20)
#define CACHES 3                /* a cache forgets its oldest lines only nearly: read three times its size */

const char *bench_cold_name(bench_cold cold)
{
    return cold == BENCH_COLD_ALL ? "cold caches" : cold == BENCH_COLD_WEIGHTS ? "cold weights" : "warm caches";
}

int bench_broom_open(bench_broom *broom, size_t last_cache, int threads)
{
    size_t bytes = CACHES * last_cache > LEAST_BYTES ? CACHES * last_cache : LEAST_BYTES;
    *broom = (bench_broom){ .floats = bytes / sizeof(float), .threads = threads };
    broom->buffer = bench_floats(broom->floats);
    if (!broom->buffer)
        return 0;
    for (size_t i = 0; i < broom->floats; i++)
        broom->buffer[i] = 1.0f;
    return 1;
}

void bench_broom_close(bench_broom *broom)
{
    bench_free(broom->buffer);
    *broom = (bench_broom){ 0 };
}

void bench_sweep_all(bench_broom *broom)
{
    float sum = 0;
#pragma omp parallel num_threads(broom->threads) reduction(+ : sum)
    for (size_t i = 0; i < broom->floats; i += LINE_FLOATS)
        sum += broom->buffer[i];
    *(volatile float *)&broom->sum = sum;
}

#if defined(__x86_64__)
static void flush_line(const char *line)
{
    _mm_clflush(line);
}

static void wait_for_flushes(void)
{
    _mm_mfence();
}
#elif defined(__aarch64__)
/* Linux lets programs use it. Lines may be longer than LINE; a line flushed twice does no harm. */
static void flush_line(const char *line)
{
    __asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
}

static void wait_for_flushes(void)
{
    __asm__ volatile("dsb ish" : : : "memory");
}
#endif

int bench_sweeps_by_line(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return 1;
#else
    return 0;
#endif
}

void bench_sweep_range(bench_broom *broom, const void *data, size_t bytes)
{
#if defined(__x86_64__) || defined(__aarch64__)
    (void)broom;
    const char *end = (const char *)data + bytes;
    for (const char *line = (const char *)((uintptr_t)data / LINE * LINE); line < end; line += LINE)
        flush_line(line);
    wait_for_flushes();
#else
    (void)data;
    if (bytes)
        bench_sweep_all(broom);
#endif
}
