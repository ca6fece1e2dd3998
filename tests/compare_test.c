/* compare_test.c - comparing runs: U and its probabilities against published and counted values, planted slowdowns found, noise
 * alone not; result files that are broken; plots that are well-formed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/compare.h"
#include "bench/html.h"
#include "bench/plots.h"
#include "bench/svg.h"
#include "tests/support.h"

enum { SAMPLES = 15, ROWS = 16, TRIES = 100 };

/* ---- ranks ---- */
/* Orders of na and nb values with this U, by the definition: choose places for b one by one. */
static double orders(int na, int nb, int u)
{
    if (u < 0)
        return 0;
    if (na == 0 || nb == 0)
        return u == 0;
    return orders(na, nb - 1, u - na) + orders(na - 1, nb, u);
}

START_TEST(u_known_values)
{
    /* Six against six, places 1, 7 ... 11 and the rest: 25 of the 36 pairs one way, 11 the other. */
    const double t[] = { 1, 7, 8, 9, 10, 11 }, h[] = { 2, 3, 4, 5, 6, 12 };
    ranks_test test;
    ck_assert(ranks_compare(h, 6, t, 6, 1, &test));
    ck_assert_double_eq(test.u, 25);
    ck_assert(test.exact);
    /* Tables: n = 5 and 5, U <= 2 is the two-sided 5 % limit with p = 8/252. */
    const double a[] = { 1, 2, 3, 4, 7 }, b[] = { 5, 6, 8, 9, 10 };
    ck_assert(ranks_compare(a, 5, b, 5, 1, &test));
    ck_assert_double_eq(test.u, 23);
    ck_assert_double_eq_tol(test.p, 8.0 / 252, 1e-15);
}
END_TEST

START_TEST(u_counts_every_order)
{
    for (int na = 1; na <= 6; na++)
        for (int nb = 1; nb <= 6; nb++)
            for (int moved = 0; moved <= nb; moved++) {
                double a[6], b[6], all = 0, most = 0;
                ranks_test test;
                for (int i = 0; i < na; i++)
                    a[i] = 10 + i;
                for (int i = 0; i < nb; i++)
                    b[i] = i < moved ? 20 + i : 1 + 0.1 * i;
                ck_assert(ranks_compare(a, na, b, nb, 1, &test));
                ck_assert_double_eq(test.u, moved * na);
                for (int u = 0; u <= na * nb; u++) {
                    all += orders(na, nb, u);
                    most += u >= moved * na ? orders(na, nb, u) : 0;
                }
                ck_assert_double_eq_tol(test.greater, most / all, 1e-14);
            }
}
END_TEST

START_TEST(u_ties_and_many)
{
    const double a[] = { 1, 2, 2, 3 }, b[] = { 2, 3, 3, 4 };
    double same[40], large[40];
    ranks_test test;
    ck_assert(ranks_compare(a, 4, b, 4, 1, &test));
    ck_assert(!test.exact);
    ck_assert_double_eq(test.u, 13);
    /* Variance 16/12 * (9 - 48/56) by hand: three 2s and three 3s are tied, 24 + 24. */
    ck_assert_double_eq_tol(test.greater, 0.5 * erfc((13 - 8 - 0.5) / sqrt(16.0 / 12 * (9 - 48.0 / 56)) / sqrt(2)), 1e-12);
    for (int i = 0; i < 40; i++) {
        same[i] = 1;
        large[i] = 2 + i;
    }
    ck_assert(ranks_compare(same, 40, same, 40, 1, &test));
    ck_assert_double_eq(test.p, 1);
    ck_assert(ranks_compare(same, 40, large, 40, 1, &test));
    ck_assert_double_lt(test.p, 1e-12);
    ck_assert(ranks_compare(same, 40, large, 40, 100, &test));
    ck_assert_double_eq(test.u, 0);
}
END_TEST

