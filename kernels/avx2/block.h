/* block.h - the register block of the AVX2 multiply kernels: m rows (pixels or tiles, 1..6) x 16 output channels, two vectors.
 * 12 accumulators, two vectors of weights and a broadcast fill 15 of the 16 registers.
 *
 * Every function is inlined with m and step constant: the loops over rows unroll completely, the accumulators live in
 * registers, and each scalar becomes a broadcast from memory with a constant displacement. */
#ifndef NONET_KERNELS_AVX2_BLOCK_H
#define NONET_KERNELS_AVX2_BLOCK_H

#include <immintrin.h>
#include "kernels/kernels.h"

#define BLOCK_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define BLOCK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BLOCK_UNROLL _Pragma("GCC unroll 16")
#endif

enum { BLOCK_MR = 6, BLOCK_VL = 8 };

typedef struct block {
    __m256 sum[BLOCK_MR][2];
} block;

BLOCK_INLINE void block_zero(block *b, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        b->sum[p][0] = _mm256_setzero_ps();
        b->sum[p][1] = _mm256_setzero_ps();
    }
}

/* A line into L2. Fetches into L1 would hold the miss buffers that loads need. The address may lie past the end of what is read:
 * only the instruction sees it, and that never faults. */
BLOCK_INLINE void block_line(uintptr_t at)
{
    _mm_prefetch((const char *)at, _MM_HINT_T1);
}

/* A line into L1, where few loads are on their way at a time. */
BLOCK_INLINE void block_line_soon(uintptr_t at)
{
    _mm_prefetch((const char *)at, _MM_HINT_T0);
}

/* One term of every chain: sum[p] = fma(x[p*step], w, sum[p]). */
BLOCK_INLINE void block_fma(block *b, const float *x, ptrdiff_t step, const float *w, int m)
{
    __m256 w0 = _mm256_loadu_ps(w);
    __m256 w1 = _mm256_loadu_ps(w + BLOCK_VL);

    if (m > 1)                  /* keeps GCC from loading the weights anew for every row of a small block */
        __asm__("" : "+x"(w0), "+x"(w1));
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        __m256 s = _mm256_broadcast_ss(x + p * step);
        b->sum[p][0] = _mm256_fmadd_ps(s, w0, b->sum[p][0]);
        b->sum[p][1] = _mm256_fmadd_ps(s, w1, b->sum[p][1]);
    }
}

/* sum = out + sum, where out holds the earlier sums: keeping those in registers would halve the block. */
BLOCK_INLINE void block_add(block *b, const float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        b->sum[p][0] = _mm256_add_ps(_mm256_loadu_ps(out + (size_t)p * row), b->sum[p][0]);
        b->sum[p][1] = _mm256_add_ps(_mm256_loadu_ps(out + (size_t)p * row + BLOCK_VL), b->sum[p][1]);
    }
}

/* sum = out: the chains of an earlier call go on. */
BLOCK_INLINE void block_load(block *b, const float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        b->sum[p][0] = _mm256_loadu_ps(out + (size_t)p * row);
        b->sum[p][1] = _mm256_loadu_ps(out + (size_t)p * row + BLOCK_VL);
    }
}

/* sum = sum + bias, and relu. max_ps gives its second operand unless the first is greater: with the floor first, x stays
 * where x < 0 ? 0 : x says so (NaN, -0), and a floor of -inf changes nothing. */
BLOCK_INLINE void block_bias(block *b, const float *bias, unsigned flags, int m)
{
    __m256 low = _mm256_set1_ps(flags & NONET_RELU ? 0.0f : -__builtin_inff());
    __m256 b0 = _mm256_loadu_ps(bias);
    __m256 b1 = _mm256_loadu_ps(bias + BLOCK_VL);

    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        b->sum[p][0] = _mm256_max_ps(low, _mm256_add_ps(b->sum[p][0], b0));
        b->sum[p][1] = _mm256_max_ps(low, _mm256_add_ps(b->sum[p][1], b1));
    }
}

BLOCK_INLINE void block_store(const block *b, float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        _mm256_storeu_ps(out + (size_t)p * row, b->sum[p][0]);
        _mm256_storeu_ps(out + (size_t)p * row + BLOCK_VL, b->sum[p][1]);
    }
}

/* Calls BODY(m) with a constant for every block: m in 1..6. */
#define BLOCK_DISPATCH(BODY, m) \
    switch (m) { \
    case 1: BODY(1); break; \
    case 2: BODY(2); break; \
    case 3: BODY(3); break; \
    case 4: BODY(4); break; \
    case 5: BODY(5); break; \
    case 6: BODY(6); break; \
    }
#endif
