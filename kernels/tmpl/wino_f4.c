/* wino_f4.c - the transforms of Winograd F(4x4,3x3): points 0, a, -a, b, -b, infinity with a = 3/4, b = 3/2.
 * Every constant of B and A is a small dyadic fraction, so exact; N below is rounded in the filter alone.
 *
 *   B^T = a2 b2  0      -(a2+b2)   0        1  0      G = 1  0  0   / N0     N0 = a2 b2            = 81/64
 *         0     -a b2   -b2        a        1  0          1  a  a2  / Na     Na = 2 a2 (a2 - b2)   = -243/128
 *         0      a b2   -b2       -a        1  0          1 -a  a2  / Na
 *         0     -b a2   -a2        b        1  0          1  b  b2  / Nb     Nb = 2 b2 (b2 - a2)   = 243/32
 *         0      b a2   -a2       -b        1  0          1 -b  b2  / Nb
 *         0      a2 b2   0     -(a2+b2)     0  1          0  0  1
 *
 *   A^T = 1  1   1   1   1   0
 *         0  a  -a   b  -b   0
 *         0  a2  a2  b2  b2  0
 *         0  a3 -a3  b3 -b3  1
 *
 * Each is applied down the columns first, then along the rows, in the operations written here: docs/NUMERICS.md. */
#include "arch/vec.h"
#include "kernels/kernels.h"
#include "kernels/tmpl/address.h"
#include "kernels/tmpl/run.h"
#include "kernels/tmpl/wino_f4.h"

nonet_wino_filter_fn VSUFFIX(nonet_wino_filter_f4_f32);
nonet_wino_in_fn VSUFFIX(nonet_wino_in_f4_f32);
nonet_wino_out_fn VSUFFIX(nonet_wino_out_f4_f32);

/* ---- filter ---- */

/* Without the division by N. */
VINLINE void filter_line(vf g0, vf g1, vf g2, vf u[A])
{
    vf even_a = vf_fma(vf_set1(PA * PA), g2, g0), even_b = vf_fma(vf_set1(PB * PB), g2, g0);

    u[0] = g0;
    u[1] = vf_fma(vf_set1(PA), g1, even_a);
    u[2] = vf_fnma(vf_set1(PA), g1, even_a);
    u[3] = vf_fma(vf_set1(PB), g1, even_b);
    u[4] = vf_fnma(vf_set1(PB), g1, even_b);
    u[5] = g2;
}

/* Row i of the points: the last step divides by N_i N_j, as one product with a constant that is rounded once. */
VINLINE void filter_store(const vf t[3], double n, float *u, size_t u_xi)
{
    static const double scale[A] = { 64.0 / 81, -128.0 / 243, -128.0 / 243, 32.0 / 243, 32.0 / 243, 1.0 };
    vf row[A];

    filter_line(t[0], t[1], t[2], row);
    for (int j = 0; j < A; j++)
        vf_store(u + (size_t)j * u_xi, vf_mul(vf_set1((float)(n * scale[j])), row[j]));
}

VINLINE void filter(const float *g, float *u, size_t u_xi)
{
    vf t[A][3];

    for (int x = 0; x < 3; x++) {
        vf column[A];
        filter_line(vf_load(g + x * NONET_L), vf_load(g + (3 + x) * NONET_L), vf_load(g + (6 + x) * NONET_L), column);
        for (int i = 0; i < A; i++)
            t[i][x] = column[i];
    }
    filter_store(t[0], 64.0 / 81, u, u_xi);
    filter_store(t[1], -128.0 / 243, u + 6 * u_xi, u_xi);
    filter_store(t[2], -128.0 / 243, u + 12 * u_xi, u_xi);
    filter_store(t[3], 32.0 / 243, u + 18 * u_xi, u_xi);
    filter_store(t[4], 32.0 / 243, u + 24 * u_xi, u_xi);
    filter_store(t[5], 1.0, u + 30 * u_xi, u_xi);
}

void VSUFFIX(nonet_wino_filter_f4_f32)(const float *g, float *u, size_t u_xi)
{
    for (int l = 0; l < NONET_L; l += VL)
        filter(g + l, u + l, u_xi);
}

/* ---- input ---- */

VINLINE void in_store(const vf t[A], float *v, size_t v_xi)
{
    vf plus, minus;

    v = to(v);
    vf_store(v, in_end(t[0], t[2], t[4]));
    in_pair(t[1], t[2], t[3], t[4], PA, PB * PB, &plus, &minus);
    vf_store(v + v_xi, plus);
    vf_store(v + 2 * v_xi, minus);
    in_pair(t[1], t[2], t[3], t[4], PB, PA * PA, &plus, &minus);
    vf_store(v + 3 * v_xi, plus);
    vf_store(v + 4 * v_xi, minus);
    vf_store(v + 5 * v_xi, in_end(t[1], t[3], t[5]));
}

VINLINE void in_end_row(const float *d, size_t d_row, float *v, size_t v_xi)
{
    vf t[A];

    d = from(d);
    for (int x = 0; x < A; x++, d += NONET_L)
        t[x] = in_end(vf_load(d), vf_load(d + 2 * d_row), vf_load(d + 4 * d_row));
    in_store(t, v, v_xi);
}

