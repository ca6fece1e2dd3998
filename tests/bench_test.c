/* bench_test.c - the benchmark suite: statistics against exact sums, bounds by hand, what is written read back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "bench/peers/run.h"
#include "bench/record.h"
#include "tests/support.h"
#ifdef NONET_TEST_CJSON
#include <cjson/cJSON.h>
#endif

/* P(B < d) for a binomial(n, 1/2) variable B, by whole numbers as long as they are exact: Pascal's triangle up to n = 50. */
static double below_exact(int n, int d)
{
    unsigned long long term = 1, sum = 0;

    for (int i = 0; i < d; i++) {
        sum += term;
        term = term * (unsigned long long)(n - i) / (unsigned long long)(i + 1);
    }
    return ldexp((double)sum, -n);
}

START_TEST(interval_is_the_narrowest_of_95_percent)
{
    for (int n = 1; n <= 50; n++) {
        int d = bench_interval_rank(n);

        support_need(below_exact(n, d) <= 0.025, "n = %d: %d is too narrow", n, d);
        support_need(below_exact(n, d + 1) > 0.025, "n = %d: %d is too wide", n, d);
    }
    ck_assert_int_eq(bench_interval_rank(5), 0);
    ck_assert_int_eq(bench_interval_rank(6), 1);
}
END_TEST

/* By sums of whole numbers without limit; 0.5^n is no double from n = 1075 on. */
START_TEST(interval_of_many_samples)
{
    ck_assert_int_eq(bench_interval_rank(100), 40);
    ck_assert_int_eq(bench_interval_rank(1000), 469);
    ck_assert_int_eq(bench_interval_rank(10000), 4902);
}
END_TEST

static bench_stats stats_of(const double *x, int n)
{
    bench_series series = { NULL, 0, 0 };
    bench_stats stats;

    for (int i = 0; i < n; i++)
        ck_assert(bench_series_add(&series, x[i]));
    ck_assert(bench_stats_of(&series, &stats));
    bench_series_free(&series);
    return stats;
}

START_TEST(stats_of_known_samples)
{
    static const double x[] = { 9, 1, 8, 2, 7, 3, 6, 4, 5, 100 };
    bench_stats s = stats_of(x, 10);

    ck_assert_double_eq(s.min, 1);
    ck_assert_double_eq(s.median, 5.5);
    ck_assert_double_eq(s.p90, 9);      /* nine of ten are 9 or less */
    ck_assert_double_eq(s.p99, 100);
    ck_assert_double_eq(s.mad, 2.5);    /* deviations .5 .5 1.5 1.5 2.5 2.5 3.5 3.5 4.5 94.5 */
    ck_assert_double_eq(s.low, 2);      /* P(B < 2) = 11/1024 for n = 10 */
    ck_assert_double_eq(s.high, 9);
    ck_assert_int_eq(s.count, 10);
    s = stats_of(x, 1);
    ck_assert(s.min == 9 && s.median == 9 && s.p90 == 9 && s.p99 == 9 && s.low == 9 && s.high == 9 && s.mad == 0);
    s = stats_of(x, 0);
    ck_assert(s.count == 0 && s.median == 0);
}
END_TEST

START_TEST(percentiles_of_many)
{
    double x[1000];

    for (int i = 0; i < 1000; i++)
        x[(i * 7) % 1000] = i + 1;
    bench_stats s = stats_of(x, 1000);
    ck_assert_double_eq(s.p90, 900);
    ck_assert_double_eq(s.p99, 990);
    ck_assert_double_eq(s.median, 500.5);
    ck_assert_double_eq(s.mad, 250);
}
END_TEST

/* ---- bounds ---- */

static bench_work work_of(int c, int k, int side, nonet_algo algo, const bench_residence *residence)
{
    nonet_conv p = { .n = 1, .c = c, .h = side, .w = side, .k = k, .pad = 1 };
    bench_work work = bench_work_of(&p, algo);

    bench_work_bytes(&work, residence);
    return work;
}

