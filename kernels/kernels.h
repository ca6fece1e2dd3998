/* kernels.h - the type of every kernel family and the table of kernels. The contract is in kernels/README.md.
 *
 * Kernels are pure: no allocation, no globals, no threads, no I/O. They never touch a byte outside what the arguments name. */
#ifndef NONET_KERNELS_H
#define NONET_KERNELS_H

#include <stddef.h>
#include "nonet.h"

enum {
    NONET_L = NONET_LANES,      /* lanes of a channel block */
    NONET_SUM = 64,             /* channels in one Winograd sum; numerics contract, never a tuning knob */
    NONET_FRESH = 512,          /* least products in one sum of an r x s (not 3x3) convolution; numerics contract */
    NONET_READ_AHEAD = 3,       /* tiles: the pixels that a Winograd transform reads and */
    NONET_WRITE_AHEAD = 2,      /* writes are fetched into L1 so far ahead */
    NONET_MR_MAX = 16,          /* no kernel has more rows than this */
    NONET_NR_MAX = 64
};

_Static_assert(NONET_PACK_STEP % NONET_NR_MAX == 0, "weights are packed in whole multiply calls");

/* Flags of a call. */
enum {
    NONET_RELU = 1 << 0, NONET_POOL = 1 << 1,           /* epilogue */
    NONET_CONTINUE = 1 << 2, NONET_PARTIAL = 1 << 3,    /* direct: this call goes on from out; this call is not the last */
    NONET_SHORT_W = 1 << 4, NONET_SHORT_H = 1 << 5,     /* F(4x4): a tile of 2 outputs, not 4, across and down */
    NONET_STREAM = 1 << 6       /* Winograd output, no pool: past the caches, where a vector is a whole line; else as it comes */
};

/* Direct convolution, r x s, any channels: m pixels of one row x kblocks*16 output channels.
 *   sum = +0;  for cb < cblocks, t < taps, c < 16:
 *       sum = fma(x[p*step + cb*x_cblock + tap[t] + c], w[((cb*taps+t)*16+c)*16*kblocks + j], sum)
 * With fresh > 0 a new sum starts every `fresh` channel blocks and the sums are added in order: total = total + sum.
 *   out[p*out_pixel + (j/16)*out_kblock + j%16] = relu(total + bias[j])
 * The channel blocks may come in several calls, so that their weights stay in a cache: all but the first with NONET_CONTINUE, all
 * but the last with NONET_PARTIAL (out = total). Going on, without fresh the chain starts from out, with fresh the first sum is
 * added to out (a call then takes whole sums): the bits are those of one call.
 * step is 16*stride floats, fixed in the kernel (s1, s2). out may be scratch between sums: it is only written by this call.
 *
 * Direct convolution with 1..4 input channels ("ic"): planar rows. One list of taps, in the order c, i, j; step is stride floats:
 *   sum = +0;  for t < taps:  sum = fma(x[p*step + tap[t]], w[t*16*kblocks + j], sum).  cblocks, x_cblock, fresh are not used. */
typedef struct nonet_direct_args {
    const float *x;
    const float *w;             /* packed for this block of output channels */
    const float *bias;          /* 16*kblocks floats */
    float *out;
    const ptrdiff_t *tap;       /* floats from x, one per tap */
    size_t x_cblock;            /* floats between channel blocks of x */
    size_t out_pixel;           /* floats between output pixels: 16 in the blocked layout */
    size_t out_kblock;          /* floats between blocks of 16 output channels */
    int cblocks, taps, fresh;
    int m;                      /* pixels, 1..mr of the kernel's row */
    int kblocks;                /* 1..nr/16 */
    unsigned flags;             /* NONET_RELU, NONET_CONTINUE, NONET_PARTIAL */
} nonet_direct_args;
typedef void nonet_direct_fn(const nonet_direct_args *args);