VINLINE void in_pair_rows(const float *d, size_t d_row, float p, float other, float *v, size_t v_xi)
{
    vf plus[A], minus[A];

    d = from(d);
    for (int x = 0; x < A; x++, d += NONET_L)
        in_pair(vf_load(d + d_row), vf_load(d + 2 * d_row), vf_load(d + 3 * d_row), vf_load(d + 4 * d_row), p, other, &plus[x],
                &minus[x]);
    in_store(plus, v, v_xi);
    in_store(minus, v + 6 * v_xi, v_xi);
}

/* A row or a pair of rows at a time, reading a pixel up to four times: loads are cheap, and the 36 values that a pass over all
 * columns would leave do not fit the registers of any set. Each VL lanes fetch their share of the pixels at next, a few at a time:
 * all at once would hold the buffers that the stores need. */
VINLINE void in(const float *d, size_t d_row, float *v, size_t v_xi, const float *next)
{
    enum { SHARE = M * VL / NONET_L };

    fetch_to_read(next, d_row, 1, SHARE);
    in_end_row(d, d_row, v, v_xi);
    fetch_to_read(next + d_row, d_row, 2, SHARE);
    in_pair_rows(d, d_row, PA, PB * PB, v + 6 * v_xi, v_xi);
    fetch_to_read(next + 3 * d_row, d_row, 2, SHARE);
    in_pair_rows(d, d_row, PB, PA * PA, v + 18 * v_xi, v_xi);
    fetch_to_read(next + 5 * d_row, d_row, 1, SHARE);
    in_end_row(d + d_row, d_row, v + 30 * v_xi, v_xi);
}

void VSUFFIX(nonet_wino_in_f4_f32)(const float *d, size_t d_row, float *v, size_t v_xi, int tiles)
{
    for (int t = 0; t < tiles; t++, d += M * NONET_L, v += NONET_SUM)
        for (int l = 0; l < NONET_L; l += VL)
            in(d + l, d_row, v + l, v_xi, next_read(d, M, tiles - t) + l * M);
}

/* ---- output ---- */

VINLINE void out_row(const vf t[A], vf bias, vf floor, vf y[M])
{
    out_even(t[0], t[1], t[2], t[3], t[4], &y[0], &y[2]);
    out_odd(t[1], t[2], t[3], t[4], t[5], &y[1], &y[3]);
    for (int x = 0; x < M; x++)
        y[x] = vf_max(floor, vf_add(y[x], bias));
}

/* Writes a row of the tile, or keeps the larger of each pair of its pixels for the pool. */
VINLINE void out_keep(const vf y[M], float *dst, out_kind kind, vf kept[2])
{
    if (kind == OUT_POOL) {
        kept[0] = vf_max(y[0], y[1]);
        kept[1] = vf_max(y[2], y[3]);
        return;
    }
    for (int x = 0; x < M; x++)
        out_pixel(dst + x * NONET_L, y[x], kind);
}

/* Rows 0 and 2, then rows 1 and 3: twelve values between the passes, not twenty-four. */
VINLINE void out(const float *m, size_t m_xi, vf bias, vf floor, float *dst, size_t dst_row, out_kind kind)
{
    vf t[2][A], y[M], kept[M][2];

    for (int x = 0; x < A; x++) {
        const float *p = from(m + (size_t)x * m_xi);
        out_even(vf_load(p), vf_load(p + 6 * m_xi), vf_load(p + 12 * m_xi), vf_load(p + 18 * m_xi), vf_load(p + 24 * m_xi),
                 &t[0][x], &t[1][x]);
    }
    out_row(t[0], bias, floor, y);
    out_keep(y, dst, kind, kept[0]);
    out_row(t[1], bias, floor, y);
    out_keep(y, dst + 2 * dst_row, kind, kept[2]);
    for (int x = 0; x < A; x++) {
        const float *p = from(m + (size_t)x * m_xi);
        out_odd(vf_load(p + 6 * m_xi), vf_load(p + 12 * m_xi), vf_load(p + 18 * m_xi), vf_load(p + 24 * m_xi),
                vf_load(p + 30 * m_xi), &t[0][x], &t[1][x]);
    }
    out_row(t[0], bias, floor, y);
    out_keep(y, dst + dst_row, kind, kept[1]);
    out_row(t[1], bias, floor, y);
    out_keep(y, dst + 3 * dst_row, kind, kept[3]);
    if (kind == OUT_POOL)
        for (int i = 0; i < 2; i++)
            for (int x = 0; x < 2; x++)
                vf_store(dst + (size_t)i * dst_row + x * NONET_L, vf_max(kept[2 * i][x], kept[2 * i + 1][x]));
}

void VSUFFIX(nonet_wino_out_f4_f32)(const float *m_, size_t m_xi, size_t m_tile, const float *bias, float *dst, size_t dst_row,
                                    int tiles, unsigned flags)
{
    out_run(out, M, m_, m_xi, m_tile, bias, dst, dst_row, tiles, flags);
}