START_TEST(ratio_and_interval)
{
    const double a[] = { 1, 2, 4, 8, 16 }, b[] = { 2, 4, 8, 16, 32 };
    double x[300], y[300];
    ranks_ratio ratio;
    ck_assert(ranks_ratio_of(a, 5, b, 5, &ratio));
    ck_assert_double_eq_tol(ratio.ratio, 2, 1e-12);
    /* 5 and 5: the 3rd smallest of 25 quotients, for P(U <= 2) is 4/252 and P(U <= 3) is above 2.5 %. */
    ck_assert_double_eq_tol(ratio.low, 0.25, 1e-12);
    ck_assert_double_eq_tol(ratio.high, 16, 1e-12);
    for (int i = 0; i < 300; i++) {
        x[i] = 1 + 1e-3 * i;
        y[i] = 1.05 * x[i];
    }
    ck_assert(ranks_ratio_of(x, 300, y, 300, &ratio));
    ck_assert_double_eq_tol(ratio.ratio, 1.05, 1e-9);
    ck_assert(ratio.low < 1.05 && ratio.low > 1.02 && ratio.high > 1.05 && ratio.high < 1.08);
}
END_TEST

START_TEST(holm)
{
    double p[] = { 0.04, 0.01, 0.03, 0.005 };
    const double want[] = { 0.06, 0.03, 0.06, 0.02 };
    ck_assert(ranks_holm(p, 4));
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol(p[i], want[i], 1e-15);
    ck_assert(ranks_holm(p, 0));
}
END_TEST

/* ---- whole runs ---- */
typedef struct fake {
    results r;
    results_row rows[ROWS];
    double x[ROWS][SAMPLES];
    char names[ROWS][24];
} fake;

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

/* A run as they come: each row with an offset of its own from run to run, and spikes upwards. busy: the share of samples that a
 * neighbour on the machine makes up to half as long again, in patches, as it comes and goes. */
static void fake_run(fake *f, uint64_t *state, double slow_row_3, double slow_all, double busy)
{
    *f = (fake){ .r = { .path = "fake", .cpu = "", .isa = "", .count = ROWS } };
    f->r.rows = f->rows;
    for (int i = 0; i < ROWS; i++) {
        double base = (i + 1) * 1e-3 * slow_all * (i == 3 ? slow_row_3 : 1) * (1 + 0.01 * (uniform(state) - 0.5));
        double patch = 0;
        snprintf(f->names[i], sizeof f->names[i], "net/row%d", i);
        for (int j = 0; j < SAMPLES; j++) {
            if (j % 2 == 0)
                patch = uniform(state) < busy ? 0.5 * uniform(state) : 0;
            f->x[i][j] = base * (1 + patch + 0.01 * uniform(state) + (uniform(state) < 0.1 ? 0.2 : 0));
        }
        f->rows[i] = (results_row){ .name = f->names[i], .shape = "", .algorithm = "", .kernel = "", .limit = "",
                                    .samples = f->x[i], .count = SAMPLES, .median = base };
    }
}

/* Of TRIES pairs: rows that are called different in any, row 3 slower, the whole slower, the whole called different. */
typedef struct tally {
    int any, row_3, whole, whole_any;
} tally;

static tally tries_with(double slow_row_3, double slow_all, double busy)
{
    static fake a, b;
    uint64_t state = 1;
    tally t = { 0 };
    for (int i = 0; i < TRIES; i++) {
        compare_result result;
        nonet_vgg_error err;
        fake_run(&a, &state, 1, 1, busy);
        fake_run(&b, &state, slow_row_3, slow_all, busy);
        ck_assert_int_eq(compare_runs(&a.r, &b.r, COMPARE_MARGIN, INFINITY, &result, &err), NONET_VGG_OK);
        ck_assert_int_eq(result.tested, ROWS);
        t.any += result.slower + result.faster > 0;
        t.row_3 += result.rows[3].verdict == COMPARE_SLOWER;
        t.whole += result.whole.verdict == COMPARE_SLOWER;
        t.whole_any += result.whole.verdict != COMPARE_SAME;
        compare_free(&result);
    }
    return t;
}

START_TEST(noise_alone_is_no_difference)
{
    tally quiet = tries_with(1, 1, 0), busy = tries_with(1, 1, 0.5);
    ck_assert_msg(quiet.any <= TRIES / 10, "%d of %d tries", quiet.any, TRIES);
    ck_assert_msg(busy.any <= TRIES / 10, "%d of %d tries beside a neighbour", busy.any, TRIES);
    ck_assert_msg(quiet.whole_any + busy.whole_any <= TRIES / 10, "the whole in %d, %d", quiet.whole_any, busy.whole_any);
}
END_TEST

