/* conv_test.c - convolutions through the public API: bits that never change, errors within their bound, no byte out of place. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support.h"

/* Two bounds on every output. The rigorous one holds for any data: the longest chain of roundings times eps times the sizes of
 * what is added up - for Winograd, of what the transforms and the products add up (docs/NUMERICS.md). The tight one, for ordinary
 * data, has a factor that does not grow with the channels: |error| <= factor * eps * (|bias| + sum|w||x|), for Winograd the
 * largest of those in the tile. The worst that is measured stands at about a third of it. */
static double rigorous_factor(nonet_algo algo, const nonet_conv *p)
{
    if (algo == NONET_WINOGRAD_F2)
        return 64 + 24 + p->c / 64;
    if (algo == NONET_WINOGRAD_F4)
        return 64 + 40 + p->c / 64;
    if (algo == NONET_WINOGRAD_F6)
        return 64 + 48 + p->c / 64;
    return (double)p->c * p->r * p->s + 2;
}

static double tight_factor(nonet_algo algo, sweep_data data, const nonet_conv *p)
{
    if (data != SWEEP_UNIFORM && data != SWEEP_RELU)
        return INFINITY;
    if (algo == NONET_WINOGRAD_F2)
        return 16;
    if (algo == NONET_WINOGRAD_F4)
        return 64;
    if (algo == NONET_WINOGRAD_F6)
        return 320;
    return fmin(32, (double)p->c * p->r * p->s + 2);
}

static double check_bound(const support_problem *q, const char *what, double factor, const double *size, const float *out)
{
    double worst = 0;

    for (size_t i = 0; i < q->outputs; i++) {
        double error = fabs((double)out[i] - q->exact[i]), allowed = factor * (SWEEP_EPS * size[i] + 64 * SWEEP_TINIEST);

        support_need(error <= allowed, "%s: output %zu is %.9g, not %.9g: error %.3g, bound %.3g", what, i, (double)out[i],
                     q->exact[i], error, allowed);
        worst = fmax(worst, allowed > 0 ? error / allowed : 0);
    }
    return worst;
}

static void check_bounds(support_problem *q, nonet_algo algo, sweep_data data, const float *out)
{
    char shape[160], text[200];

    support_problem_solve(q, sweep_winograd_side(algo));
    support_describe(&q->p, shape, sizeof shape);
    snprintf(text, sizeof text, "%s, %s, data %d", nonet_algo_name(algo), shape, (int)data);
    double rigorous = check_bound(q, text, rigorous_factor(algo, &q->p), q->rigorous, out);
    double tight = check_bound(q, text, tight_factor(algo, data, &q->p), q->size, out);
    if (getenv("NONET_TEST_VERBOSE"))
        printf("%-80s worst %.3f of the rigorous bound, %.3f of the tight one\n", text, rigorous, tight);
}

static void check_same(const support_problem *q, const float *want, const float *got, const nonet_options *o, const char *what)
{
    char text[160];

    support_describe(&q->p, text, sizeof text);
    for (size_t i = 0; i < q->outputs; i++)
        support_need(sweep_same(want[i], got[i]), "%s, %s, %s, weights %s, %d threads, %s: output %zu is %.9g, not %.9g",
                     nonet_algo_name(o->algo), text, nonet_isa_name(o->isa), nonet_weight_form_name(o->weights), o->threads, what,
                     i, (double)got[i], (double)want[i]);
}

/* The images of a batch one by one. */
static void check_split(support_bench *bench, const support_problem *q, const nonet_options *o, const float *want,
                        sweep_random *random)
{
    support_problem one = *q;

    one.p.n = 1;
    one.inputs /= q->p.n;
    one.outputs /= q->p.n;
    for (int n = 0; n < q->p.n; n++) {
        one.x = q->x + n * one.inputs;
        float *got = support_run(bench, &one, o, random);
        check_same(&one, want + n * one.outputs, got, o, "one image of the batch");
        free(got);
    }
}