/* Fully connected, one image: 16*kblocks outputs. x: 16*groups floats. w: [groups*16][16*kblocks].
 *   sum = +0; for i < 16*groups: sum = fma(x[i], w[i*16*kblocks + j], sum); a new sum every `fresh` >= 1 groups, added in order;
 *   out[j] = relu(total + bias[j]) */
typedef void nonet_fc_vector_fn(const float *x, const float *w, const float *bias, float *out,
                                size_t groups, size_t fresh, int kblocks, unsigned flags);
/* The same with weights in bf16, the upper 16 bits of an f32: the value that is multiplied is that f32. */
typedef void nonet_fc_vector_bf16_fn(const float *x, const uint16_t *w, const float *bias, float *out,
                                     size_t groups, size_t fresh, int kblocks, unsigned flags);

/* Lines to come: at channel c the one at `at` + (c/64)*sum + (c%64)*step floats. */
typedef struct nonet_lines {
    uintptr_t at;               /* an integer: it may lie past the end of what is read */
    size_t step, sum;
} nonet_lines;

/* Winograd multiply for one point: M[t][j] = sum over c of V[t][c] * U[c][j], j < 16*kblocks.
 * V element (t,c) at v[(c/64)*v_cblock + t*64 + c%64]; U at u[c*16*kblocks + j]; M at m[t*16*kblocks + j].
 * One sum (an FMA chain from +0, c rising) per 64 channels, sums added in order; add: to what M holds, the sums of the channels
 * before.
 * fetch: what later calls read, U above all. At channel c the line at fetch + c*fetch_step floats is due in L2, so that it comes
 * from memory at an even pace; likewise those of `also`, V above all. Hints: any address will do, and a kernel asks for as many of
 * these lines as do not hold it up. fetch_once: what is fetched is used soon and then not for long, and should leave L2 before V
 * and M (a hint as well, for CPUs that have L2 follow it: arch/cpu.h). */
typedef struct nonet_wino_gemm_args {
    float *m;
    const float *v;
    const float *u;
    size_t v_cblock;
    uintptr_t fetch;            /* an integer, as in nonet_lines */
    size_t fetch_step;
    nonet_lines also;
    int fetch_once;
    int tiles;                  /* 1..mr of the kernel's row */
    int channels;               /* a multiple of 16 */
    int kblocks;                /* 1..nr/16 */
    int add;
} nonet_wino_gemm_args;
typedef void nonet_wino_gemm_fn(const nonet_wino_gemm_args *args);

/* Winograd transforms: 16 lanes wide; a = m+2 (4, 6 or 8) points a side, point xi = row*a + col.
 * filter: g [9][16 lanes] -> u[xi*u_xi + lane] */
typedef void nonet_wino_filter_fn(const float *g, float *u, size_t u_xi);
/* input: `tiles` >= 1 tiles side by side. Tile t: a x a pixels of 16 lanes at d[y*d_row + (t*m + x)*16 + lane]
 *   -> v[xi*v_xi + t*64 + lane] */
typedef void nonet_wino_in_fn(const float *d, size_t d_row, float *v, size_t v_xi, int tiles);
/* output: `tiles` >= 1 tiles side by side. Tile t: M at m_[xi*m_xi + t*m_tile + lane] -> bias, relu, 2x2 max pool by flags
 *   -> w x w pixels, w = m (m/2 when pooled), of 16 lanes at dst[y*dst_row + (t*w + x)*16 + lane]
 * With NONET_STREAM dst and dst_row are multiples of a cache line, and arch/stores.h says what makes it seen by other threads. */
typedef void nonet_wino_out_fn(const float *m_, size_t m_xi, size_t m_tile, const float *bias, float *dst, size_t dst_row,
                               int tiles, unsigned flags);
/* Both fetch what a tile of the run, a few tiles on, will read or write.
 * One short tile, by flags (NONET_SHORT_W, NONET_SHORT_H or both): in that direction 4 pixels are read, 2 outputs (1 when pooled)
 * written, and the points 0, 1, 2 and 5 are all that v and m_ have. */