START_TEST(planted_slowdown_is_found)
{
    tally row = tries_with(1.05, 1, 0), all = tries_with(1, 1.05, 0), busy = tries_with(1, 1.05, 0.5);
    ck_assert_msg(row.row_3 >= 9 * TRIES / 10, "%d of %d tries", row.row_3, TRIES);
    ck_assert_msg(row.whole_any <= TRIES / 20, "one row made the whole differ in %d of %d tries", row.whole_any, TRIES);
    ck_assert_msg(all.whole >= 9 * TRIES / 10, "the whole in %d of %d tries", all.whole, TRIES);
    ck_assert_msg(busy.whole >= 9 * TRIES / 10, "the whole in %d of %d tries beside a neighbour", busy.whole, TRIES);
}
END_TEST

/* What makes a row's margin wider: a disturbed run, another peak, samples far apart. */
START_TEST(margin_follows_the_machine)
{
    static fake a, b;
    compare_result result;
    nonet_vgg_error err;
    uint64_t state = 1;
    fake_run(&a, &state, 1, 1, 0);
    fake_run(&b, &state, 1, 1.05, 0);
    for (int i = 0; i < 4; i++) {
        a.r.peak = b.r.peak = 100;
        a.r.lost = b.r.lost = 0;
        for (int row = 0; row < ROWS; row++)
            a.rows[row].limit = b.rows[row].limit = "arithmetic";
        if (i == 1)
            b.r.lost = 0.1;
        if (i == 2)
            b.r.peak = 90;
        for (int j = 0; i == 3 && j < SAMPLES; j++)
            b.x[3][j] *= 1 + 0.02 * j;
        /* Margins are above 10 % then: that is no "alike", unless only more than 30 % are asked for. */
        ck_assert_int_eq(compare_runs(&a.r, &b.r, COMPARE_MARGIN, COMPARE_CLEAR, &result, &err), NONET_VGG_OK);
        ck_assert_int_eq(result.rows[3].verdict, i ? COMPARE_UNCLEAR : COMPARE_SLOWER);
        ck_assert_int_eq(result.whole.verdict, i == 1 || i == 2 ? COMPARE_UNCLEAR : COMPARE_SLOWER);
        ck_assert_int_eq(result.unclear, i == 0 ? 0 : i == 3 ? 1 : ROWS);
        compare_free(&result);
        ck_assert_int_eq(compare_runs(&a.r, &b.r, COMPARE_MARGIN, 0.3, &result, &err), NONET_VGG_OK);
        ck_assert_int_eq(result.rows[3].verdict, i ? COMPARE_SAME : COMPARE_SLOWER);
        ck_assert_int_eq(result.whole.verdict, i == 1 || i == 2 ? COMPARE_SAME : COMPARE_SLOWER);
        ck_assert_int_eq(result.unclear, 0);
        ck_assert(result.rows[3].margin >= (i ? 0.1 : 0.02) && result.rows[3].margin < 0.2);
        compare_free(&result);
    }
}
END_TEST

/* However noisy, what is slower beyond it is called slower. */
START_TEST(noise_does_not_hide_a_large_difference)
{
    static fake a, b;
    compare_result result;
    nonet_vgg_error err;
    uint64_t state = 1;
    fake_run(&a, &state, 1, 1, 0);
    fake_run(&b, &state, 3, 1, 0);
    b.r.lost = 0.3;
    ck_assert_int_eq(compare_runs(&a.r, &b.r, COMPARE_MARGIN, COMPARE_CLEAR, &result, &err), NONET_VGG_OK);
    ck_assert_int_eq(result.rows[3].verdict, COMPARE_SLOWER);
    ck_assert_int_eq(result.rows[4].verdict, COMPARE_UNCLEAR);
    ck_assert_int_eq(result.slower, 1);
    ck_assert_int_eq(result.unclear, ROWS - 1);
    ck_assert_int_eq(compare_slower_than(&result, 0.03), 1);
    compare_free(&result);
}
END_TEST

