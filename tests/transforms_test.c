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

/* m: 2, 4, 6; SHORT: the matrices of F(4) where two outputs of a line are left. */
enum { SHORT = 1 };

static reference_winograd matrices(int m)
{
    reference_winograd wino;

    if (m == SHORT)
        sweep_winograd_short_matrices(&wino);
    else
        sweep_winograd_matrices(&wino, m);
    return wino;
}

/* In exact arithmetic F(m) is the convolution itself; in double it is so to the last few bits. */
START_TEST(matrices_convolve)
{
    static const int sides[][2] = { { 2, 2 }, { 4, 4 }, { 6, 6 }, { 4, SHORT }, { SHORT, 4 }, { SHORT, SHORT } };
    reference_winograd down = matrices(sides[_i][0]), across = matrices(sides[_i][1]);
    int m = across.m, a = across.a;
    sweep_random random = { support_seed() };

    for (int trial = 0; trial < 100; trial++) {
        double d[POINTS], g[9], u[POINTS], v[POINTS], y[POINTS];

        random_doubles(&random, d, down.a * a);
        random_doubles(&random, g, 9);
        reference_winograd_filter(&down, &across, g, u);
        reference_winograd_input(&down, &across, d, v);
        for (int i = 0; i < down.a * a; i++)
            u[i] *= v[i];
        reference_winograd_output(&down, &across, u, y);
        for (int i = 0; i < down.m * m; i++) {
            double direct = 0;

            for (int j = 0; j < 9; j++)
                direct += g[j] * d[(i / m + j / 3) * a + i % m + j % 3];
            ck_assert_double_eq_tol(y[i], direct, m == 6 ? 1e-12 : 1e-13);
        }
    }
}
END_TEST

/* A short tile multiplies with F(4)'s own filters: rows 0, 1, 2 and 5 of G. */
START_TEST(short_tiles_share_the_filters)
{
    static const double bt[4][4] = { { 81. / 64, 0, -9. / 4, 0 }, { 0, -81. / 64, -27. / 16, 0 }, { 0, 81. / 64, -27. / 16, 0 },
                                     { 0, -9. / 16, 0, 1 } };
    static const double at[2][4] = { { 1, 1, 1, 0 }, { 0, 0.75, -0.75, 1 } };
    static const int point[4] = { 0, 1, 2, 5 };
    reference_winograd f4 = matrices(4), last = matrices(SHORT);

    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++)
            ck_assert_double_eq(last.bt[i][j], bt[i][j]);
        for (int j = 0; j < 3; j++)
            ck_assert_double_eq_tol(last.g[i][j], f4.g[point[i]][j], 3e-16);
        for (int j = 0; j < 2; j++)
            ck_assert_double_eq(last.at[j][i], at[j][i]);
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

/* The matrices of a transform's two directions. */
typedef struct sides {
    reference_winograd down, across;
    unsigned flags;
} sides;

/* The place in F(4) of a point of a tile that lacks some. */
static int place_of(const sides *s, int i)
{
    int row = i / s->across.a, column = i % s->across.a, side = s->flags ? 6 : s->across.a;

    row = s->flags & NONET_SHORT_H && row == 3 ? 5 : row;
    column = s->flags & NONET_SHORT_W && column == 3 ? 5 : column;
    return row * side + column;
}

/* A single 1 among zeros walks over every pixel: what comes out is a column of the matrices, rounded at most twice. */
static void impulse_in(const nonet_kernel *kernel, const sides *s)
{
    int width = s->across.a, pixels = s->down.a * width;
    float d[POINTS * L], v[POINTS * L];

    for (int at = 0; at < pixels; at++) {
        double plain[POINTS] = { 0 }, exact[POINTS];

        memset(d, 0, sizeof d);
        for (int lane = 0; lane < L; lane++)
            d[at * L + lane] = 1;
        plain[at] = 1;
        reference_winograd_input(&s->down, &s->across, plain, exact);
        if (s->flags)
            kernel->fn.wino_in_short(d, (size_t)width * L, v, L, s->flags);
        else
            kernel->fn.wino_in(d, (size_t)width * L, v, L, 1);
        for (int i = 0; i < pixels * L; i++) {
            double got = (double)v[place_of(s, i / L) * L + i % L];

            support_need(got == exact[i / L], "%s: pixel %d gives %g at point %d, not %g", kernel->name, at, got, i / L, exact[i / L]);
        }
    }
}

