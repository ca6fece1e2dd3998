/* block.h - the register block of the NEON multiply kernels: m rows (pixels or tiles, 1..6) x 16 output channels.
 *
 * Six rows take every register: 24 sums, six x (four channels of a row each) and two w (four outputs of a channel each).
 * Compilers spill when they may choose the order, so each load and FMA is an asm volatile of one instruction: they stay in the
 * order written, and the compiler only names the registers. Loads run ahead of their use by at least m FMAs, for in-order
 * cores: w by BLOCK_DEPTH - 1 vectors, and x[p] right after its last use. Where nothing follows, the end of a sum loads again
 * what it has already read. Every function is inlined with m and step constant, so all loops over rows unroll. */
#ifndef NONET_KERNELS_NEON_BLOCK_H
#define NONET_KERNELS_NEON_BLOCK_H

#include <arm_neon.h>
#include "kernels/kernels.h"

#define BLOCK_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define BLOCK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BLOCK_UNROLL _Pragma("GCC unroll 16")
#endif

enum {
    BLOCK_MR = 6,
    BLOCK_Q = 4,                            /* lanes of a vector */
    BLOCK_NQ = NONET_L / BLOCK_Q            /* vectors of a row */
};
/* Registers for w: at most BLOCK_NQ, so that running ahead never passes the next row. */
#define BLOCK_DEPTH(m) ((m) > 5 ? 2 : BLOCK_NQ)

typedef struct block {
    float32x4_t sum[BLOCK_MR][BLOCK_NQ];
    float32x4_t x[BLOCK_MR];
    float32x4_t w[BLOCK_NQ];
} block;

typedef char block_span[2048];              /* more than loads reach from one address */

/* d = what stands at p + at. Once everything is inlined `at` is a constant, here part of the instruction: clang would add it to p
 * first. The last operand says that memory is read. */
#define BLOCK_LOAD(form, d, p, at) \
    __asm__ volatile("ldr " form ", [%1, %2]" \
                     : "=w"(d) : "r"(p), "i"((at) * (ptrdiff_t)sizeof *(p)), "m"(*(const block_span *)(p)))
#define BLOCK_LOAD_Q(d, p, at) BLOCK_LOAD("%q0", d, p, at)
#define BLOCK_LOAD_D(d, p, at) BLOCK_LOAD("%d0", d, p, at)
#define BLOCK_LOAD_S(d, p, at) BLOCK_LOAD("%s0", d, p, at)
#define BLOCK_FMA(s, w, x, lane) \
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[%c3]" : "+w"(s) : "w"(w), "w"(x), "i"(lane))

/* Sums of zero, and the loads that the first BLOCK_TERM expects. */
#define BLOCK_START(b, LOAD_X, xfirst, step, wfirst, m) \
    BLOCK_UNROLL \
    for (int p = 0; p < (m); p++) { \
        LOAD_X((b)->x[p], xfirst, p * (step)); \
        BLOCK_UNROLL \
        for (int j = 0; j < BLOCK_NQ; j++) \
            (b)->sum[p][j] = vdupq_n_f32(0); \
    } \
    BLOCK_UNROLL \
    for (int j = 0; j < BLOCK_NQ - 1; j++) \
        if (j < BLOCK_DEPTH(m) - 1) \
            BLOCK_LOAD_Q((b)->w[j], wfirst, j * BLOCK_Q);

/* One term of every chain: sum[p] = fma(x[p][lane], w, sum[p]), for the vectors first..first+3 of `vectors` at w, which wnext
 * continues. With last, LOAD_X fetches x for what follows from xnext. */
#define BLOCK_TERM(b, lane, last, LOAD_X, first, vectors, wnow, wnext, xnext, step, m) \
    BLOCK_UNROLL \
    for (int j = 0; j < BLOCK_NQ; j++) { \
        const int ahead = (first) + j + BLOCK_DEPTH(m) - 1; \
        BLOCK_LOAD_Q((b)->w[ahead % BLOCK_DEPTH(m)], ahead < (vectors) ? (wnow) : (wnext), ahead % (vectors) * BLOCK_Q); \
        BLOCK_UNROLL \
        for (int p = 0; p < (m); p++) { \
            BLOCK_FMA((b)->sum[p][j], (b)->w[((first) + j) % BLOCK_DEPTH(m)], (b)->x[p], lane); \
            if ((last) && j == BLOCK_NQ - 1) \
                LOAD_X((b)->x[p], xnext, p * (step)); \
        } \
    }

BLOCK_INLINE void block_start(block *b, const float *x, ptrdiff_t step, const float *w, int m)
{
    BLOCK_START(b, BLOCK_LOAD_Q, x, step, w, m)
}

/* The terms of 16 channels of x and w, after block_start or a block_run that named them as xnext and wnext. */
BLOCK_INLINE void block_run(block *b, const float *x, const float *xnext, ptrdiff_t step, const float *w, const float *wnext,
                            int m)
{
    enum { TERMS = BLOCK_Q, VECTORS = TERMS * BLOCK_NQ, FLOATS = TERMS * NONET_L };

    for (int i = 0; i < NONET_L / TERMS; i++) {
        const int end = i == NONET_L / TERMS - 1;
        const float *xn = end ? xnext : x + TERMS;
        const float *wn = end ? wnext : w + FLOATS;

        BLOCK_UNROLL
        for (int lane = 0; lane < TERMS; lane++)
            BLOCK_TERM(b, lane, lane == TERMS - 1, BLOCK_LOAD_Q, lane * BLOCK_NQ, VECTORS, w, wn, xn, step, m)
        x = xn;
        w = wn;
    }
}

/* sum = out + sum, where out holds the earlier sums. */
BLOCK_INLINE void block_add(block *b, const float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int j = 0; j < BLOCK_NQ; j++)
            b->sum[p][j] = vaddq_f32(vld1q_f32(out + (size_t)p * row + (size_t)(j * BLOCK_Q)), b->sum[p][j]);
}

/* sum = out: the chains of an earlier call go on. */
BLOCK_INLINE void block_load(block *b, const float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int j = 0; j < BLOCK_NQ; j++)
            b->sum[p][j] = vld1q_f32(out + (size_t)p * row + (size_t)(j * BLOCK_Q));
}

/* sum = sum + bias, and relu: x < 0 ? 0 : x clears the lanes that compare as less, so NaN and -0 stay. */
BLOCK_INLINE void block_bias(block *b, const float *bias, unsigned flags, int m)
{
    const uint32x4_t relu = vdupq_n_u32(flags & NONET_RELU ? 0xffffffff : 0);

    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int j = 0; j < BLOCK_NQ; j++) {
            const float32x4_t y = vaddq_f32(b->sum[p][j], vld1q_f32(bias + j * BLOCK_Q));
            const uint32x4_t clear = vandq_u32(vcltzq_f32(y), relu);
            b->sum[p][j] = vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), clear));
        }
}

BLOCK_INLINE void block_store(const block *b, float *out, size_t row, int m)
{
    BLOCK_UNROLL
    for (int p = 0; p < m; p++)
        BLOCK_UNROLL
        for (int j = 0; j < BLOCK_NQ; j++)
            vst1q_f32(out + (size_t)p * row + (size_t)(j * BLOCK_Q), b->sum[p][j]);
}

/* Calls BODY(m) with a constant, m in 1..6. */
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
