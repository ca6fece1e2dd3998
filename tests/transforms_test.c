/* transforms_test.c - Winograd: the literal matrices against plain convolution, the transforms against the matrices. */
#include <math.h>
#include <string.h>
#include "reference/reference.h"
#include "tests/support.h"

enum { L = NONET_L, POINTS = REFERENCE_POINTS };

static void random_doubles(sweep_random *random, double *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = (double)sweep_uniform(random);
}

/* In exact arithmetic F(m) is the convolution itself; in double it is so to the last few bits. */
START_TEST(matrices_convolve)
{
    int m = 2 * _i + 2, a = m + 2;
    reference_winograd wino;
    sweep_random random = { support_seed() };

    sweep_winograd_matrices(&wino, m);
    for (int trial = 0; trial < 100; trial++) {
        double d[POINTS], g[9], u[POINTS], v[POINTS], y[POINTS];

        random_doubles(&random, d, a * a);
        random_doubles(&random, g, 9);
        reference_winograd_filter(&wino, g, u);
        reference_winograd_input(&wino, d, v);
        for (int i = 0; i < a * a; i++)
            u[i] *= v[i];
        reference_winograd_output(&wino, u, y);
        for (int i = 0; i < m * m; i++) {
            double direct = 0;

            for (int j = 0; j < 9; j++)
                direct += g[j] * d[(i / m + j / 3) * a + i % m + j % 3];
            ck_assert_double_eq_tol(y[i], direct, m == 6 ? 1e-12 : 1e-13);
        }
    }
}
END_TEST

/* The matrices as docs/NUMERICS.md prints them. */
START_TEST(matrices_are_literal)
{
    static const double bt2[4][4] = { { 1, 0, -1, 0 }, { 0, 1, 1, 0 }, { 0, -1, 1, 0 }, { 0, 1, 0, -1 } };
    static const double g2[4][3] = { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, -0.5, 0.5 }, { 0, 0, 1 } };
    static const double at2[2][4] = { { 1, 1, 1, 0 }, { 0, 1, -1, -1 } };
    static const double bt4_row1[6] = { 0, -27. / 16, -9. / 4, 3. / 4, 1, 0 };
    reference_winograd f2, f4;

    sweep_winograd_matrices(&f2, 2);
    sweep_winograd_matrices(&f4, 4);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++)
            ck_assert_double_eq(f2.bt[i][j], bt2[i][j]);
        for (int j = 0; j < 3; j++)
            ck_assert_double_eq(f2.g[i][j], g2[i][j]);
        for (int j = 0; j < 2; j++)
            ck_assert_double_eq(f2.at[j][i], at2[j][i]);
    }
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(f4.bt[1][i], bt4_row1[i]);
    ck_assert_double_eq_tol(f4.g[0][0], 64. / 81, 1e-16);
    ck_assert_double_eq_tol(f4.g[1][1], -0.75 * 128 / 243, 1e-16);
    ck_assert_double_eq_tol(f4.g[3][2], 2.25 * 32 / 243, 1e-16);
    ck_assert_double_eq(f4.at[3][1], 27. / 64);
}
END_TEST

START_TEST(matrices_of_f6_are_literal)
{
    static const double bt[8][8] = {
        { -1, 0, 21. / 4, 0, -21. / 4, 0, 1, 0 },       { 0, 2, 4, -5. / 2, -5, 1. / 2, 1, 0 },
        { 0, -2, 4, 5. / 2, -5, -1. / 2, 1, 0 },        { 0, 1, 1, -17. / 4, -17. / 4, 1, 1, 0 },
        { 0, -1, 1, 17. / 4, -17. / 4, -1, 1, 0 },      { 0, 1. / 2, 1. / 4, -5. / 2, -5. / 4, 2, 1, 0 },
        { 0, -1. / 2, 1. / 4, 5. / 2, -5. / 4, -2, 1, 0 }, { 0, -1, 0, 21. / 4, 0, -21. / 4, 0, 1 },
    };
    static const double point[7] = { 0, 0.5, -0.5, 1, -1, 2, -2 }, n[7] = { -1, 45. / 32, 45. / 32, -9. / 2, -9. / 2, 90, 90 };
    reference_winograd f6;

    sweep_winograd_matrices(&f6, 6);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            ck_assert_double_eq(f6.bt[i][j], bt[i][j]);
    for (int j = 0; j < 7; j++) {
        for (int i = 0; i < 3; i++)
            ck_assert_double_eq_tol(f6.g[j][i], pow(point[j], i) / n[j], 1e-16);
        for (int i = 0; i < 6; i++)
            ck_assert_double_eq(f6.at[i][j], pow(point[j], i));
    }
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(f6.at[i][7], i == 5);
}
END_TEST