typedef void nonet_wino_in_short_fn(const float *d, size_t d_row, float *v, size_t v_xi, unsigned flags);
typedef void nonet_wino_out_short_fn(const float *m_, size_t m_xi, const float *bias, float *dst, size_t dst_row, unsigned flags);

/* 2x2 stride-2 max pool of two rows of 16-lane pixels: with j = min(2i+1, w-1) and m(a,b) = a > b ? a : b
 *   dst[i] = m(m(r0[2i], r0[j]), m(r1[2i], r1[j])), i < ow */
typedef void nonet_maxpool_fn(const float *r0, const float *r1, float *dst, int w, int ow);

/* LRN over a run of pixels of a blocked tensor (see nonet_lrn). quarters = 4*beta: 2, 3 or 4. */
typedef struct nonet_lrn_args {
    const float *src;
    float *dst;
    size_t cblock;              /* floats between channel blocks */
    size_t pixels;
    int cblocks, size, quarters;
    float alpha, k;
} nonet_lrn_args;
typedef void nonet_lrn_fn(const nonet_lrn_args *args);

/* Soft-max of one row; src may be dst. */
typedef void nonet_softmax_fn(const float *src, float *dst, int classes);

/* ---- The table ---------------------------------------------------------------------------------------------- */

typedef enum nonet_family {
    NONET_K_DIRECT3X3_S1, NONET_K_DIRECT3X3_S2, NONET_K_DIRECT3X3_IC_S1, NONET_K_DIRECT3X3_IC_S2,
    NONET_K_CONV1X1, NONET_K_CONVRS, NONET_K_FC_VECTOR, NONET_K_FC_VECTOR_BF16, NONET_K_FC_MATRIX,
    NONET_K_WINO_GEMM,
    NONET_K_WINO_FILTER_F2, NONET_K_WINO_IN_F2, NONET_K_WINO_OUT_F2,
    NONET_K_WINO_FILTER_F4, NONET_K_WINO_IN_F4, NONET_K_WINO_OUT_F4,
    NONET_K_WINO_IN_F4_SHORT, NONET_K_WINO_OUT_F4_SHORT,
    NONET_K_WINO_FILTER_F6, NONET_K_WINO_IN_F6, NONET_K_WINO_OUT_F6,
    NONET_K_MAXPOOL, NONET_K_LRN, NONET_K_SOFTMAX,
    NONET_K_COUNT
} nonet_family;

typedef union nonet_kernel_fn {
    nonet_direct_fn *direct;            /* DIRECT3X3_*, CONV1X1, CONVRS, FC_MATRIX (pixels are images) */
    nonet_fc_vector_fn *fc_vector;
    nonet_fc_vector_bf16_fn *fc_vector_bf16;
    nonet_wino_gemm_fn *wino_gemm;
    nonet_wino_filter_fn *wino_filter;
    nonet_wino_in_fn *wino_in;
    nonet_wino_in_short_fn *wino_in_short;
    nonet_wino_out_fn *wino_out;
    nonet_wino_out_short_fn *wino_out_short;
    nonet_maxpool_fn *maxpool;
    nonet_lrn_fn *lrn;
    nonet_softmax_fn *softmax;
} nonet_kernel_fn;

typedef struct nonet_kernel {
    nonet_family family;
    nonet_isa isa;
    const char *name;           /* the symbol */
    int mr, nr;                 /* pixels or tiles, and output channels, of one call at most; 0 where it means nothing */
    double bound;               /* 0: results are exact; 1: within the roundings that docs/NUMERICS.md counts */
    nonet_kernel_fn fn;
} nonet_kernel;

/* Every kernel of this build, in the order of kernels.def. */
extern const nonet_kernel nonet_kernels[];
extern const int nonet_kernel_count;
/* The kernel of a family for an instruction set (never AUTO); every family has one in every set of this build. */
const nonet_kernel *nonet_kernel_find(nonet_family family, nonet_isa isa);
const char *nonet_family_name(nonet_family family);

#endif
