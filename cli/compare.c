/* compare.c - `nonet compare`: two result files, a table or JSON, and an exit status for those who watch over a build. */
#include "bench/compare.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "cli/cli.h"

enum { OPT_FAIL = CLI_OWN, OPT_MARGIN, OPT_CLEAR };

static const char help[] =
    "Usage: nonet compare [OPTION...] A.json B.json\n"
    "Compares two runs that 'nonet bench --json' wrote, row by row: B's time by A's (the median of the ratios of all pairs of\n"
    "samples), its 95 % interval, and the probability of such samples if both were alike up to the margin (Mann-Whitney),\n"
    "corrected for the number of rows (Holm). A row is called slower or faster when that is below 5 % and the quickest samples\n"
    "are beyond the margin too; the run as a whole when the quickest samples of its rows are, taken together. A row that is\n"
    "neither, with a margin above 10 % (or the X of --fail-if-slower, if that is more), is called unclear: too noisy to tell.\n\n"
    "  --margin X        how far alike may be apart: 2% (default), 0.02, or 0; a row's is wider where a run drifted, where the\n"
    "                    middle half of its samples is, where the peak that limits it changed, and in disturbed runs\n"
    "  --fail-if-slower X  exit status 1 when a row or the whole is slower, and by more than X: 5% or 0.05\n"
    "  --require-clear   exit status 1 as well when a row or the whole is unclear: without it they pass\n"
    "  --json FILE       write JSON to FILE, - is standard output\n"
    "  --help            this text\n";

typedef struct request {
    const char *a, *b, *json;
    double margin, limit;       /* limit < 0: none */
    int require_clear;
} request;

/* "5%" or "0.05". */
static double part_option(const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end != text && *end == '%') {
        value /= 100;
        end++;
    }
    if (end == text || *end || !(value >= 0 && value <= 10))
        exit(cli_fail(EXIT_USAGE, "%s wants a part such as 5%% or 0.05, at most 10, not '%s'", option, text));
    return value;
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        { "fail-if-slower", required_argument, NULL, OPT_FAIL },
        { "margin", required_argument, NULL, OPT_MARGIN },
        { "require-clear", no_argument, NULL, OPT_CLEAR },
        { "json", required_argument, NULL, CLI_JSON },
        { "help", no_argument, NULL, CLI_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s", help);
            exit(EXIT_SUCCESS);
        }
        if (option == OPT_FAIL)
            r->limit = part_option("--fail-if-slower", optarg);
        else if (option == OPT_MARGIN)
            r->margin = part_option("--margin", optarg);
        else if (option == OPT_CLEAR)
            r->require_clear = 1;
        else if (option == CLI_JSON)
            r->json = optarg;
        else
            exit(EXIT_USAGE);
    }
    if (argc - optind != 2)
        exit(cli_fail(EXIT_USAGE, "wants two files, as in 'nonet compare before.json after.json'"));
    r->a = argv[optind];
    r->b = argv[optind + 1];
    cli_keep("--json", r->json, "a run", (const char *const *)argv + optind, 2);
}

static const char *name_of(compare_verdict verdict)
{
    static const char *const names[] = { "untested", "same", "slower", "faster", "unclear" };
    return names[verdict];
}

static void print_run(const char *letter, const results *r)
{
    const char *version = results_value(r, "nonet_version");
    printf("%s: %s: %s%s%s%s%s%s", letter, r->path, *version ? "nonet " : "", version, *version ? ", " : "",
           *r->cpu ? r->cpu : "unknown CPU", *r->isa ? ", " : "", r->isa);
    if (r->threads)
        printf(", %d thread%s", r->threads, r->threads == 1 ? "" : "s");
    printf("%s\n", r->disturbed ? ", DISTURBED while it was measured" : "");
}

static void print_row(const compare_row *row, int width)
{
    const ranks_ratio *q = &row->ratio;
    printf("%-*s %10.3f %10.3f %7.3f  ", width, row->a->name, 1e3 * row->a->median, 1e3 * row->b->median, q->ratio);
    if (row->a->count && row->b->count)
        printf("%6.3f - %-6.3f", q->low, q->high);
    else
        printf("%15s", "");
    if (row->verdict == COMPARE_UNTESTED)
        printf(" %5.1f %9s %8s  untested\n", 100 * row->margin, "", "");
    else
        printf(" %5.1f %9.2g %8.2g  %s\n", 100 * row->margin, row->plain.p, row->holm, name_of(row->verdict));
}