START_TEST(multiply_adds_are_counted)
{
    nonet_conv p = { .n = 2, .c = 8, .h = 14, .w = 14, .k = 16, .pad = 1 };
    bench_work work = bench_work_of(&p, NONET_WINOGRAD_F4);

    ck_assert_double_eq(work.direct, 2.0 * 14 * 14 * 16 * 8 * 9);
    ck_assert_double_eq(work.own, 2.0 * 22 * 22 * 16 * 8);      /* 14 = 4 + 4 + 4 + 2, in 6 + 6 + 6 + 4 points */
    ck_assert_double_eq(bench_macs(&p, NONET_WINOGRAD_F2), 2.0 * 49 * 16 * 16 * 8);
    ck_assert_double_eq(work.fewest, work.own);
    work = bench_work_of(&p, NONET_WINOGRAD_F6);
    ck_assert_double_eq(work.own, 2.0 * 9 * 64 * 16 * 8);       /* 3 x 3 tiles; the fewest are of those that AUTO takes */
    ck_assert_double_eq(work.fewest, 2.0 * 22 * 22 * 16 * 8);
    p.h = p.w = 12;
    ck_assert_double_eq(bench_work_of(&p, NONET_WINOGRAD_F6).own, 2.0 * 4 * 64 * 16 * 8);
    ck_assert_double_eq(bench_work_of(&p, NONET_WINOGRAD_F6).fewest, 2.0 * 9 * 36 * 16 * 8);
    p.h = p.w = 14;
    p.stride = 2;
    ck_assert_double_eq(bench_macs(&p, NONET_WINOGRAD_F2), 0);
    ck_assert_double_eq(bench_macs(&p, NONET_DIRECT), 2.0 * 7 * 7 * 16 * 8 * 9);
}
END_TEST