static void check_layouts(support_bench *bench, const support_problem *q, const nonet_options *o, const float *want,
                          sweep_random *random)
{
    support_problem other = *q;

    other.p.src_layout = (nonet_layout)sweep_between(random, 0, 2);
    other.p.dst_layout = (nonet_layout)sweep_between(random, 0, 2);
    float *got = support_run(bench, &other, o, random);
    check_same(&other, want, got, o, "other layouts");
    free(got);
}

/* Every set and several thread counts give the bits of portable C on one thread, and those lie within the bound. */
static void check_algo(support_bench *bench, support_problem *q, nonet_algo algo, sweep_data data, sweep_random *random)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int count = support_isas(isas);
    nonet_options o = { .algo = algo, .isa = isas[0], .threads = 1, .weights = NONET_WEIGHTS_PACKED };
    float *want = support_run(bench, q, &o, random);

    check_bounds(q, algo, data, want);
    for (int i = 0; i < count; i++) {
        o.isa = isas[i];
        for (o.threads = i ? 1 : 2; o.threads <= 3; o.threads += i ? 1 : 2) {
            o.weights = (nonet_weight_form)sweep_between(random, 0, NONET_WEIGHTS_COUNT - 1);
            float *got = support_run(bench, q, &o, random);
            check_same(q, want, got, &o, "whole batch");
            free(got);
        }
        o.threads = sweep_between(random, 1, 2);
        if (i || count == 1)
            check_layouts(bench, q, &o, want, random);
        if (q->p.n > 1 && (i || count == 1))
            check_split(bench, q, &o, want, random);
    }
    free(want);
}

static int is_winograd_shape(const nonet_conv *p)
{
    return p->r == 3 && p->s == 3 && p->stride == 1;
}

/* AUTO must be one of the named algorithms, and give its bits. */
static void check_auto(support_bench *bench, const support_problem *q, sweep_random *random)
{
    nonet_options o = { .algo = NONET_AUTO };
    nonet_plan_info info;
    nonet_plan *plan;

    ck_assert_int_eq(nonet_plan_create(&plan, &q->p, &o), NONET_OK);
    nonet_plan_query(plan, &info);
    nonet_plan_destroy(plan);
    ck_assert(info.algo != NONET_AUTO && info.isa != NONET_ISA_AUTO);
    float *chosen = support_run(bench, q, &o, random);
    o.algo = info.algo;
    float *named = support_run(bench, q, &o, random);
    check_same(q, named, chosen, &o, "as AUTO");
    free(chosen);
    free(named);
}

static void check_problem(const nonet_conv *p, sweep_random *random, sweep_data data)
{
    support_bench bench = { .src = { 0 } };
    support_problem q;

    support_problem_make(&q, p, random, data);
    check_algo(&bench, &q, NONET_DIRECT, data, random);
    if (is_winograd_shape(p)) {
        check_algo(&bench, &q, NONET_WINOGRAD_F2, data, random);
        check_algo(&bench, &q, NONET_WINOGRAD_F4, data, random);
        check_algo(&bench, &q, NONET_WINOGRAD_F6, data, random);
    }
    check_auto(&bench, &q, random);
    support_problem_free(&q);
    support_bench_free(&bench);
}

/* One in steps that miss every multiple of the blocks and meet most of them. */
static int odd_step(sweep_random *random, int most)
{
    return sweep_between(random, 0, 2) ? 2 * sweep_between(random, 0, (most - 1) / 2) + 1 : sweep_between(random, 1, most);
}

static void choose_kernel_size(nonet_conv *p, sweep_random *random)
{
    int kind = sweep_between(random, 0, 9);

    p->r = p->s = 3;
    p->stride = 1;
    if (kind == 0) {
        p->r = p->s = 1;
    } else if (kind == 1) {
        p->r = p->s = 7;
    } else if (kind == 2) {
        p->r = p->h = p->h < 12 ? p->h : 12;
        p->s = p->w = p->w < 12 ? p->w : 12;
    } else if (kind == 3) {
        p->r = sweep_between(random, 1, 5);
        p->s = sweep_between(random, 1, 5);
    } else {
        p->stride = sweep_between(random, 0, 3) ? 1 : 2;
        p->pad = sweep_between(random, 0, 3) ? 1 : 0;
    }
    if (p->h + 2 * p->pad < p->r)
        p->h = p->r;
    if (p->w + 2 * p->pad < p->s)
        p->w = p->s;
}