static void print_notes(const compare_result *c, double lost)
{
    printf("\n%d row%s: %d slower, %d faster, %d alike up to the margin", c->count, c->count == 1 ? "" : "s", c->slower,
           c->faster, c->tested - c->slower - c->faster - c->unclear);
    if (c->unclear)
        printf(", %d too noisy to tell", c->unclear);
    if (c->count > c->tested)
        printf(", %d without the 4 samples on each side that a test takes", c->count - c->tested);
    printf(".\n");
    if (c->only_a || c->only_b)
        printf("Not compared: %d row%s of A alone, %d of B alone.\n", c->only_a, c->only_a == 1 ? "" : "s", c->only_b);
    if (c->tested == 0) {
        printf("No test is possible: that takes samples, or repetitions of the same name, in both files.\n");
        return;
    }
    if (lost > 0)
        printf("In a disturbed run others had up to %.0f %% of the machine: no smaller difference is believed. Measure again.\n",
               100 * lost);
    printf("B/A: above 1 is slower; the median ratio of all pairs of samples, and its 95 %% interval. p: Mann-Whitney, no\n"
           "difference at all. Holm: none beyond the margin, +-%%, corrected for %d tests; below 0.05 a row is called slower\n"
           "or faster, if its quickest samples are beyond the margin as well.\n", c->tested);
    if (c->whole.verdict != COMPARE_UNTESTED)
        printf("Quickest: the median over all rows, without sums, of the ratio of their quickest samples, and its interval: the\n"
               "run as a whole is slower or faster when that lies beyond the margin.\n");
}

static void print_table(const compare_result *c, const results *a, const results *b)
{
    int width = 14;
    for (int i = 0; i < c->count; i++)
        width = (int)strlen(c->rows[i].a->name) > width ? (int)strlen(c->rows[i].a->name) : width;
    print_run("A", a);
    print_run("B", b);
    printf("\n%-*s %10s %10s %7s  %-15s %5s %9s %8s\n", width, "row", "A, ms", "B, ms", "B/A", "95 % interval", "+-%", "p",
           "Holm");
    for (int i = 0; i < c->count; i++)
        print_row(&c->rows[i], width);
    printf("%-*s %10s %10s %7.3f  ", width, "geometric mean", "", "", c->mean);
    if (c->low > 0)
        printf("%6.3f - %-6.3f", c->low, c->high);
    else
        printf("%15s", "");
    printf("  of %d rows%s\n", c->averaged, c->averaged < c->count ? ", sums left out" : "");
    if (c->whole.verdict != COMPARE_UNTESTED)
        printf("%-*s %10s %10s %7.3f  %6.3f - %-6.3f %5.1f %9s %8s  %s\n", width, "quickest", "", "", c->whole.ratio,
               c->whole.low, c->whole.high, 100 * c->whole.margin, "", "", name_of(c->whole.verdict));
    print_notes(c, a->lost > b->lost ? a->lost : b->lost);
}

static void put_row(json_out *out, const compare_row *row)
{
    json_begin(out, NULL, '{');
    json_text(out, "name", row->a->name);
    json_real(out, "a_time", 1e3 * row->a->median);
    json_real(out, "b_time", 1e3 * row->b->median);
    json_text(out, "time_unit", "ms");
    json_whole(out, "a_samples", row->a->count);
    json_whole(out, "b_samples", row->b->count);
    json_real(out, "ratio", row->ratio.ratio);
    json_real(out, "ratio_low", row->ratio.low);
    json_real(out, "ratio_high", row->ratio.high);
    json_real(out, "margin", row->margin);
    if (row->verdict != COMPARE_UNTESTED) {
        json_real(out, "ratio_quickest", row->quick);
        json_real(out, "u", row->plain.u);
        json_bool(out, "exact", row->plain.exact);
        json_real(out, "p", row->plain.p);
        json_real(out, "p_beyond_margin", row->beyond);
        json_real(out, "p_holm", row->holm);
    }
    json_text(out, "verdict", name_of(row->verdict));
    json_end(out, '}');
}