/* What was packed counts, not what was asked for: a map that the kernel does not cover has no bf16 weights. */
START_TEST(weights_of_16_bits_are_half_the_bytes)
{
    static const struct {
        int n, side;
        nonet_fc_weights fc;
        double bytes;
    } cases[] = {
        { 1, 7, NONET_FC_F32, 4.0 * 32 * 48 * 49 }, { 1, 7, NONET_FC_BF16, 2.0 * 32 * 48 * 49 },
        { 3, 7, NONET_FC_BF16, 2.0 * 32 * 48 * 49 }, { 1, 8, NONET_FC_BF16, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nonet_conv p = { .n = cases[i].n, .c = 32, .h = cases[i].side, .w = cases[i].side, .k = 48, .r = 7, .s = 7 };
        nonet_options options = { .fc_weights = cases[i].fc };
        bench_peak peak = { .fma_gflops = 1e9, .read_gbps = 1 };
        nonet_plan *plan;

        ck_assert_int_eq(nonet_plan_create(&plan, &p, &options), NONET_OK);
        bench_work work = bench_work_planned(&p, plan);
        support_need(work.weight_bytes == cases[i].bytes, "case %zu: %g bytes", i, work.weight_bytes);
        if (cases[i].bytes > 0)
            ck_assert_double_eq_tol(bench_bound(&work, &peak), 1e-9 * cases[i].bytes, 1e-15);
        nonet_plan_destroy(plan);
    }
}
END_TEST

START_TEST(memory_is_what_caches_cannot_keep)
{
    static const struct {
        bench_residence residence;
        double memory;
    } cases[] = {
        { { .weights = 10e6, .maps = 1e6, .total = 11e6, .last_cache = 32e6 }, 0 },
        { { .weights = 10e6, .maps = 1e6, .total = 500e6, .last_cache = 32e6 }, 10e6 },
        { { .weights = 10e6, .maps = 40e6, .total = 50e6, .last_cache = 32e6 }, 50e6 },
        { { .weights = 10e6, .maps = 1e6, .total = 11e6, .last_cache = 32e6, .cold = BENCH_COLD_WEIGHTS }, 10e6 },
        { { .weights = 10e6, .maps = 1e6, .total = 11e6, .last_cache = 32e6, .cold = BENCH_COLD_ALL }, 11e6 },
        { { .weights = 10e6, .maps = 1e6, .total = 11e6, .last_cache = 0 }, 11e6 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_work work = work_of(64, 64, 14, NONET_DIRECT, &cases[i].residence);

        support_need(work.memory_bytes == cases[i].memory, "case %zu: %g bytes, not %g", i, work.memory_bytes, cases[i].memory);
        support_need(work.bytes == cases[i].residence.weights + cases[i].residence.maps, "case %zu: %g bytes", i, work.bytes);
    }
}
END_TEST

START_TEST(roofline_takes_the_slower_side)
{
    bench_peak peak = { .fma_gflops = 100, .read_gbps = 20 };
    bench_limit limit;
    bench_work work = { .own = 50e9, .memory_bytes = 10e9 };

    ck_assert_double_eq_tol(bench_roofline(&work, &peak, &limit), 1.0, 1e-12);
    ck_assert_str_eq(bench_limit_name(limit), "arithmetic");
    work.memory_bytes = 40e9;
    ck_assert_double_eq_tol(bench_roofline(&work, &peak, &limit), 2.0, 1e-12);
    ck_assert_str_eq(bench_limit_name(limit), "memory");
    work = (bench_work){ .n = 1 };
    ck_assert_double_eq(bench_roofline(&work, &peak, &limit), 0);
    ck_assert_str_eq(bench_limit_name(limit), "");
}
END_TEST

/* ---- other libraries ---- */

START_TEST(worst_image_of_a_peer)
{
    const float ours[] = { 3, 4, 0, 1, 3, 4 };
    float theirs[] = { 3, 4, 0, 1, 3, 4 };

    ck_assert_double_eq(bench_peers_difference(ours, theirs, 3, 2), 0);
    theirs[1] = 4.5f;
    theirs[5] = 3;
    ck_assert_double_eq_tol(bench_peers_difference(ours, theirs, 3, 2), 0.2, 1e-12);
    theirs[0] = NAN;            /* of the first image: the others are numbers, and do not hide it */
    ck_assert(isnan(bench_peers_difference(ours, theirs, 3, 2)));
}
END_TEST

/* ---- records ---- */

/* A report as after a run, with everything in it that is hard to write down. */
static void make_report(bench_report *report, bench_settings *settings)
{
    static const double times[] = { 0.003, 0.001, 0.002 };

    *settings = (bench_settings){ .seed = 7 };
    *report = (bench_report){ .settings = settings, .isa = NONET_ISA_C, .threads = 2, .peak = { 200, 20, 15 } };
    snprintf(report->host.cpu, sizeof report->host.cpu, "A \"CPU\", with\tall \\ of it \xff");
    snprintf(report->subject, sizeof report->subject, "two\nlines");
    report->verdict.count = 1;
    snprintf(report->verdict.reason[0], sizeof report->verdict.reason[0], "other load: 1.00 CPUs on average");
    bench_row *row = bench_report_add(report, ROW_CONV, "layer/%d", 1);
    ck_assert_ptr_nonnull(row);
    row->runs = 4;
    row->gflops = NAN;
    for (int i = 0; i < 3; i++)
        ck_assert(bench_series_add(&row->seconds, times[i]));
    ck_assert(bench_stats_of(&row->seconds, &row->stats));
    snprintf(row->hash, sizeof row->hash, "0123456789abcdef");
    row = bench_report_add(report, ROW_OTHER, "layer/2, \"quoted\"");
    ck_assert_ptr_nonnull(row);
    snprintf(row->hash, sizeof row->hash, "fedcba9876543210");
    ck_assert_ptr_nonnull(bench_report_add(report, ROW_CONV, "layer/2/peer"));
}

START_TEST(table_tells_every_number_of_samples)
{
    bench_report report;
    bench_settings settings;
    char text[64];

    make_report(&report, &settings);
    for (int i = 0; i < report.count; i++)
        report.rows[i].stats.count = 7;
    bench_table_counts(&report, text, sizeof text);
    ck_assert_str_eq(text, "median of 7");
    report.rows[0].stats.count = 300;
    bench_table_counts(&report, text, sizeof text);
    ck_assert_str_eq(text, "medians of 7 to 300 samples");
    bench_report_free(&report);
}
END_TEST

/* What a writer wrote, as text (free it). */
static char *written(int (*write)(const bench_report *))
{
    bench_report report;
    bench_settings settings;
    char name[] = "bench_test.XXXXXX";
    int fd = mkstemp(name);
    size_t size = 0;

    ck_assert_int_ge(fd, 0);
    make_report(&report, &settings);
    settings.json = settings.jsonl = settings.csv = name;
    ck_assert(write(&report));
    bench_report_free(&report);
    char *text = (char *)support_read(name, &size);
    ck_assert_ptr_nonnull(text);
    text = realloc(text, size + 1);
    ck_assert_ptr_nonnull(text);
    text[size] = '\0';
    remove(name);
    return text;
}

#ifdef NONET_TEST_CJSON
static const cJSON *item(const cJSON *in, const char *key)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(in, key);

    support_need(found != NULL, "there is no %s", key);
    return found;
}

static void check_context(const cJSON *context)
{
    ck_assert_str_eq(item(context, "schema")->valuestring, BENCH_SCHEMA);
    ck_assert_str_eq(item(context, "cpu")->valuestring, "A \"CPU\", with\tall \\ of it \xef\xbf\xbd");
    ck_assert_str_eq(item(context, "subject")->valuestring, "two\nlines");
    ck_assert_int_eq(cJSON_GetArraySize(item(context, "disturbed_by")), 1);
    ck_assert(cJSON_IsTrue(item(context, "disturbed")));
    ck_assert_double_eq(item(context, "copy_gbps")->valuedouble, 15);
    ck_assert_double_eq(item(context, "seed")->valuedouble, 7);
    ck_assert_str_eq(item(context, "output_hash")->valuestring, "fedcba9876543210");
}

static void check_row(const cJSON *row)
{
    ck_assert_str_eq(item(row, "name")->valuestring, "layer/1");
    ck_assert_double_eq_tol(item(row, "real_time")->valuedouble, 2, 1e-9);
    ck_assert_double_eq_tol(item(row, "real_time_p99")->valuedouble, 3, 1e-9);
    ck_assert_str_eq(item(row, "time_unit")->valuestring, "ms");
    ck_assert_int_eq(cJSON_GetArraySize(item(row, "samples")), 3);
    ck_assert_double_eq_tol(cJSON_GetArrayItem(item(row, "samples"), 0)->valuedouble, 3, 1e-9);
    ck_assert_double_eq(item(row, "sample_iterations")->valuedouble, 4);
    ck_assert(cJSON_IsNull(item(row, "gflops")));
}

START_TEST(json_reads_back)
{
    char *text = written(bench_json);
    cJSON *tree = cJSON_Parse(text);

    ck_assert_ptr_nonnull(tree);
    check_context(item(tree, "context"));
    ck_assert_int_eq(cJSON_GetArraySize(item(tree, "benchmarks")), 3);
    check_row(cJSON_GetArrayItem(item(tree, "benchmarks"), 0));
    cJSON_Delete(tree);
    free(text);
}
END_TEST

START_TEST(json_lines_read_back)
{
    char *text = written(bench_jsonl), *rest = text, *line;
    int lines = 0;

    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        cJSON *tree = cJSON_Parse(line);

        support_need(tree != NULL, "line %d is no JSON", lines + 1);
        check_context(item(tree, "context"));
        if (lines++ == 0)
            check_row(tree);
        cJSON_Delete(tree);
    }
    ck_assert_int_eq(lines, 3);
    free(text);
}
END_TEST
#else
START_TEST(json_reads_back)
{
    support_skip("json_reads_back", "no cJSON");
}
END_TEST