/* ---- files ---- */
static char file[] = P_tmpdir "/nonet_compare_XXXXXX";

static void write_text(const char *text)
{
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static nonet_vgg_status load(results *r, const char *text, nonet_vgg_error *err)
{
    write_text(text);
    return results_load(r, file, err);
}

#define FIXTURE(samples)                                                                                                      \
    "{\"context\":{\"cpu\":\"<A&B> \\\"C\\\" \\u0001\\ud83d\\ude00\",\"isa\":\"c\",\"threads\":1,\"fma_peak_gflops\":100,"     \
    "\"read_gbps\":20,\"disturbed\":true,\"caches\":[{\"type\":\"Data\",\"level\":1,\"size\":32768,\"num_sharing\":1}],"       \
    "\"peaks\":[{\"isa\":\"c\",\"threads\":1}]},\"benchmarks\":["                                                             \
    "{\"name\":\"n/conv1\",\"threads\":1,\"real_time\":10,\"time_unit\":\"ms\"," samples "\"algorithm\":\"winograd-f4\","      \
    "\"shape\":\"64x56x56 -> 64x56x56\",\"gflops\":23,\"own_bound_fraction\":0.5,\"bound_time\":5,\"bound_fraction\":0.5},"    \
    "{\"name\":\"n/fc\",\"threads\":1,\"real_time\":3,\"time_unit\":\"ms\",\"gflops\":3,\"bound_time\":2},"                   \
    "{\"name\":\"n/conv1_mean\",\"run_type\":\"aggregate\",\"real_time\":7}]}"

static int without_json(void)
{
#ifdef NONET_TEST_CJSON
    return 0;
#else
    nonet_vgg_error err;
    results r;
    ck_assert_int_eq(results_load(&r, file, &err), NONET_VGG_UNSUPPORTED);
    support_skip("result files", "built without cJSON");
    return 1;
#endif
}

START_TEST(reads_files)
{
    nonet_vgg_error err;
    results r;
    if (without_json())
        return;
    ck_assert_int_eq(load(&r, FIXTURE("\"samples\":[9,11,10,-1,null],"), &err), NONET_VGG_OK);
    ck_assert_int_eq(r.count, 2);
    ck_assert_int_eq(r.rows[0].count, 3);
    ck_assert_double_eq_tol(r.rows[0].median, 0.010, 1e-15);
    ck_assert_double_eq_tol(r.rows[0].executed, 50, 1e-12);
    ck_assert_double_eq(r.rows[0].bytes, 4.0 * (2 * 64 * 56 * 56 + 36 * 64 * 64));
    ck_assert(r.rows[1].sum && r.rows[1].count == 0);
    ck_assert_str_eq(results_value(&r, "caches"), "L1 Data 32 KiB for 1");
    results_free(&r);
    ck_assert_int_eq(load(&r, "{\"benchmarks\":[{\"name\":\"x\",\"real_time\":1},{\"name\":\"x\",\"real_time\":2}]}", &err),
                     NONET_VGG_OK);
    ck_assert_int_eq(r.count, 1);
    ck_assert_int_eq(r.rows[0].count, 2);
    ck_assert_double_eq_tol(r.rows[0].median, 1.5e-9, 1e-20);
    results_free(&r);
}
END_TEST

START_TEST(refuses_files)
{
    static const char *const bad[] = { "", "[", "{}", "[]", "{\"benchmarks\":[]}", "{\"benchmarks\":[1,\"x\",null]}", "{} {}",
                                       "{\"benchmarks\":[{\"name\":\"x\"}]}", "{\"benchmarks\":{\"name\":\"x\",\"real_time\":1}}",
                                       "{\"benchmarks\":[{\"name\":\"x\",\"real_time\":-1}]}", "\xff\xfe{" };
    nonet_vgg_error err;
    results r;
    if (without_json())
        return;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err.text[0] = '\0';
        ck_assert_msg(load(&r, bad[i], &err) == NONET_VGG_BAD_FILE, "%s is taken", bad[i]);
        ck_assert_msg(strstr(err.text, file) != NULL, "%s: %s", bad[i], err.text);
        results_free(&r);
    }
    /* Cut off anywhere: refused, or, where only the end is missing, never. */
    char text[] = FIXTURE("");
    for (size_t end = sizeof text - 2; end > 0; end -= end > 7 ? 7 : end) {
        text[end] = '\0';
        ck_assert_int_eq(load(&r, text, &err), NONET_VGG_BAD_FILE);
    }
}
END_TEST

