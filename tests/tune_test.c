/* tune_test.c - tuning: every choice gives the bits of portable C, whatever it is; wrong bits are found; measurements and
 * decisions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "autotune/check.h"
#include "autotune/contest.h"
#include "autotune/explain.h"
#include "bench/timer.h"
#include "engine/plan.h"
#include "tests/support.h"

/* No machine in particular: enumeration and predictions need constants, not true ones. */
static tune_machine some_machine(int threads)
{
    tune_machine m = { .threads = threads, .memory = 2e10, .cache = 6e10, .core_cache = 64 << 10, .last_cache = 1 << 20 };

    for (int isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        m.macs[isa] = 1e9 * isa * threads;
    return m;
}

static nonet_conv random_problem(sweep_random *random)
{
    nonet_conv p = {.n = sweep_between(random, 1, 2),
                    .c = sweep_between(random, 1, 90),
                    .h = sweep_between(random, 5, 20),
                    .w = sweep_between(random, 5, 20),
                    .k = sweep_between(random, 1, 90),
                    .r = 3,
                    .s = 3,
                    .stride = sweep_between(random, 1, 2),
                    .pad = sweep_between(random, 0, 1),
                    .relu = 1,
                    .pool = sweep_between(random, 0, 1),
                    .src_layout = (nonet_layout)sweep_between(random, 0, 2),
                    .dst_layout = (nonet_layout)sweep_between(random, 0, 2)};

    if (sweep_between(random, 0, 2))
        p.stride = 1;
    if (sweep_between(random, 0, 5) == 0) {
        p.r = p.h = sweep_between(random, 1, 5);
        p.s = p.w = sweep_between(random, 1, 5);
        p.stride = 1;
        p.pad = p.pool = 0;
    }
    if (p.pool && (p.h < 8 || p.w < 8))
        p.pool = 0;
    return p;
}

static float *run_as(const support_problem *problem, const nonet_options *options, const nonet_choice *choice)
{
    nonet_plan *plan;
    nonet_weights *weights;
    float *src = malloc(nonet_tensor_floats(problem->p.src_layout, problem->p.n, problem->p.c, problem->p.h, problem->p.w) *
                        sizeof(float));
    size_t floats = nonet_tensor_floats(problem->p.dst_layout, problem->p.n, problem->p.k, problem->oh, problem->ow);
    float *dst = malloc(floats * sizeof(float));

    ck_assert(src && dst);
    ck_assert_int_eq(
        nonet_reorder(problem->p.n, problem->p.c, problem->p.h, problem->p.w, NONET_NCHW, problem->x, problem->p.src_layout, src),
        NONET_OK);
    ck_assert_int_eq(nonet_plan_create_as(&plan, &problem->p, options, choice), NONET_OK);
    size_t bytes = (nonet_plan_workspace(plan) + 127) / 64 * 64;
    void *work = aligned_alloc(NONET_ALIGNMENT, bytes);
    ck_assert_ptr_nonnull(work);
    memset(work, 0xff, bytes);
    memset(dst, 0xff, floats * sizeof(float));
    ck_assert_int_eq(nonet_weights_pack(&weights, plan, problem->w, problem->bias), NONET_OK);
    ck_assert_int_eq(nonet_execute(plan, weights, src, dst, work), NONET_OK);
    nonet_weights_destroy(weights);
    nonet_plan_destroy(plan);
    free(work);
    free(src);
    return dst;
}

static void same_bits(const support_problem *problem, const nonet_options *options, const nonet_choice *choice)
{
    nonet_options portable = { .algo = choice->algo, .isa = NONET_ISA_C, .threads = 1 };
    size_t floats = nonet_tensor_floats(problem->p.dst_layout, problem->p.n, problem->p.k, problem->oh, problem->ow);
    float *want = run_as(problem, &portable, &(nonet_choice){ 0 }), *got = run_as(problem, options, choice);
    char text[160], shape[160];

    tune_choice_text(choice, text, sizeof text);
    support_describe(&problem->p, shape, sizeof shape);
    support_need(!memcmp(want, got, floats * sizeof *got), "other bits: %s: %s", shape, text);
    free(want);
    free(got);
}

/* All candidates of random problems, those of other algorithms too. */
START_TEST(every_candidate_has_the_bits_of_portable_c)
{
    sweep_random random = { support_seed() };
    int rounds = support_count(25, 4), most = support_count(20, 6);

    for (int i = 0; i < rounds; i++) {
        int threads = sweep_between(&random, 1, 2);
        nonet_options options = { .threads = threads };
        tune_machine machine = some_machine(threads);
        support_problem problem;
        tune_list list;
        nonet_conv p = random_problem(&random);
        support_problem_make(&problem, &p, &random, SWEEP_UNIFORM);
        ck_assert_int_eq(tune_enumerate(&list, &problem.p, &options, 1, &machine), NONET_OK);
        for (int j = 0; j < list.count && j < most; j++)
            same_bits(&problem, &options, &list.items[(j * 7919 + i) % list.count].choice);
        tune_list_free(&list);
        support_problem_free(&problem);
    }
}
END_TEST

/* Choices that no enumeration makes, as a profile might hold them. */
START_TEST(any_choice_has_the_bits_of_portable_c)
{
    sweep_random random = { support_seed() };
    int rounds = support_count(80, 10);

    for (int i = 0; i < rounds; i++) {
        static const int sizes[] = { 0, 1, 2, 3, 5, 17, 100, 1 << 20 };
        nonet_conv p = random_problem(&random);
        nonet_choice choice = {.block = sizes[sweep_between(&random, 0, 7)],
                               .split = sweep_between(&random, 0, NONET_SPLIT_COUNT - 1),
                               .weights = sweep_between(&random, 0, NONET_WEIGHTS_COUNT - 1),
                               .rows = sizes[sweep_between(&random, 0, 7)],
                               .cchunk = sizes[sweep_between(&random, 0, 7)],
                               .threads = sweep_between(&random, 0, 4)};
        support_problem problem;
        support_problem_make(&problem, &p, &random, SWEEP_UNIFORM);
        do
            choice.algo = (nonet_algo)sweep_between(&random, NONET_DIRECT, NONET_ALGO_COUNT - 1);
        while (!nonet_algo_applies(&problem.p, choice.algo));
        same_bits(&problem, &(nonet_options){ .threads = sweep_between(&random, 1, 2) }, &choice);
        support_problem_free(&problem);
    }
}
END_TEST

START_TEST(a_plan_s_choice_gives_the_same_plan)
{
    sweep_random random = { support_seed() };

    for (int i = 0; i < 300; i++) {
        nonet_conv p = random_problem(&random);
        nonet_options options = { .threads = sweep_between(&random, 1, 2) };
        nonet_plan *plan, *again;
        p.h += sweep_between(&random, 0, 200);
        ck_assert_int_eq(nonet_plan_create(&plan, &p, &options), NONET_OK);
        nonet_choice choice = nonet_plan_choice(plan);
        ck_assert_int_eq(nonet_plan_create_as(&again, &p, &options, &choice), NONET_OK);
        nonet_choice second = nonet_plan_choice(again);
        char shape[160], one[160], other[160];
        support_describe(&p, shape, sizeof shape);
        tune_choice_text(&choice, one, sizeof one);
        tune_choice_text(&second, other, sizeof other);
        ck_assert_msg(nonet_choice_equal(&choice, &second), "%s: %s, then %s", shape, one, other);
        ck_assert_uint_ge(nonet_plan_workspace(plan), nonet_plan_workspace(again));
        nonet_plan_destroy(plan);
        nonet_plan_destroy(again);
    }
}
END_TEST

START_TEST(candidates_differ_and_the_default_comes_first)
{
    const nonet_conv p = { 1, 128, 28, 28, 128, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    nonet_options options = { .threads = 2 };
    tune_machine machine = some_machine(2);
    tune_list list;
    nonet_plan *plan;
    int indices[CONTEST_MOST];

    ck_assert_int_eq(tune_enumerate(&list, &p, &options, 0, &machine), NONET_OK);
    ck_assert_int_gt(list.count, 10);
    ck_assert_int_eq(nonet_plan_create(&plan, &p, &options), NONET_OK);
    nonet_choice usual = nonet_plan_choice(plan);
    ck_assert(nonet_choice_equal(&list.items[0].choice, &usual));
    nonet_plan_destroy(plan);
    for (int i = 0; i < list.count; i++) {
        ck_assert_int_eq(list.items[i].choice.algo, usual.algo);    /* other bits only when they are asked for */
        ck_assert(list.items[i].guess.seconds > 0 && isfinite(list.items[i].guess.seconds));
        for (int j = 0; j < i; j++)
            ck_assert(!nonet_choice_equal(&list.items[i].choice, &list.items[j].choice));
    }
    int count = tune_promising(&list, indices, CONTEST_MOST);
    ck_assert(count >= 1 && count <= CONTEST_MOST && indices[0] == 0);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            ck_assert_int_ne(indices[i], indices[j]);
    tune_list_free(&list);
    ck_assert_int_eq(tune_enumerate(&list, &p, &options, 1, &machine), NONET_OK);
    int others = 0;
    for (int i = 0; i < list.count; i++)
        others += list.items[i].choice.algo != usual.algo;
    ck_assert_int_gt(others, 0);
    tune_list_free(&list);
}
END_TEST

START_TEST(wrong_bits_are_found_before_timing)
{
    const nonet_conv p = { 1, 70, 14, 14, 48, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    nonet_options options = { .threads = 1 };
    contest c;
    int fits;

    ck_assert_int_eq(contest_open(&c, &p, &options, 1 << 20), NONET_OK);
    ck_assert_int_eq(contest_add(&c, NULL, &fits), NONET_OK);
    ck_assert(fits);
    ck_assert_int_eq(contest_add(&c, &(nonet_choice){ .block = 2 }, &fits), NONET_OK);
    ck_assert(fits);
    uint32_t bits;
    memcpy(&bits, &c.expected[c.dst_floats / 2], sizeof bits);
    bits ^= 1;
    memcpy(&c.expected[c.dst_floats / 2], &bits, sizeof bits);
    ck_assert_int_eq(contest_add(&c, &(nonet_choice){ .block = 3 }, &fits), NONET_OK);
    ck_assert(!fits && c.contenders[2].out);
    ck_assert(contest_round(&c, 0, INFINITY));
    ck_assert_int_eq(c.contenders[1].cold.count, 1);
    ck_assert_int_eq(c.contenders[1].warm.count, 1);
    ck_assert_int_eq(c.contenders[2].cold.count, 0);
    ck_assert(!contest_round(&c, 0, 0));            /* the deadline is over */
    contest_close(&c);
}
END_TEST

/* Contenders come in the order of their guesses: the algorithms mixed. */
START_TEST(algorithms_take_turns)
{
    const nonet_conv p = { 1, 70, 14, 14, 48, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    nonet_options options = { .threads = 1 };
    contest c;
    int fits;

    ck_assert_int_eq(contest_open(&c, &p, &options, 1 << 20), NONET_OK);
    for (int block = 0; block < 3; block++)
        for (nonet_algo algo = NONET_DIRECT; algo < NONET_ALGO_COUNT; algo++) {
            ck_assert_int_eq(contest_add(&c, &(nonet_choice){ .algo = algo, .block = block, .rows = block }, &fits), NONET_OK);
            ck_assert_msg(fits, "%s, block %d", nonet_algo_name(algo), block);
        }
    contest_close(&c);
}
END_TEST

static tune_problem problem_of(const nonet_conv *p, int threads)
{
    tune_problem problem = { .name = "test", .p = *p, .threads = threads, .times = 1 };
    return problem;
}

/* A row of AUTO serves who names its algorithm, and is what the reason tells of. */
/* Without a profile the reason is the rule that decided. */
START_TEST(the_rule_of_the_default_is_told)
{
    static const struct {
        nonet_conv p;
        const char *reason;
    } cases[] = {
        { { .n = 1, .c = 4, .h = 20, .w = 20, .k = 32, .r = 3, .s = 3, .stride = 1, .pad = 1 }, "direct: at most 4 input" },
        { { .n = 1, .c = 64, .h = 20, .w = 20, .k = 32, .r = 3, .s = 3, .stride = 2, .pad = 1 }, "direct: there is no Winograd" },
        { { .n = 1, .c = 64, .h = 20, .w = 20, .k = 32, .r = 5, .s = 5, .stride = 1 }, "direct: there is no Winograd" },
        { { .n = 2, .c = 64, .h = 7, .w = 7, .k = 32, .r = 7, .s = 7, .stride = 1 }, "direct: fully connected" },
        { { .n = 1, .c = 64, .h = 56, .w = 56, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1 },
          "winograd-f4: least work and traffic by the shape of one image, 28.9 M multiply-adds, 115.6 M by direct;" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tune_problem problem = { .p = cases[i].p, .threads = 1, .times = 1 };
        tune_settings settings = { 0 };
        tune_explanation e;

        ck_assert_int_eq(tune_explain(&settings, &problem, NULL, NULL, &e), NONET_OK);
        support_need(strstr(e.reason, cases[i].reason) != NULL, "case %zu: %s", i, e.reason);
    }
}
END_TEST

START_TEST(a_named_algorithm_is_explained_by_the_row_of_auto)
{
    const nonet_conv p = { 1, 64, 20, 20, 64, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    tune_settings settings = { .seconds = 1 };
    tune_problem problem = problem_of(&p, 1);
    nonet_profile *profile = nonet_profile_new();
    nonet_profile_row row = { .kind = PROFILE_USE, .p = nonet_profile_problem(&p), .threads = 1, .us = 7, .base = 8 };
    tune_explanation e;

    ck_assert_int_eq(nonet_isa_current(&row.choice.isa), NONET_OK);
    row.choice.algo = problem.asked = NONET_WINOGRAD_F2;
    row.choice.threads = 1;
    row.choice.block = 2;
    ck_assert(profile && nonet_profile_add(profile, &row));
    ck_assert_int_eq(tune_explain(&settings, &problem, profile, NULL, &e), NONET_OK);
    ck_assert_int_eq(e.from_profile, 1);
    ck_assert_msg(strstr(e.reason, "7.0 us instead of 8.0 us") != NULL, "%s", e.reason);
    nonet_profile_close(profile);
}
END_TEST

START_TEST(large_problems_are_checked_on_a_part)
{
    const nonet_conv large = { 4, 512, 112, 112, 512, 3, 3, 1, 1, 1, 1, NONET_NCHW16C, NONET_NCHW16C };
    const nonet_conv fc = { 1, 512, 7, 7, 4096, 7, 7, 1, 0, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    nonet_conv part = check_part(&large);
    int h, w;

    ck_assert_int_eq(part.c, 512);
    ck_assert(part.n == 2 && part.h < 20 && part.k >= 16 && part.k < 100 && part.pool);
    ck_assert_int_eq(nonet_conv_output(&part, &h, &w), NONET_OK);
    part = check_part(&fc);
    ck_assert(part.h == 7 && part.w == 7 && part.c == 512 && part.k < 4096);
}
END_TEST

START_TEST(tuning_ends_in_time_with_a_row)
{
    const nonet_conv p = { 1, 64, 20, 20, 64, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    tune_settings settings = { .seconds = 1 };
    tune_problem problem = problem_of(&p, 1);
    tune_machine machine = some_machine(1);
    tune_result result;
    nonet_profile *profile = nonet_profile_new();
    double start = bench_now();

    ck_assert_ptr_nonnull(profile);
    ck_assert_int_eq(tune_one(&settings, &problem, &machine, start + 1, &result), NONET_OK);
    ck_assert(bench_now() - start < 60);            /* an emulator, sanitizers and other tests share the machine */
    ck_assert_int_ge(result.count, 1);
    ck_assert_int_gt(result.candidates, 1);
    ck_assert_int_eq(result.wrong, 0);
    ck_assert(result.rows[0].kind == (result.reason == TUNE_FASTER ? PROFILE_USE : PROFILE_KEEP));
    for (int i = 0; i < result.count; i++) {
        char line[PROFILE_LINE];
        const char *why;
        nonet_profile_row row;
        ck_assert(nonet_profile_compare(&result.rows[0], &result.rows[i]) == 0);
        ck_assert(i == 0 || result.rows[i].kind == PROFILE_TRIED);
        ck_assert(nonet_profile_row_format(&result.rows[i], line, sizeof line));
        ck_assert_msg(nonet_profile_row_parse(line, &row, &why), "%s", why);
        ck_assert(nonet_profile_add(profile, &row));
    }
    tune_explanation e;
    ck_assert_int_eq(tune_explain(&settings, &problem, profile, &machine, &e), NONET_OK);
    ck_assert_int_eq(e.count, result.candidates);
    ck_assert_int_eq(e.from_profile, result.reason == TUNE_FASTER);
    ck_assert(*e.reason && strstr(e.work, "direct"));
    free(e.items);
    free(result.rows);
    nonet_profile_close(profile);
}
END_TEST

/* The default of a small layer with many channels is the fastest by far: its rivals leave the heats, and nobody says that the time
 * was too short. */
START_TEST(time_is_short_only_when_it_is_over)
{
    const nonet_conv p = { 1, 256, 8, 8, 256, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    const double seconds = 20;
    tune_settings settings = { .seconds = seconds };
    tune_problem problem = problem_of(&p, 1);
    tune_machine machine = some_machine(1);

    for (int i = 0; i < 3; i++) {
        tune_result result;
        double start = bench_now();
        ck_assert_int_eq(tune_one(&settings, &problem, &machine, start + seconds, &result), NONET_OK);
        if (bench_now() - start < seconds / 5)      /* no part of the time, entry or heats, was used up */
            ck_assert_msg(result.reason != TUNE_NO_TIME, "after %g s of %g", bench_now() - start, seconds);
        free(result.rows);
    }
}
END_TEST

START_TEST(no_time_is_no_change)
{
    const nonet_conv p = { 1, 64, 20, 20, 64, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    tune_settings settings = { .seconds = 0 };
    tune_problem problem = problem_of(&p, 1);
    tune_machine machine = some_machine(1);
    tune_result result;

    ck_assert_int_eq(tune_one(&settings, &problem, &machine, 0, &result), NONET_OK);
    ck_assert_int_eq(result.rows[0].kind, PROFILE_KEEP);
    ck_assert_int_eq(result.reason, TUNE_NO_TIME);
    free(result.rows);
}
END_TEST

/* A profile that takes direct convolution, four times the work, where the default is Winograd's is found out; one that has
 * nothing to say is not measured. */
START_TEST(a_bad_profile_is_found_out)
{
    const nonet_conv p = { 1, 128, 16, 16, 128, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };
    tune_settings settings = { .seconds = 1 };
    tune_problem problem = problem_of(&p, 1);
    nonet_profile *profile = nonet_profile_new();
    nonet_profile_row row = { .kind = PROFILE_USE, .p = nonet_profile_problem(&p), .threads = 1 };
    tune_check_result r;
    nonet_plan *plan;

    ck_assert_ptr_nonnull(profile);
    ck_assert_int_eq(tune_check(&settings, &problem, profile, 1 << 20, 0, &r), NONET_OK);
    ck_assert(!r.differs && r.ratio[0] == 1);
    ck_assert_int_eq(nonet_plan_create(&plan, &p, &(nonet_options){ .algo = NONET_DIRECT, .threads = 1 }), NONET_OK);
    row.choice = nonet_plan_choice(plan);
    nonet_plan_destroy(plan);
    ck_assert(nonet_profile_add(profile, &row));
    ck_assert_int_eq(tune_check(&settings, &problem, profile, 1 << 20, 0, &r), NONET_OK);
    ck_assert(r.differs && r.samples >= 12);
    ck_assert_msg(r.ratio[0] < 0.98 && r.high[0] < 1, "it is %.3f (%.3f to %.3f) times as fast", r.ratio[0], r.low[0], r.high[0]);
    nonet_profile_close(profile);
}
END_TEST

START_TEST(time_is_shared_out)
{
    const double guesses[] = { 1, 2, 3, 4 };
    double left = 100;

    for (int i = 0; i < 4; i++) {
        double share = tune_share(guesses, i, 4, left);
        ck_assert(share > 0 && share <= left);
        ck_assert(i < 3 || fabs(share - left) < 1e-9);
        left -= share;
    }
    ck_assert_double_eq_tol(left, 0, 1e-9);
    ck_assert(tune_share(guesses, 3, 4, 100) > tune_share(guesses, 0, 4, 100));
    for (int reason = 0; reason < TUNE_REASONS; reason++)
        ck_assert_int_gt((int)strlen(tune_reason_text((tune_reason)reason)), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tune");
    TCase *bits = tcase_create("bits"), *times = tcase_create("times");

    tcase_add_test(bits, every_candidate_has_the_bits_of_portable_c);
    tcase_add_test(bits, any_choice_has_the_bits_of_portable_c);
    tcase_add_test(bits, a_plan_s_choice_gives_the_same_plan);
    tcase_add_test(bits, candidates_differ_and_the_default_comes_first);
    tcase_add_test(bits, wrong_bits_are_found_before_timing);
    tcase_add_test(bits, algorithms_take_turns);
    tcase_add_test(bits, the_rule_of_the_default_is_told);
    tcase_add_test(bits, a_named_algorithm_is_explained_by_the_row_of_auto);
    tcase_add_test(bits, large_problems_are_checked_on_a_part);
    tcase_add_test(times, tuning_ends_in_time_with_a_row);
    tcase_add_test(times, time_is_short_only_when_it_is_over);
    tcase_add_test(times, no_time_is_no_change);
    tcase_add_test(times, a_bad_profile_is_found_out);
    tcase_add_test(times, time_is_shared_out);
    tcase_set_timeout(bits, 600);
    tcase_set_timeout(times, 600);
    suite_add_tcase(suite, bits);
    suite_add_tcase(suite, times);
    return support_main(suite);
}