/* A single 1 among zeros walks over every pixel: what comes out is a column of the matrices, rounded at most twice. */
static void impulse_in(const nonet_kernel *kernel, const reference_winograd *wino)
{
    int a = wino->a;
    float d[POINTS * L], v[POINTS * L];

    for (int at = 0; at < a * a; at++) {
        double plain[POINTS] = { 0 }, exact[POINTS];

        memset(d, 0, sizeof d);
        for (int lane = 0; lane < L; lane++)
            d[at * L + lane] = 1;
        plain[at] = 1;
        reference_winograd_input(wino, plain, exact);
        kernel->fn.wino_in(d, (size_t)a * L, v, L);
        for (int i = 0; i < a * a * L; i++)
            support_need((double)v[i] == exact[i / L], "%s: pixel %d gives %g at point %d, not %g", kernel->name, at,
                         (double)v[i], i / L, exact[i / L]);
    }
}

static void impulse_out(const nonet_kernel *kernel, const reference_winograd *wino)
{
    int a = wino->a, m = wino->m;
    float p[POINTS * L], y[POINTS * L], bias[L] = { 0 };

    for (int at = 0; at < a * a; at++) {
        double plain[POINTS] = { 0 }, exact[POINTS];

        memset(p, 0, sizeof p);
        for (int lane = 0; lane < L; lane++)
            p[at * L + lane] = 1;
        plain[at] = 1;
        reference_winograd_output(wino, plain, exact);
        kernel->fn.wino_out(p, L, bias, y, (size_t)m * L, 0);
        for (int i = 0; i < m * m * L; i++)
            support_need((double)y[i] == exact[i / L], "%s: point %d gives %g at pixel %d, not %g", kernel->name, at,
                         (double)y[i], i / L, exact[i / L]);
    }
}

static void impulse_filter(const nonet_kernel *kernel, const reference_winograd *wino)
{
    int a = wino->a;
    float g[9 * L], u[POINTS * L];

    for (int at = 0; at < 9; at++) {
        double plain[9] = { 0 }, exact[POINTS];

        memset(g, 0, sizeof g);
        for (int lane = 0; lane < L; lane++)
            g[at * L + lane] = 1;
        plain[at] = 1;
        reference_winograd_filter(wino, plain, exact);
        kernel->fn.wino_filter(g, u, L);
        for (int i = 0; i < a * a * L; i++)
            support_need(fabs((double)u[i] - exact[i / L]) <= 4 * SWEEP_EPS * fabs(exact[i / L]),
                          "%s: weight %d gives %.9g at point %d, not %.9g", kernel->name, at, (double)u[i], i / L, exact[i / L]);
    }
}

START_TEST(impulses)
{
    const nonet_kernel *kernel = &nonet_kernels[_i];
    reference_winograd wino;

    if (!nonet_isa_supported(kernel->isa) || kernel->family < NONET_K_WINO_FILTER_F2 || kernel->family > NONET_K_WINO_OUT_F6)
        return;
    sweep_winograd_matrices(&wino, sweep_winograd_family_side(kernel->family));
    switch (kernel->family) {
    case NONET_K_WINO_IN_F2:
    case NONET_K_WINO_IN_F4:
    case NONET_K_WINO_IN_F6:
        impulse_in(kernel, &wino);
        break;
    case NONET_K_WINO_OUT_F2:
    case NONET_K_WINO_OUT_F4:
    case NONET_K_WINO_OUT_F6:
        impulse_out(kernel, &wino);
        break;
    default:
        impulse_filter(kernel, &wino);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transforms");
    TCase *tcase = tcase_create("winograd");

    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, matrices_convolve, 0, 3);
    tcase_add_test(tcase, matrices_of_f6_are_literal);
    tcase_add_test(tcase, matrices_are_literal);
    tcase_add_loop_test(tcase, impulses, 0, nonet_kernel_count);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
