/* wino_f2.c - the transforms of Winograd F(2x2,3x3): points 0, 1, -1, infinity.
 *
 *   B^T = 1  0 -1  0     G = 1    0    0      A^T = 1  1  1  0
 *         0  1  1  0         1/2  1/2  1/2          0  1 -1 -1
 *         0 -1  1  0         1/2 -1/2  1/2
 *         0  1  0 -1         0    0    1
 *
 * Each is applied down the columns first, then along the rows, in the operations written here: docs/NUMERICS.md. */
#include "arch/vec.h"
#include "kernels/kernels.h"
#include "kernels/tmpl/run.h"

nonet_wino_filter_fn VSUFFIX(nonet_wino_filter_f2_f32);
nonet_wino_in_fn VSUFFIX(nonet_wino_in_f2_f32);
nonet_wino_out_fn VSUFFIX(nonet_wino_out_f2_f32);

enum { M = 2, A = 4 };

/* ---- filter ---- */

VINLINE void filter_line(vf g0, vf g1, vf g2, vf u[A])
{
    const vf half = vf_set1(0.5f);
    vf even = vf_mul(half, vf_add(g0, g2));

    u[0] = g0;
    u[1] = vf_fma(half, g1, even);
    u[2] = vf_fnma(half, g1, even);
    u[3] = g2;
}

VINLINE void filter_store(const vf t[3], float *u, size_t u_xi)
{
    vf row[A];

    filter_line(t[0], t[1], t[2], row);
    for (int j = 0; j < A; j++)
        vf_store(u + (size_t)j * u_xi, row[j]);
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
    for (int i = 0; i < A; i++)
        filter_store(t[i], u + (size_t)(i * A) * u_xi, u_xi);
}

void VSUFFIX(nonet_wino_filter_f2_f32)(const float *g, float *u, size_t u_xi)
{
    for (int l = 0; l < NONET_L; l += VL)
        filter(g + l, u + l, u_xi);
}

/* ---- input ---- */

VINLINE void in_store(const vf t[A], float *v, size_t v_xi)
{
    vf_store(v, vf_sub(t[0], t[2]));
    vf_store(v + v_xi, vf_add(t[1], t[2]));
    vf_store(v + 2 * v_xi, vf_sub(t[2], t[1]));
    vf_store(v + 3 * v_xi, vf_sub(t[1], t[3]));
}

/* Row by row, reading a pixel more than once: nothing is spilled where there are 16 registers. */
VINLINE void in(const float *d, size_t d_row, float *v, size_t v_xi)
{
    vf top[A], plus[A], minus[A], bottom[A];

    for (int x = 0; x < A; x++)
        top[x] = vf_sub(vf_load(d + x * NONET_L), vf_load(d + 2 * d_row + x * NONET_L));
    in_store(top, v, v_xi);
    for (int x = 0; x < A; x++) {
        vf d1 = vf_load(d + d_row + x * NONET_L), d2 = vf_load(d + 2 * d_row + x * NONET_L);
        plus[x] = vf_add(d1, d2);
        minus[x] = vf_sub(d2, d1);
    }
    in_store(plus, v + 4 * v_xi, v_xi);
    in_store(minus, v + 8 * v_xi, v_xi);
    for (int x = 0; x < A; x++)
        bottom[x] = vf_sub(vf_load(d + d_row + x * NONET_L), vf_load(d + 3 * d_row + x * NONET_L));
    in_store(bottom, v + 12 * v_xi, v_xi);
}

void VSUFFIX(nonet_wino_in_f2_f32)(const float *d, size_t d_row, float *v, size_t v_xi, int tiles)
{
    in_run(in, M, d, d_row, v, v_xi, tiles);
}

/* ---- output ---- */

VINLINE void out_line(vf m0, vf m1, vf m2, vf m3, vf y[M])
{
    y[0] = vf_add(m0, vf_add(m1, m2));
    y[1] = vf_sub(vf_sub(m1, m2), m3);
}

VINLINE void out_row(const vf t[A], vf bias, vf floor, vf y[M])
{
    out_line(t[0], t[1], t[2], t[3], y);
    for (int x = 0; x < M; x++)
        y[x] = vf_max(floor, vf_add(y[x], bias));
}

VINLINE void out(const float *m, size_t m_xi, vf bias, vf floor, float *dst, size_t dst_row, out_kind kind)
{
    vf t[M][A], y[M][M];

    for (int x = 0; x < A; x++) {
        const float *p = m + (size_t)x * m_xi;
        vf column[M];
        out_line(vf_load(p), vf_load(p + 4 * m_xi), vf_load(p + 8 * m_xi), vf_load(p + 12 * m_xi), column);
        t[0][x] = column[0];
        t[1][x] = column[1];
    }
    out_row(t[0], bias, floor, y[0]);
    out_row(t[1], bias, floor, y[1]);
    if (kind == OUT_POOL) {
        vf_store(dst, vf_max(vf_max(y[0][0], y[0][1]), vf_max(y[1][0], y[1][1])));
        return;
    }
    for (int i = 0; i < M; i++)
        for (int x = 0; x < M; x++)
            out_pixel(dst + (size_t)i * dst_row + x * NONET_L, y[i][x], kind);
}

void VSUFFIX(nonet_wino_out_f2_f32)(const float *m_, size_t m_xi, size_t m_tile, const float *bias, float *dst, size_t dst_row,
                                    int tiles, unsigned flags)
{
    out_run(out, M, m_, m_xi, m_tile, bias, dst, dst_row, tiles, flags);
}