START_TEST(json_lines_read_back)
{
    support_skip("json_lines_read_back", "no cJSON");
}
END_TEST
#endif

/* Cells of the first record at *text, quotes taken off in place; *text moves behind it. */
static int csv_record(char **text, char **cells, int most)
{
    char *in = *text, *out = in, c;
    int count = 0, quoted = 0, ended = 0;

    for (cells[count++] = out; !ended && (c = *in) != '\0'; in++) {
        if (c == '"' && quoted && in[1] == '"')
            *out++ = *in++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted || (c != ',' && c != '\r'))
            *out++ = c;
        else {
            *out++ = '\0';
            ended = c == '\r';
            ck_assert_int_lt(count, most);
            if (!ended)
                cells[count++] = out;
        }
    }
    *text = in + ended;         /* the line feed */
    return count;
}

static const char *cell_of(char **names, char **cells, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return cells[i];
    ck_abort_msg("there is no column %s", name);
    return "";
}

START_TEST(csv_reads_back)
{
    enum { MOST = 200 };
    char *text = written(bench_csv), *rest = text, *names[MOST], *cells[MOST];
    int count = csv_record(&rest, names, MOST);

    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            support_need(strcmp(names[i], names[j]) != 0, "column %s is there twice", names[i]);
    ck_assert_int_eq(csv_record(&rest, cells, MOST), count);
    ck_assert_str_eq(cell_of(names, cells, count, "name"), "layer/1");
    ck_assert_str_eq(cell_of(names, cells, count, "samples"), "3 1 2");
    ck_assert_str_eq(cell_of(names, cells, count, "gflops"), "");
    ck_assert_str_eq(cell_of(names, cells, count, "context.subject"), "two\nlines");
    ck_assert_str_eq(cell_of(names, cells, count, "context.schema"), BENCH_SCHEMA);
    ck_assert_str_eq(cell_of(names, cells, count, "context.disturbed_by"), "other load: 1.00 CPUs on average");
    ck_assert_str_eq(cell_of(names, cells, count, "context.output_hash"), "fedcba9876543210");
    ck_assert_int_eq(csv_record(&rest, cells, MOST), count);
    ck_assert_str_eq(cell_of(names, cells, count, "name"), "layer/2, \"quoted\"");
    ck_assert_int_eq(csv_record(&rest, cells, MOST), count);
    ck_assert_str_eq(rest, "");
    free(text);
}
END_TEST

