/* wino_f6.c - the transforms of Winograd F(6x6,3x3): points 0, 1/2, -1/2, 1, -1, 2, -2, infinity.
 * Every constant of B and A is a small dyadic fraction, so exact; N below is rounded in the filter alone.
 *
 *   B^T = -1  0     21/4   0     -21/4  0     1  0      G = 1  0    0    / N0     N0 = -1
 *          0  2     4     -5/2   -5     1/2   1  0          1  1/2  1/4  / Na     Na = 45/32
 *          0 -2     4      5/2   -5    -1/2   1  0          1 -1/2  1/4  / Na
 *          0  1     1    -17/4   -17/4  1     1  0          1  1    1    / Nb     Nb = -9/2
 *          0 -1     1     17/4   -17/4 -1     1  0          1 -1    1    / Nb
 *          0  1/2   1/4   -5/2   -5/4   2     1  0          1  2    4    / Nc     Nc = 90
 *          0 -1/2   1/4    5/2   -5/4  -2     1  0          1 -2    4    / Nc
 *          0 -1     0     21/4    0    -21/4  0  1          0  0    1
 *
 *   A^T = 1  1     1     1  1   1   1  0
 *         0  1/2  -1/2   1 -1   2  -2  0
 *         0  1/4   1/4   1  1   4   4  0
 *         0  1/8  -1/8   1 -1   8  -8  0
 *         0  1/16  1/16  1  1  16  16  0
 *         0  1/32 -1/32  1 -1  32 -32  1
 *
 * Each is applied down the columns first, then along the rows, in the operations written here: docs/NUMERICS.md. */
#include "arch/vec.h"
#include "kernels/kernels.h"
#include "kernels/tmpl/address.h"
#include "kernels/tmpl/run.h"

nonet_wino_filter_fn VSUFFIX(nonet_wino_filter_f6_f32);
nonet_wino_in_fn VSUFFIX(nonet_wino_in_f6_f32);
nonet_wino_out_fn VSUFFIX(nonet_wino_out_f6_f32);

enum { M = 6, A = 8 };

/* ---- filter ---- */

VINLINE void filter_pair(vf g0, vf g1, vf g2, float p, vf *plus, vf *minus)
{
    vf even = vf_fma(vf_set1(p * p), g2, g0);

    *plus = vf_fma(vf_set1(p), g1, even);
    *minus = vf_fnma(vf_set1(p), g1, even);
}

/* Without the division by N. */
VINLINE void filter_line(vf g0, vf g1, vf g2, vf u[A])
{
    u[0] = g0;
    filter_pair(g0, g1, g2, 0.5f, &u[1], &u[2]);
    filter_pair(g0, g1, g2, 1.0f, &u[3], &u[4]);
    filter_pair(g0, g1, g2, 2.0f, &u[5], &u[6]);
    u[7] = g2;
}

/* Row i of the points: the last step divides by N_i N_j, as one product with a constant that is rounded once. */
VINLINE void filter_store(const vf t[3], double n, float *u, size_t u_xi)
{
    static const double scale[A] = { -1.0, 32.0 / 45, 32.0 / 45, -2.0 / 9, -2.0 / 9, 1.0 / 90, 1.0 / 90, 1.0 };
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
    filter_store(t[0], -1.0, u, u_xi);
    filter_store(t[1], 32.0 / 45, u + 8 * u_xi, u_xi);
    filter_store(t[2], 32.0 / 45, u + 16 * u_xi, u_xi);
    filter_store(t[3], -2.0 / 9, u + 24 * u_xi, u_xi);
    filter_store(t[4], -2.0 / 9, u + 32 * u_xi, u_xi);
    filter_store(t[5], 1.0 / 90, u + 40 * u_xi, u_xi);
    filter_store(t[6], 1.0 / 90, u + 48 * u_xi, u_xi);
    filter_store(t[7], 1.0, u + 56 * u_xi, u_xi);
}

void VSUFFIX(nonet_wino_filter_f6_f32)(const float *g, float *u, size_t u_xi)
{
    for (int l = 0; l < NONET_L; l += VL)
        filter(g + l, u + l, u_xi);
}