static void impulse_out(const nonet_kernel *kernel, const sides *s)
{
    int width = s->across.m, outs = s->down.m * width;
    float p[POINTS * L], y[POINTS * L], bias[L] = { 0 };

    for (int at = 0; at < s->down.a * s->across.a; at++) {
        double plain[POINTS] = { 0 }, exact[POINTS];

        memset(p, 0, sizeof p);
        for (int lane = 0; lane < L; lane++)
            p[place_of(s, at) * L + lane] = 1;
        plain[at] = 1;
        reference_winograd_output(&s->down, &s->across, plain, exact);
        if (s->flags)
            kernel->fn.wino_out_short(p, L, bias, y, (size_t)width * L, s->flags);
        else
            kernel->fn.wino_out(p, L, 0, bias, y, (size_t)width * L, 1, 0);
        for (int i = 0; i < outs * L; i++)
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
        reference_winograd_filter(wino, wino, plain, exact);
        kernel->fn.wino_filter(g, u, L);
        for (int i = 0; i < a * a * L; i++)
            support_need(fabs((double)u[i] - exact[i / L]) <= 4 * SWEEP_EPS * fabs(exact[i / L]),
                          "%s: weight %d gives %.9g at point %d, not %.9g", kernel->name, at, (double)u[i], i / L, exact[i / L]);
    }
}

START_TEST(impulses)
{
    const nonet_kernel *kernel = &nonet_kernels[_i];

    if (!nonet_isa_supported(kernel->isa) || kernel->family < NONET_K_WINO_FILTER_F2 || kernel->family > NONET_K_WINO_OUT_F6)
        return;
    reference_winograd wino = matrices(sweep_winograd_family_side(kernel->family));
    sides whole = { wino, wino, 0 };
    switch (kernel->family) {
    case NONET_K_WINO_IN_F2:
    case NONET_K_WINO_IN_F4:
    case NONET_K_WINO_IN_F6:
        impulse_in(kernel, &whole);
        break;
    case NONET_K_WINO_OUT_F2:
    case NONET_K_WINO_OUT_F4:
    case NONET_K_WINO_OUT_F6:
        impulse_out(kernel, &whole);
        break;
    case NONET_K_WINO_IN_F4_SHORT:
    case NONET_K_WINO_OUT_F4_SHORT:
        break;
    default:
        impulse_filter(kernel, &wino);
    }
}
END_TEST

START_TEST(impulses_of_short_tiles)
{
    reference_winograd f4 = matrices(4), last = matrices(SHORT);
    sides kinds[] = { { f4, last, NONET_SHORT_W }, { last, f4, NONET_SHORT_H }, { last, last, NONET_SHORT_W | NONET_SHORT_H } };

    for (int isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        for (int kind = 0; nonet_isa_supported((nonet_isa)isa) && kind < 3; kind++) {
            impulse_in(nonet_kernel_find(NONET_K_WINO_IN_F4_SHORT, (nonet_isa)isa), &kinds[kind]);
            impulse_out(nonet_kernel_find(NONET_K_WINO_OUT_F4_SHORT, (nonet_isa)isa), &kinds[kind]);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transforms");
    TCase *tcase = tcase_create("winograd");

    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, matrices_convolve, 0, 6);
    tcase_add_test(tcase, short_tiles_share_the_filters);
    tcase_add_test(tcase, matrices_of_f6_are_literal);
    tcase_add_test(tcase, matrices_are_literal);
    tcase_add_loop_test(tcase, impulses, 0, nonet_kernel_count);
    tcase_add_test(tcase, impulses_of_short_tiles);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