/* Surrogates, overlong forms and what is above U+10FFFF are no characters, whoever writes them: JSON may not hold them. */
START_TEST(texts_are_utf8)
{
    static const char *const good[] = { "a", "\xc3\xa9", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
    static const char *const bad[] = { "\xed\xa0\x80", "\xe0\x9f\xbf", "\xc0\xaf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xc3",
                                       "\xe2\x82", "\x80", "\xff" };
    char *text = NULL;
    size_t size = 0;
    json_out out = { .file = open_memstream(&text, &size), .empty = 1 };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_uint_eq(emit_utf8(good[i]), strlen(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(emit_utf8(bad[i]), 0);
    ck_assert_ptr_nonnull(out.file);
    json_text(&out, NULL, "a\xed\xa0\x80\xc3\xa9\n");
    fclose(out.file);
    ck_assert_str_eq(text, "\"a\\ufffd\\ufffd\\ufffd\xc3\xa9\\u000a\"");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench");
    TCase *tcase = tcase_create("figures"), *record = tcase_create("record");

    tcase_add_test(tcase, interval_is_the_narrowest_of_95_percent);
    tcase_add_test(tcase, interval_of_many_samples);
    tcase_add_test(tcase, stats_of_known_samples);
    tcase_add_test(tcase, percentiles_of_many);
    tcase_add_test(tcase, multiply_adds_are_counted);
    tcase_add_test(tcase, weights_of_16_bits_are_half_the_bytes);
    tcase_add_test(tcase, memory_is_what_caches_cannot_keep);
    tcase_add_test(tcase, roofline_takes_the_slower_side);
    tcase_add_test(tcase, worst_image_of_a_peer);
    suite_add_tcase(suite, tcase);
    tcase_add_test(record, table_tells_every_number_of_samples);
    tcase_add_test(record, json_reads_back);
    tcase_add_test(record, json_lines_read_back);
    tcase_add_test(record, csv_reads_back);
    tcase_add_test(record, texts_are_utf8);
    suite_add_tcase(suite, record);
    return support_main(suite);
}