/* ---- plots ---- */
static int same_name(const char *open, size_t length, const char *close)
{
    return !strncmp(open, close, length) && close[length] == '>';
}

/* Every tag is closed in its turn, every & begins an entity, and no quote is left open: a strict reader of what svg.c writes. */
static const char *not_well_formed(const char *p)
{
    const char *open[64];
    int depth = 0;
    for (; *p; p++) {
        if (*p == '&' && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4) && strncmp(p, "&amp;", 5) && strncmp(p, "&quot;", 6))
            return p;
        if ((unsigned char)*p < 0x20 && *p != '\n')
            return p;
        if (*p != '<' || p[1] == '?')
            continue;
        if (p[1] == '/') {
            if (depth == 0 || !same_name(open[depth - 1], strcspn(open[depth - 1], " >\n"), p + 2))
                return p;
            depth--;
            continue;
        }
        const char *end = p;
        for (int quoted = 0; *end && (quoted || *end != '>'); end++)
            quoted ^= *end == '"';
        if (!*end || depth == 64)
            return p;
        if (end[-1] != '/')
            open[depth++] = p + 1;
        p = end;
    }
    return depth ? open[depth - 1] : NULL;
}

static void check_plot(int drawn, markup *plot)
{
    markup whole = { 0 };
    ck_assert(drawn && !plot->failed && plot->text);
    svg_file(&whole, plot);
    const char *wrong = not_well_formed(whole.text);
    ck_assert_msg(wrong == NULL, "not well-formed at: %.60s", wrong);
    ck_assert_ptr_nonnull(strstr(whole.text, "&lt;A&amp;B&gt; &quot;C&quot; \xef\xbf\xbd\xf0\x9f\x98\x80"));
    ck_assert_ptr_null(strstr(whole.text, "nan"));
    ck_assert_ptr_null(strstr(whole.text, "inf"));
    markup_free(&whole);
    markup_free(plot);
}

START_TEST(plots_are_well_formed)
{
    nonet_vgg_error err;
    results one, two;
    markup plot = { 0 };
    if (without_json())
        return;
    ck_assert_int_eq(load(&one, FIXTURE("\"samples\":[9,11,10],"), &err), NONET_VGG_OK);
    ck_assert_int_eq(load(&two, FIXTURE(""), &err), NONET_VGG_OK);
    two.threads = 2;
    const results *const runs[] = { &one, &two };
    check_plot(plot_roofline(&plot, "a", &one), &plot);
    check_plot(plot_layers(&plot, "b", &two), &plot);
    check_plot(plot_scaling(&plot, "c", runs, 2), &plot);
    one.peak = 0;
    ck_assert(!plot_roofline(&plot, "d", &one) && !plot.text);
    ck_assert_int_eq(html_report(&one, 1, file, NULL, &err), NONET_VGG_OK);
    ck_assert_int_eq(html_report(&one, 1, "/nonexistent/x.html", NULL, &err), NONET_VGG_IO);
    results_free(&one);
    results_free(&two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *cases = tcase_create("compare");
    tcase_set_timeout(cases, 120);
    int fd = mkstemp(file);
    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    tcase_add_test(cases, u_known_values);
    tcase_add_test(cases, u_counts_every_order);
    tcase_add_test(cases, u_ties_and_many);
    tcase_add_test(cases, ratio_and_interval);
    tcase_add_test(cases, holm);
    tcase_add_test(cases, noise_alone_is_no_difference);
    tcase_add_test(cases, planted_slowdown_is_found);
    tcase_add_test(cases, margin_follows_the_machine);
    tcase_add_test(cases, noise_does_not_hide_a_large_difference);
    tcase_add_test(cases, reads_files);
    tcase_add_test(cases, refuses_files);
    tcase_add_test(cases, plots_are_well_formed);
    suite_add_tcase(suite, cases);
    int status = support_main(suite);
    unlink(file);
    return status;
}
