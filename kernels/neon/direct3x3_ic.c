/* direct3x3_ic.c - direct convolution of 1..4 planar input channels, NEON: up to 6 pixels of a row x 16 output channels.
 * See kernels/kernels.h. With stride 1 the pixels of a tap are neighbours: two loads bring them in as lanes, not six. */
#include "block.h"

nonet_direct_fn nonet_direct3x3_ic_s1_f32_6x16_neon, nonet_direct3x3_ic_s2_f32_6x16_neon;

/* m neighbours, in x[0] the first 4, 2 or 1, in x[1] the other 2, 1 or none. */
#define FIRST(m) ((m) >= 4 ? 4 : (m) >= 2 ? 2 : 1)
#define OTHERS(m) ((m) - FIRST(m))

BLOCK_INLINE void load_first(block *b, const float *x, int m)
{
    if (FIRST(m) == 4)
        BLOCK_LOAD_Q(b->x[0], x, 0);
    else if (FIRST(m) == 2)
        BLOCK_LOAD_D(b->x[0], x, 0);
    else
        BLOCK_LOAD_S(b->x[0], x, 0);
}

BLOCK_INLINE void load_others(block *b, const float *x, int m)
{
    if (OTHERS(m) == 2)
        BLOCK_LOAD_D(b->x[1], x, FIRST(m));
    else if (OTHERS(m) == 1)
        BLOCK_LOAD_S(b->x[1], x, FIRST(m));
}

/* One term of every chain, as BLOCK_TERM, with all four vectors of w in registers of their own; then x and w of the next. */
BLOCK_INLINE void term_s1(block *b, const float *xnext, const float *wnext, int m)
{
    BLOCK_UNROLL
    for (int j = 0; j < BLOCK_NQ; j++) {
        BLOCK_UNROLL
        for (int p = 0; p < m; p++) {
            BLOCK_FMA(b->sum[p][j], b->w[j], b->x[p >= FIRST(m)], p % FIRST(m));
            if (j == BLOCK_NQ - 1 && p == FIRST(m) - 1)
                load_first(b, xnext, m);
        }
        BLOCK_LOAD_Q(b->w[j], wnext, j * BLOCK_Q);
    }
    load_others(b, xnext, m);
}

BLOCK_INLINE void sum_s1(block *b, const nonet_direct_args *a, int m)
{
    const float *x = a->x + a->tap[0], *w = a->w;

    load_first(b, x, m);
    load_others(b, x, m);
    BLOCK_UNROLL
    for (int j = 0; j < BLOCK_NQ; j++) {
        BLOCK_LOAD_Q(b->w[j], w, j * BLOCK_Q);
        BLOCK_UNROLL
        for (int p = 0; p < m; p++)
            b->sum[p][j] = vdupq_n_f32(0);
    }
    for (int t = 1; t < a->taps; t++) {
        x = a->x + a->tap[t];
        w += NONET_L;
        term_s1(b, x, w, m);
    }
    term_s1(b, x, w, m);                        /* nothing follows: it loads what it has read */
}

BLOCK_INLINE void sum_s2(block *b, const nonet_direct_args *a, int m)
{
    const float *x = a->x + a->tap[0], *w = a->w;

    BLOCK_START(b, BLOCK_LOAD_S, x, 2, w, m)
    for (int t = 1; t < a->taps; t++) {
        x = a->x + a->tap[t];
        BLOCK_TERM(b, 0, 1, BLOCK_LOAD_S, 0, BLOCK_NQ, w, w + NONET_L, x, 2, m)
        w += NONET_L;
    }
    BLOCK_TERM(b, 0, 1, BLOCK_LOAD_S, 0, BLOCK_NQ, w, w, x, 2, m)
}

BLOCK_INLINE void direct_ic(const nonet_direct_args *a, int stride, int m)
{
    block b;

    if (stride == 1)
        sum_s1(&b, a, m);
    else
        sum_s2(&b, a, m);
    block_bias(&b, a->bias, a->flags, m);
    block_store(&b, a->out, a->out_pixel, m);
}

void nonet_direct3x3_ic_s1_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 1, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}

void nonet_direct3x3_ic_s2_f32_6x16_neon(const nonet_direct_args *a)
{
#define BODY(m) direct_ic(a, 2, m)
    BLOCK_DISPATCH(BODY, a->m)
#undef BODY
}