static int write_json(const char *path, const compare_result *c, const results *a, const results *b)
{
    json_out out;
    if (!emit_open(&out, path))
        return 0;
    json_begin(&out, NULL, '{');
    json_text(&out, "a", a->path);
    json_text(&out, "b", b->path);
    json_real(&out, "geometric_mean", c->mean);
    if (c->low > 0) {
        json_real(&out, "geometric_mean_low", c->low);
        json_real(&out, "geometric_mean_high", c->high);
    }
    json_whole(&out, "rows_tested", c->tested);
    json_whole(&out, "slower", c->slower);
    json_whole(&out, "faster", c->faster);
    json_whole(&out, "unclear", c->unclear);
    json_whole(&out, "only_in_a", c->only_a);
    json_whole(&out, "only_in_b", c->only_b);
    if (c->whole.verdict != COMPARE_UNTESTED) {
        json_real(&out, "quickest", c->whole.ratio);
        json_real(&out, "quickest_low", c->whole.low);
        json_real(&out, "quickest_high", c->whole.high);
        json_real(&out, "quickest_margin", c->whole.margin);
    }
    json_text(&out, "verdict", name_of(c->whole.verdict));
    json_begin(&out, "rows", '[');
    for (int i = 0; i < c->count; i++)
        put_row(&out, &c->rows[i]);
    json_end(&out, ']');
    json_end(&out, '}');
    return emit_close(&out);
}

static int gate_clear(const request *r, const compare_result *c)
{
    int whole = c->whole.verdict == COMPARE_UNCLEAR;
    if (!r->require_clear || (!c->unclear && !whole))
        return EXIT_SUCCESS;
    return cli_fail(EXIT_DATA, "too noisy to tell: %d row%s of %d%s; measure again", c->unclear, c->unclear == 1 ? "" : "s",
                    c->tested, whole ? ", and the run as a whole" : "");
}

/* What the run is worth to --fail-if-slower and --require-clear: without a test nothing may be called fine. */
static int gate(const request *r, const compare_result *c)
{
    if (r->limit < 0 && !r->require_clear)
        return EXIT_SUCCESS;
    if (c->tested == 0)
        return cli_fail(EXIT_DATA, "no test is possible: no row has 4 samples in both files");
    if (r->limit < 0)
        return gate_clear(r, c);
    int rows = compare_slower_than(c, r->limit), whole = c->whole.verdict == COMPARE_SLOWER && c->whole.ratio > 1 + r->limit;
    if (rows)
        return cli_fail(EXIT_DATA, "slower by more than %g %%: %d row%s of %d%s", 100 * r->limit, rows - whole,
                        rows - whole == 1 ? "" : "s", c->tested, whole ? ", and the run as a whole" : "");
    return gate_clear(r, c);
}

/* Two runs of different things may be compared on purpose, but not by mistake. */
static void warn_of_others(const results *a, const results *b)
{
    if (*a->cpu && *b->cpu && strcmp(a->cpu, b->cpu))
        fprintf(stderr, "nonet compare: warning: A ran on %s, B on %s\n", a->cpu, b->cpu);
    if (*a->isa && *b->isa && strcmp(a->isa, b->isa))
        fprintf(stderr, "nonet compare: warning: A ran with %s, B with %s\n", a->isa, b->isa);
    if (a->threads && b->threads && a->threads != b->threads)
        fprintf(stderr, "nonet compare: warning: A ran with %d thread%s, B with %d\n", a->threads, a->threads == 1 ? "" : "s",
                b->threads);
}

static int compare(const request *r, const results *a, const results *b)
{
    compare_result c;
    nonet_vgg_error err = { "" };
    double clear = r->limit > COMPARE_CLEAR ? r->limit : COMPARE_CLEAR;
    warn_of_others(a, b);
    nonet_vgg_status status = compare_runs(a, b, r->margin, clear, &c, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (!r->json || strcmp(r->json, "-"))
        print_table(&c, a, b);
    int result = r->json && !write_json(r->json, &c, a, b) ?
                 cli_fail(EXIT_DATA, "cannot write %s: %s", r->json, strerror(errno)) : gate(r, &c);
    compare_free(&c);
    return result;
}

int cmd_compare(int argc, char **argv)
{
    request r = { .margin = COMPARE_MARGIN, .limit = -1 };
    nonet_vgg_error err = { "" };
    results a, b;
    parse(argc, argv, &r);
    nonet_vgg_status status = results_load(&a, r.a, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    status = results_load(&b, r.b, &err);
    int result = status == NONET_VGG_OK ? compare(&r, &a, &b) : cli_fail(cli_exit_of(status), "%s", err.text);
    results_free(&a);
    if (status == NONET_VGG_OK)
        results_free(&b);
    return result;
}
