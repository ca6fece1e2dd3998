/* wino_f4_short.c - tiles of Winograd F(4x4,3x3) at an edge where one or two outputs are left: 2 outputs of 4 pixels in that
 * direction, F(2,3) in the points 0, a, -a, infinity. They are points of F(4), whose transformed filters serve as they are: what
 * their N is too large for F(2) stands in B. A tile that is short in both directions takes 16 of the 36 products, in one 24.
 *
 *   B^T = a2 b2       0           -b2      0      point 0        A^T = 1  1   1  0
 *         0        a(a2 - b2)   a2 - b2    0            a              0  a  -a  1
 *         0       -a(a2 - b2)   a2 - b2    0           -a
 *         0          -a2           0       1            infinity    in the places of F(4)'s points: 0, 1, 2 and 5
 *
 * The other direction is F(4)'s; columns first, as there: docs/NUMERICS.md. */
#include "arch/vec.h"
#include "kernels/kernels.h"
#include "kernels/tmpl/wino_f4.h"

nonet_wino_in_short_fn VSUFFIX(nonet_wino_in_f4_short_f32);
nonet_wino_out_short_fn VSUFFIX(nonet_wino_out_f4_short_f32);

enum { SHORT_M = 2, SHORT_A = 4 };

/* Whether a line has point i. */
VINLINE int has(int is_short, int i)
{
    return !is_short || i <= 2 || i == A - 1;
}

/* ---- input ---- */

VINLINE void in_line(const vf d[A], int is_short, vf v[A])
{
    if (is_short) {
        vf even = vf_mul(vf_set1(PA * PA - PB * PB), d[2]);
        v[0] = vf_fnma(vf_set1(PB * PB), d[2], vf_mul(vf_set1(PA * PA * PB * PB), d[0]));
        v[1] = vf_fma(vf_set1(PA * (PA * PA - PB * PB)), d[1], even);
        v[2] = vf_fnma(vf_set1(PA * (PA * PA - PB * PB)), d[1], even);
        v[5] = vf_fnma(vf_set1(PA * PA), d[1], d[3]);
        return;
    }
    v[0] = in_end(d[0], d[2], d[4]);
    in_pair(d[1], d[2], d[3], d[4], PA, PB * PB, &v[1], &v[2]);
    in_pair(d[1], d[2], d[3], d[4], PB, PA * PA, &v[3], &v[4]);
    v[5] = in_end(d[1], d[3], d[5]);
}

VINLINE void in(const float *d, size_t d_row, float *v, size_t v_xi, int short_h, int short_w)
{
    const int height = short_h ? SHORT_A : A, width = short_w ? SHORT_A : A;
    vf column[A], t[A][A], row[A];

    for (int x = 0; x < width; x++) {
        for (int y = 0; y < height; y++)
            column[y] = vf_load(d + (size_t)y * d_row + (size_t)x * NONET_L);
        in_line(column, short_h, row);
        for (int i = 0; i < A; i++)
            if (has(short_h, i))
                t[i][x] = row[i];
    }
    for (int i = 0; i < A; i++) {
        if (!has(short_h, i))
            continue;
        in_line(t[i], short_w, row);
        for (int j = 0; j < A; j++)
            if (has(short_w, j))
                vf_store(v + (size_t)(i * A + j) * v_xi, row[j]);
    }
}

void VSUFFIX(nonet_wino_in_f4_short_f32)(const float *d, size_t d_row, float *v, size_t v_xi, unsigned flags)
{
    for (int l = 0; l < NONET_L; l += VL)
        if (!(flags & NONET_SHORT_H))
            in(d + l, d_row, v + l, v_xi, 0, 1);
        else if (!(flags & NONET_SHORT_W))
            in(d + l, d_row, v + l, v_xi, 1, 0);
        else
            in(d + l, d_row, v + l, v_xi, 1, 1);
}

/* ---- output ---- */

VINLINE void out_line(const vf m[A], int is_short, vf y[M])
{
    if (is_short) {
        y[0] = vf_add(m[0], vf_add(m[1], m[2]));
        y[1] = vf_fma(vf_set1(PA), vf_sub(m[1], m[2]), m[5]);
        return;
    }
    out_even(m[0], m[1], m[2], m[3], m[4], &y[0], &y[2]);
    out_odd(m[1], m[2], m[3], m[4], m[5], &y[1], &y[3]);
}

VINLINE void out_store(vf y[M][M], float *dst, size_t dst_row, int pool, int height, int width)
{
    for (int i = 0; i < height; i += 1 + pool)
        for (int j = 0; j < width; j += 1 + pool) {
            vf kept = pool ? vf_max(vf_max(y[i][j], y[i][j + 1]), vf_max(y[i + 1][j], y[i + 1][j + 1])) : y[i][j];
            vf_store(dst + (size_t)(i >> pool) * dst_row + (size_t)(j >> pool) * NONET_L, kept);
        }
}

VINLINE void out(const float *m, size_t m_xi, vf bias, vf floor, float *dst, size_t dst_row, int pool, int short_h, int short_w)
{
    const int height = short_h ? SHORT_M : M, width = short_w ? SHORT_M : M;
    vf column[A], line[M], t[M][A], y[M][M];

    for (int j = 0; j < A; j++) {
        if (!has(short_w, j))
            continue;
        for (int i = 0; i < A; i++)
            if (has(short_h, i))
                column[i] = vf_load(m + (size_t)(i * A + j) * m_xi);
        out_line(column, short_h, line);
        for (int i = 0; i < height; i++)
            t[i][j] = line[i];
    }
    for (int i = 0; i < height; i++) {
        out_line(t[i], short_w, y[i]);
        for (int j = 0; j < width; j++)
            y[i][j] = vf_max(floor, vf_add(y[i][j], bias));
    }
    out_store(y, dst, dst_row, pool, height, width);
}

void VSUFFIX(nonet_wino_out_f4_short_f32)(const float *m_, size_t m_xi, const float *bias, float *dst, size_t dst_row,
                                          unsigned flags)
{
    const vf floor = vf_set1(flags & NONET_RELU ? 0.0f : -__builtin_inff());
    const int pool = flags & NONET_POOL ? 1 : 0;

    for (int l = 0; l < NONET_L; l += VL)
        if (!(flags & NONET_SHORT_H))
            out(m_ + l, m_xi, vf_load(bias + l), floor, dst + l, dst_row, pool, 0, 1);
        else if (!(flags & NONET_SHORT_W))
            out(m_ + l, m_xi, vf_load(bias + l), floor, dst + l, dst_row, pool, 1, 0);
        else
            out(m_ + l, m_xi, vf_load(bias + l), floor, dst + l, dst_row, pool, 1, 1);
}
