/* layers_test.c - the stateless layers of nonet.h against the oracle: max pool, average pool, LRN, ReLU, soft-max, reorder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference/reference.h"
#include "tests/support.h"

typedef struct map {
    int n, c, h, w, oh, ow;
    double *x, *exact;          /* NCHW */
    sweep_slot src, dst;        /* NCHW16C */
} map;

static void make(map *m, sweep_random *random, int n, int c, int h, int w, int oh, int ow)
{
    size_t at = 0;

    memset(m, 0, sizeof *m);
    *m = (map){ .n = n, .c = c, .h = h, .w = w, .oh = oh, .ow = ow };
    m->x = calloc((size_t)n * c * h * w, sizeof *m->x);
    m->exact = calloc((size_t)n * c * oh * ow, sizeof *m->exact);
    size_t floats = nonet_tensor_floats(NONET_NCHW16C, n, c, h, w);
    float *src = sweep_place(&m->src, floats, sweep_between(random, 0, 2), 5);
    support_need(m->x && m->exact && src, "no memory");
    support_need(sweep_place(&m->dst, nonet_tensor_floats(NONET_NCHW16C, n, c, oh, ow), sweep_between(random, 0, 2), 3),
                 "no memory");
    memset(src, 0, floats * sizeof *src);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < c; j++)
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    m->x[at++] = src[support_at(NONET_NCHW16C, c, h, w, i, j, y, x)] = sweep_uniform(random);
}

/* factor * eps * |exact|, or of `scale` where that is larger; lanes past the last channel are zero. */
static void judge(map *m, double factor, double scale)
{
    int lanes = (m->c + NONET_LANES - 1) / NONET_LANES * NONET_LANES;
    size_t at = 0;

    support_need(sweep_unharmed(&m->dst), "wrote outside its output");
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < lanes; j++)
            for (int y = 0; y < m->oh; y++)
                for (int x = 0; x < m->ow; x++) {
                    double got = m->dst.data[support_at(NONET_NCHW16C, m->c, m->oh, m->ow, i, j, y, x)];
                    double want = j < m->c ? m->exact[at++] : 0;

                    support_need(fabs(got - want) <= factor * SWEEP_EPS * (j < m->c ? fmax(fabs(want), scale) : 0),
                                 "n %d c %d y %d x %d is %.9g, not %.9g", i, j, y, x, got, want);
                }
    sweep_slot_free(&m->src);
    sweep_slot_free(&m->dst);
    free(m->x);
    free(m->exact);
}

START_TEST(maxpool)
{
    sweep_random random = { support_seed() };
    map m;

    for (int i = 0; i < support_count(200, 20); i++) {
        int ceil = i & 1, h = sweep_between(&random, ceil ? 1 : 2, 17), w = sweep_between(&random, ceil ? 1 : 2, 17);

        make(&m, &random, sweep_between(&random, 1, 3), sweep_between(&random, 1, 40), h, w, (h + ceil) / 2, (w + ceil) / 2);
        reference_maxpool(m.n * m.c, h, w, ceil, m.x, m.exact);
        ck_assert_int_eq(nonet_maxpool(m.n, m.c, h, w, ceil, m.src.data, m.dst.data, i % 3), NONET_OK);
        judge(&m, 0, 0);
    }
}
END_TEST

START_TEST(avgpool)
{
    sweep_random random = { support_seed() };
    map m;

    for (int i = 0; i < support_count(200, 20); i++) {
        int h = sweep_between(&random, 1, 17), w = sweep_between(&random, 1, 17);
        int oh = sweep_between(&random, 1, 9), ow = sweep_between(&random, 1, 9);

        make(&m, &random, sweep_between(&random, 1, 3), sweep_between(&random, 1, 40), h, w, oh, ow);
        reference_avgpool(m.n * m.c, h, w, oh, ow, m.x, m.exact);
        ck_assert_int_eq(nonet_avgpool(m.n, m.c, h, w, oh, ow, m.src.data, m.dst.data, i % 3), NONET_OK);
        judge(&m, h * w + 2, 1);
    }
}
END_TEST

START_TEST(lrn)
{
    sweep_random random = { support_seed() };
    map m;

    for (int i = 0; i < support_count(200, 20); i++) {
        int h = sweep_between(&random, 1, 7), w = sweep_between(&random, 1, 7), size = 2 * sweep_between(&random, 0, 7) + 1;
        int quarters = sweep_between(&random, 2, 4);

        make(&m, &random, sweep_between(&random, 1, 3), sweep_between(&random, 1, 70), h, w, h, w);
        reference_lrn plain = { m.n, m.c, h, w, size, 0.25, quarters / 4., 2 };
        reference_normalise(&plain, m.x, m.exact);
        ck_assert_int_eq(nonet_lrn(m.n, m.c, h, w, size, 0.25f, (float)quarters / 4, 2, m.src.data, m.dst.data, i % 3), NONET_OK);
        judge(&m, size + 10, 0);
    }
}
END_TEST