static nonet_conv random_problem(sweep_random *random)
{
    nonet_conv p = { 0 };
    int h, w;

    p.n = sweep_between(random, 1, 3);
    p.c = sweep_between(random, 0, 3) ? odd_step(random, 70) : sweep_between(random, 1, 5);
    p.k = odd_step(random, 70);
    p.h = sweep_between(random, 1, 40);
    p.w = sweep_between(random, 1, 40);
    choose_kernel_size(&p, random);
    while ((double)p.n * p.c * p.k * p.h * p.w * p.r * p.s > 2e7 && (p.n > 1 || p.c > 8)) {
        p.n = p.n > 1 ? p.n - 1 : 1;
        p.c = p.c > 8 ? p.c / 2 + 1 : p.c;
    }
    p.relu = sweep_between(random, 0, 1);
    p.src_layout = (nonet_layout)sweep_between(random, 0, 2);
    p.dst_layout = (nonet_layout)sweep_between(random, 0, 2);
    ck_assert_int_eq(nonet_conv_output(&p, &h, &w), NONET_OK);
    p.pool = h >= 2 && w >= 2 && sweep_between(random, 0, 2) == 0;
    return p;
}

enum { GROUPS = 8 };

START_TEST(random_problems)
{
    sweep_random random = { support_seed() * GROUPS + (uint64_t)_i };
    int count = support_count(40, 2);

    for (int i = 0; i < count; i++) {
        nonet_conv p = random_problem(&random);

        check_problem(&p, &random, sweep_between(&random, 0, SWEEP_DATA_COUNT - 1));
    }
}
END_TEST

