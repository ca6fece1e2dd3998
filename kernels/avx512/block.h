/* block.h - the register block of the AVX-512 multiply kernels: m rows (pixels or tiles, 1..14) x kb vectors (1..2) of 16
 * output channels. 28 accumulators, two vectors of weights and a broadcast fill 31 of the 32 registers.
 *
 * Every function is inlined with m, kb and step constant: the loops over rows unroll completely, the accumulators live in
 * registers, and each scalar becomes a broadcast from memory with a constant displacement. */
#ifndef NONET_KERNELS_AVX512_BLOCK_H
#define NONET_KERNELS_AVX512_BLOCK_H

#include <immintrin.h>
#include "kernels/kernels.h"

#define BLOCK_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define BLOCK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BLOCK_UNROLL _Pragma("GCC unroll 16")
#endif

enum { BLOCK_MR = 14, BLOCK_KB = 2 };

typedef struct block {
    __m512 sum[BLOCK_MR][BLOCK_KB];
} block;

BLOCK_INLINE void block_zero(block *b, int m, int kb)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int k = 0; k < kb; k++)
            b->sum[p][k] = _mm512_setzero_ps();
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

/* As block_line, and the line is the first to leave. */
BLOCK_INLINE void block_line_once(uintptr_t at)
{
    _mm_prefetch((const char *)at, _MM_HINT_NTA);
}

/* One term of every chain: sum[p] = fma(x[p*step], w, sum[p]). */
BLOCK_INLINE void block_fma(block *b, const float *x, ptrdiff_t step, const float *w, int m, int kb)
{
    __m512 w0 = _mm512_loadu_ps(w);
    __m512 w1 = kb > 1 ? _mm512_loadu_ps(w + NONET_L) : w0;

    if (m > 1 && kb > 1)        /* keeps GCC from loading the weights anew for every row of a small block */
        __asm__("" : "+v"(w0), "+v"(w1));
    BLOCK_UNROLL
    for (int p = 0; p < m; p++) {
        __m512 s = _mm512_set1_ps(x[p * step]);
        b->sum[p][0] = _mm512_fmadd_ps(s, w0, b->sum[p][0]);
        if (kb > 1)
            b->sum[p][1] = _mm512_fmadd_ps(s, w1, b->sum[p][1]);
    }
}

/* sum = out + sum, where out holds the earlier sums: keeping those in registers would halve the block. */
BLOCK_INLINE void block_add(block *b, const float *out, size_t row, size_t kblock, int m, int kb)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int k = 0; k < kb; k++)
            b->sum[p][k] = _mm512_add_ps(_mm512_loadu_ps(out + (size_t)p * row + (size_t)k * kblock), b->sum[p][k]);
}

/* sum = out: the chains of an earlier call go on. */
BLOCK_INLINE void block_load(block *b, const float *out, size_t row, size_t kblock, int m, int kb)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int k = 0; k < kb; k++)
            b->sum[p][k] = _mm512_loadu_ps(out + (size_t)p * row + (size_t)k * kblock);
}

/* sum = sum + bias, and relu. max_ps gives its second operand unless the first is greater: with the floor first, x stays
 * where x < 0 ? 0 : x says so (NaN, -0), and a floor of -inf changes nothing. */
BLOCK_INLINE void block_bias(block *b, const float *bias, unsigned flags, int m, int kb)
{
    __m512 low = _mm512_set1_ps(flags & NONET_RELU ? 0.0f : -__builtin_inff());

    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int k = 0; k < kb; k++)
            b->sum[p][k] = _mm512_max_ps(low, _mm512_add_ps(b->sum[p][k], _mm512_loadu_ps(bias + k * NONET_L)));
}

/* The last sum first: Zen 5 loses some 20 cycles to stores that wait for an FMA each, and few to stores behind one that waits for
 * the last of them (docs/KERNELS.md). */
BLOCK_INLINE void block_store(const block *b, float *out, size_t row, size_t kblock, int m, int kb)
{
    BLOCK_UNROLL
    for (int p = m - 1; p >= 0; p--)
        BLOCK_UNROLL
        for (int k = kb - 1; k >= 0; k--)
            _mm512_storeu_ps(out + (size_t)p * row + (size_t)k * kblock, b->sum[p][k]);
}

/* Calls BODY(m, kb) with constants for every block: m in 1..14, kb in 1..2. */
#define BLOCK_CASE(BODY, m) \
    case 2 * (m): BODY(m, 1); break; \
    case 2 * (m) + 1: BODY(m, 2); break;
#define BLOCK_DISPATCH(BODY, m, kb) \
    switch (2 * (m) + (kb) - 1) { \
        BLOCK_CASE(BODY, 1) BLOCK_CASE(BODY, 2) BLOCK_CASE(BODY, 3) BLOCK_CASE(BODY, 4) BLOCK_CASE(BODY, 5) \
        BLOCK_CASE(BODY, 6) BLOCK_CASE(BODY, 7) BLOCK_CASE(BODY, 8) BLOCK_CASE(BODY, 9) BLOCK_CASE(BODY, 10) \
        BLOCK_CASE(BODY, 11) BLOCK_CASE(BODY, 12) BLOCK_CASE(BODY, 13) BLOCK_CASE(BODY, 14) \
    }
#endif