START_TEST(softmax_rows)
{
    sweep_random random = { support_seed() };
    float x[3 * 50], y[3 * 50];
    double plain[3 * 50], exact[3 * 50];

    for (int classes = 1; classes <= 50; classes++) {
        for (int i = 0; i < 3 * classes; i++)
            plain[i] = x[i] = 8 * sweep_uniform(&random);
        reference_softmax(3, classes, plain, exact);
        ck_assert_int_eq(nonet_softmax(3, classes, x, y), NONET_OK);
        for (int i = 0; i < 3 * classes; i++)
            support_need(fabs((double)y[i] - exact[i]) <= 40 * SWEEP_EPS * exact[i], "class %d of %d", i, classes);
        ck_assert_int_eq(nonet_softmax(3, classes, x, x), NONET_OK);
        ck_assert_int_eq(memcmp(x, y, 3 * sizeof *x * (size_t)classes), 0);
    }
}
END_TEST

START_TEST(relu)
{
    float x[] = { -1, -0.0f, 0, 2, NAN, -INFINITY, INFINITY, -0x1p-149f };

    ck_assert_int_eq(nonet_relu(8, x), NONET_OK);
    ck_assert(x[0] == 0 && x[1] == 0 && x[2] == 0 && x[3] == 2 && isnan(x[4]) && x[5] == 0 && isinf(x[6]) && x[7] == 0);
    ck_assert_int_eq(nonet_relu(0, x), NONET_OK);
}
END_TEST

START_TEST(reorders_are_inverse)
{
    sweep_random random = { support_seed() };
    sweep_slot slot[3] = { { .map = NULL } };

    for (int i = 0; i < support_count(300, 40); i++) {
        int n = sweep_between(&random, 1, 3), c = sweep_between(&random, 1, 40), h = sweep_between(&random, 1, 9);
        int w = sweep_between(&random, 1, 9), from = i % 3, to = i / 3 % 3;
        size_t plain = (size_t)n * c * h * w, floats[2] = { nonet_tensor_floats((nonet_layout)from, n, c, h, w),
                                                            nonet_tensor_floats((nonet_layout)to, n, c, h, w) };
        float *a = sweep_place(&slot[0], floats[0], sweep_between(&random, 0, 2), 7);
        float *b = sweep_place(&slot[1], floats[1], sweep_between(&random, 0, 2), 9);
        float *back = sweep_place(&slot[2], floats[0], sweep_between(&random, 0, 2), 2);

        ck_assert(a && b && back && floats[0] >= plain);
        memset(a, 0, floats[0] * sizeof *a);
        for (size_t j = 0; j < plain; j++)
            a[support_at((nonet_layout)from, c, h, w, (int)(j / h / w / c), (int)(j / h / w % c), (int)(j / w % h),
                         (int)(j % w))] = sweep_uniform(&random);
        ck_assert_int_eq(nonet_reorder(n, c, h, w, (nonet_layout)from, a, (nonet_layout)to, b), NONET_OK);
        ck_assert_int_eq(nonet_reorder(n, c, h, w, (nonet_layout)to, b, (nonet_layout)from, back), NONET_OK);
        ck_assert_int_eq(memcmp(a, back, floats[0] * sizeof *a), 0);
        ck_assert(sweep_unharmed(&slot[1]) && sweep_unharmed(&slot[2]));
        for (int k = 0; k < c; k++)
            support_need(b[support_at((nonet_layout)to, c, h, w, n - 1, k, h - 1, w - 1)] ==
                             a[support_at((nonet_layout)from, c, h, w, n - 1, k, h - 1, w - 1)],
                         "channel %d is elsewhere", k);
    }
    for (int i = 0; i < 3; i++)
        sweep_slot_free(&slot[i]);
}
END_TEST

START_TEST(bad_arguments)
{
    float x[64] = { 0 }, y[64];

    ck_assert_int_eq(nonet_maxpool(1, 1, 1, 2, 0, x, y, 1), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_maxpool(0, 1, 2, 2, 0, x, y, 1), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_maxpool(1, 1, 2, 2, 0, NULL, y, 1), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_avgpool(1, 1, 2, 2, 0, 1, x, y, 1), NONET_BAD_ARGUMENT);
    ck_assert_int_ne(nonet_lrn(1, 1, 1, 1, 4, 1, 0.75f, 1, x, y, 1), NONET_OK);
    ck_assert_int_ne(nonet_lrn(1, 1, 1, 1, 17, 1, 0.75f, 1, x, y, 1), NONET_OK);
    ck_assert_int_eq(nonet_lrn(1, 1, 1, 1, 5, 1, 0.6f, 1, x, y, 1), NONET_UNSUPPORTED);
    ck_assert_int_eq(nonet_softmax(1, 0, x, y), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_softmax(1, 4, NULL, y), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_relu(3, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_reorder(1, 0, 1, 1, NONET_NCHW, x, NONET_NHWC, y), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_reorder(1, 1, 1, 1, (nonet_layout)5, x, NONET_NHWC, y), NONET_BAD_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tcase = tcase_create("layers");

    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, maxpool);
    tcase_add_test(tcase, avgpool);
    tcase_add_test(tcase, lrn);
    tcase_add_test(tcase, softmax_rows);
    tcase_add_test(tcase, relu);
    tcase_add_test(tcase, reorders_are_inverse);
    tcase_add_test(tcase, bad_arguments);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