/* n c h w k r s stride pad relu pool src dst */
static const nonet_conv awkward[] = {
    { 1, 1, 1, 1, 1, 3, 3, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 1, 1, 40, 1, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NHWC },
    { 2, 3, 40, 1, 17, 3, 3, 1, 1, 0, 0, NONET_NHWC, NONET_NCHW16C },
    { 1, 5, 3, 3, 33, 3, 3, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 64, 2, 2, 64, 3, 3, 1, 1, 1, 1, NONET_NCHW16C, NONET_NCHW16C },
    { 3, 65, 3, 3, 31, 3, 3, 1, 1, 1, 1, NONET_NCHW, NONET_NCHW16C },
    { 1, 129, 5, 6, 16, 3, 3, 1, 1, 0, 0, NONET_NCHW16C, NONET_NHWC },
    { 1, 16, 4, 4, 16, 3, 3, 1, 1, 0, 1, NONET_NCHW16C, NONET_NCHW16C },
    { 1, 17, 15, 15, 47, 3, 3, 1, 1, 1, 1, NONET_NHWC, NONET_NHWC },
    { 1, 4, 9, 9, 20, 3, 3, 2, 1, 1, 0, NONET_NCHW, NONET_NCHW16C },
    { 2, 5, 8, 7, 20, 3, 3, 2, 0, 1, 1, NONET_NCHW, NONET_NCHW16C },
    { 1, 3, 3, 3, 64, 3, 3, 2, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 20, 7, 7, 70, 7, 7, 1, 0, 1, 0, NONET_NCHW16C, NONET_NCHW },
    { 3, 20, 7, 7, 33, 7, 7, 1, 0, 1, 0, NONET_NCHW16C, NONET_NCHW16C },
    { 1, 9, 9, 8, 18, 7, 7, 1, 0, 0, 1, NONET_NHWC, NONET_NCHW },
    { 1, 600, 1, 1, 70, 1, 1, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 3, 600, 1, 1, 70, 1, 1, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 17, 37, 1, 1, 40, 1, 1, 1, 0, 0, 0, NONET_NHWC, NONET_NHWC },
    { 1, 70, 13, 13, 70, 1, 1, 1, 0, 1, 1, NONET_NHWC, NONET_NCHW },
    { 2, 7, 2, 9, 1, 1, 2, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
};
enum { AWKWARD = sizeof awkward / sizeof awkward[0] };

START_TEST(awkward_problems)
{
    sweep_random random = { support_seed() + (uint64_t)_i };

    check_problem(&awkward[_i], &random, SWEEP_UNIFORM);
    check_problem(&awkward[_i], &random, SWEEP_RELU);
}
END_TEST

/* Whole numbers this small are exact in every direct sum: the answer is the oracle's, not near it. */
START_TEST(integers_are_exact)
{
    sweep_random random = { support_seed() };
    support_bench bench = { .src = { 0 } };
    support_problem q;

    support_problem_make(&q, &awkward[_i], &random, SWEEP_INTEGERS);
    support_problem_solve(&q, 1);
    float *out = support_run(&bench, &q, &(nonet_options){ .algo = NONET_DIRECT }, &random);
    for (size_t i = 0; i < q.outputs; i++)
        support_need((double)out[i] == q.exact[i], "output %zu is %.9g, not %.9g", i, (double)out[i], q.exact[i]);
    free(out);
    support_problem_free(&q);
    support_bench_free(&bench);
}
END_TEST

/* One input pixel alone: the map is the filter turned about, wherever the pixel lies; every other pixel is the bias. */
START_TEST(impulse_draws_the_filter)
{
    nonet_conv p = { 1, 2, 6, 7, 19, 3, 3, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW };
    sweep_random random = { support_seed() };
    support_bench bench = { .src = { 0 } };
    support_problem q;

    support_problem_make(&q, &p, &random, SWEEP_UNIFORM);
    for (size_t at = 0; at < q.inputs; at++) {
        memset(q.x, 0, q.inputs * sizeof *q.x);
        q.x[at] = 1;
        support_problem_solve(&q, 1);
        float *out = support_run(&bench, &q, &(nonet_options){ .algo = NONET_DIRECT }, &random);
        for (size_t i = 0; i < q.outputs; i++)
            support_need(out[i] == (float)q.exact[i], "output %zu is %.9g", i, (double)out[i]);
        free(out);
    }
    support_problem_free(&q);
    support_bench_free(&bench);
}
END_TEST

/* Maps above 3 MiB, which some CPUs write past their caches where they begin with a cache line (engine/wino_plan.c): the same
 * bits wherever support_run puts them. */
START_TEST(large_maps)
{
    enum { PLACES = 4 };
    const nonet_conv p = { 1, 5, 113, 114, 64, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW16C };
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    sweep_random random = { support_seed() };
    support_bench bench = { .src = { 0 } };
    support_problem q;
    nonet_options o = { .algo = (nonet_algo)_i, .isa = NONET_ISA_C };

    support_problem_make(&q, &p, &random, SWEEP_UNIFORM);
    float *want = support_run(&bench, &q, &o, &random);
    for (int i = 0; i < sets; i++)
        for (int place = 0; isas[i] != NONET_ISA_C && place < PLACES; place++) {
            o.isa = isas[i];
            o.threads = 1 + place % 2;
            float *got = support_run(&bench, &q, &o, &random);
            support_need(!memcmp(got, want, q.outputs * sizeof *got), "%s, %s: other bits", nonet_algo_name(o.algo),
                         nonet_isa_name(o.isa));
            free(got);
        }
    free(want);
    support_problem_free(&q);
    support_bench_free(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv");
    TCase *tcase = tcase_create("plans");

    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, awkward_problems, 0, AWKWARD);
    tcase_add_loop_test(tcase, integers_are_exact, 0, AWKWARD);
    tcase_add_test(tcase, impulse_draws_the_filter);
    tcase_add_loop_test(tcase, large_maps, NONET_WINOGRAD_F2, NONET_WINOGRAD_F6 + 1);
    tcase_add_loop_test(tcase, random_problems, 0, GROUPS);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