/* ---- input ---- */

/* The rows of 0 (d0, d2, d4, d6) and of infinity (d1, d3, d5, d7). */
VINLINE vf in_end(vf d0, vf d2, vf d4, vf d6)
{
    return vf_fma(vf_set1(5.25f), vf_sub(d2, d4), vf_sub(d6, d0));
}

/* What the rows of p and -p are made of, where b and c are the other points: d4 - (b2+c2) d2 + b2 c2 d0. */
VINLINE vf in_half(vf d0, vf d2, vf d4, float p)
{
    if (p == 1)
        return vf_add(d0, vf_fnma(vf_set1(4.25f), d2, d4));
    return vf_fma(vf_set1(p < 1 ? 4.0f : 0.25f), d0, vf_fnma(vf_set1(p < 1 ? 5.0f : 1.25f), d2, d4));
}

/* The rows of p and -p. */
VINLINE void in_pair(vf d1, vf d2, vf d3, vf d4, vf d5, vf d6, float p, vf *plus, vf *minus)
{
    vf even = in_half(d2, d4, d6, p), odd = in_half(d1, d3, d5, p);

    *plus = p == 1 ? vf_add(even, odd) : vf_fma(vf_set1(p), odd, even);
    *minus = p == 1 ? vf_sub(even, odd) : vf_fnma(vf_set1(p), odd, even);
}

VINLINE void in_store(const vf t[A], float *v, size_t v_xi)
{
    static const float point[3] = { 0.5f, 1.0f, 2.0f };

    v = to(v);
    vf_store(v, in_end(t[0], t[2], t[4], t[6]));
    for (int i = 0; i < 3; i++) {
        vf plus, minus;
        in_pair(t[1], t[2], t[3], t[4], t[5], t[6], point[i], &plus, &minus);
        vf_store(v + (size_t)(2 * i + 1) * v_xi, plus);
        vf_store(v + (size_t)(2 * i + 2) * v_xi, minus);
    }
    vf_store(v + 7 * v_xi, in_end(t[1], t[3], t[5], t[7]));
}

VINLINE void in_end_row(const float *d, size_t d_row, float *v, size_t v_xi)
{
    vf t[A];

    d = from(d);
    for (int x = 0; x < A; x++, d += NONET_L)
        t[x] = in_end(vf_load(d), vf_load(d + 2 * d_row), vf_load(d + 4 * d_row), vf_load(d + 6 * d_row));
    in_store(t, v, v_xi);
}

VINLINE void in_pair_rows(const float *d, size_t d_row, float p, float *v, size_t v_xi)
{
    vf plus[A], minus[A];

    d = from(d);
    for (int x = 0; x < A; x++, d += NONET_L)
        in_pair(vf_load(d + d_row), vf_load(d + 2 * d_row), vf_load(d + 3 * d_row), vf_load(d + 4 * d_row),
                vf_load(d + 5 * d_row), vf_load(d + 6 * d_row), p, &plus[x], &minus[x]);
    in_store(plus, v, v_xi);
    in_store(minus, v + 8 * v_xi, v_xi);
}

/* A row or a pair of rows at a time, reading a pixel up to four times: loads are cheap, stores are not, and sixteen values
 * between the passes fit 32 registers; where there are 16, the compiler keeps a row of them on the stack. */
VINLINE void in(const float *d, size_t d_row, float *v, size_t v_xi)
{
    in_end_row(d, d_row, v, v_xi);
    in_pair_rows(d, d_row, 0.5f, v + 8 * v_xi, v_xi);
    in_pair_rows(d, d_row, 1.0f, v + 24 * v_xi, v_xi);
    in_pair_rows(d, d_row, 2.0f, v + 40 * v_xi, v_xi);
    in_end_row(d + d_row, d_row, v + 56 * v_xi, v_xi);
}

void VSUFFIX(nonet_wino_in_f6_f32)(const float *d, size_t d_row, float *v, size_t v_xi, int tiles)
{
    in_run(in, M, d, d_row, v, v_xi, tiles);
}

/* ---- output ---- */

/* a * wa + b + c * wc: the three pairs of points, where those of 1 have the weight 1. */
VINLINE vf out_sum(float wa, vf a, vf b, float wc, vf c)
{
    return vf_fma(vf_set1(wc), c, vf_fma(vf_set1(wa), a, b));
}

/* Outputs 0, 2 and 4: the even powers. */
VINLINE void out_even(const vf m[7], vf y[3])
{
    vf a = vf_add(m[1], m[2]), b = vf_add(m[3], m[4]), c = vf_add(m[5], m[6]);

    y[0] = vf_add(m[0], vf_add(b, vf_add(a, c)));
    y[1] = out_sum(0x1p-2f, a, b, 0x1p2f, c);
    y[2] = out_sum(0x1p-4f, a, b, 0x1p4f, c);
}

/* Outputs 1, 3 and 5: the odd powers; m[0] is the second point's. */
VINLINE void out_odd(const vf m[7], vf y[3])
{
    vf a = vf_sub(m[0], m[1]), b = vf_sub(m[2], m[3]), c = vf_sub(m[4], m[5]);

    y[0] = out_sum(0x1p-1f, a, b, 0x1p1f, c);
    y[1] = out_sum(0x1p-3f, a, b, 0x1p3f, c);
    y[2] = out_sum(0x1p-5f, a, vf_add(b, m[6]), 0x1p5f, c);
}

VINLINE void out_row(const vf t[A], vf bias, vf floor, vf y[M])
{
    vf even[3], odd[3];

    out_even(t, even);
    out_odd(t + 1, odd);
    for (int x = 0; x < M; x++)
        y[x] = vf_max(floor, vf_add(x % 2 ? odd[x / 2] : even[x / 2], bias));
}

/* Writes a row of the tile. For the pool: the larger of each pair of its pixels, and with the second row of two the larger of
 * those and what the first has left there, which spares nine registers from the first to the last row. */
VINLINE void out_store(const vf y[M], float *dst, out_kind kind, int second)
{
    for (int x = 0; x < M && kind != OUT_POOL; x++)
        out_pixel(dst + x * NONET_L, y[x], kind);
    for (int x = 0; x < M && kind == OUT_POOL; x += 2) {
        float *at = dst + x / 2 * NONET_L;
        vf most = vf_max(y[x], y[x + 1]);
        vf_store(at, second ? vf_max(vf_load(at), most) : most);
    }
}

/* Rows 0, 2 and 4, or with `second` 1, 3 and 5: `column` makes three outputs of seven points, of which m has the first. */
VINLINE void out_rows(const float *m, size_t m_xi, void column(const vf m[7], vf y[3]), vf bias, vf floor, float *dst,
                      size_t step, out_kind kind, int second)
{
    vf t[3][A], y[M];

    for (int x = 0; x < A; x++) {
        const float *p = from(m + (size_t)x * m_xi);
        vf points[7], three[3];
        for (int i = 0; i < 7; i++)
            points[i] = vf_load(p + (size_t)(8 * i) * m_xi);
        column(points, three);
        for (int i = 0; i < 3; i++)
            t[i][x] = three[i];
    }
    for (int i = 0; i < 3; i++) {
        out_row(t[i], bias, floor, y);
        out_store(y, dst + (size_t)i * step, kind, second);
    }
}

/* The even rows, then the odd ones: twenty-four values between the passes, not forty-eight. */
VINLINE void out(const float *m, size_t m_xi, vf bias, vf floor, float *dst, size_t dst_row, out_kind kind)
{
    int pool = kind == OUT_POOL;
    size_t step = pool ? dst_row : 2 * dst_row;

    out_rows(m, m_xi, out_even, bias, floor, dst, step, kind, 0);
    out_rows(m + 8 * m_xi, m_xi, out_odd, bias, floor, pool ? dst : dst + dst_row, step, kind, 1);
}

void VSUFFIX(nonet_wino_out_f6_f32)(const float *m_, size_t m_xi, size_t m_tile, const float *bias, float *dst, size_t dst_row,
                                    int tiles, unsigned flags)
{
    out_run(out, M, m_, m_xi, m_tile, bias, dst, dst_row, tiles, flags);
}
