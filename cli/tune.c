/* tune.c - `nonet tune`: measures what is fastest here and keeps it in a profile; --check: what a profile gains. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "autotune/explain.h"
#include "bench/host.h"
#include "bench/timer.h"
#include "cli/problems.h"

enum { OPT_TIME = CLI_PROBLEMS_OWN, OPT_CHECK };
enum { WHY = 4608 };

#define DEFAULT_SECONDS 60.0
/* --check: so much slower than the default is a fault, if the interval says that it is slower at all. */
#define SLOWER 0.98

static const char help[] =
    "Usage: nonet tune [OPTION...] NET...\n"
    "       nonet tune [OPTION...] layer N C H W K\n"
    "       nonet tune [OPTION...] --shapes FILE | --model FILE\n"
    "       nonet tune --check [OPTION...] NET... | layer ... | --shapes FILE\n"
    "Tries other blocks, splits, kernels and forms of weights for each layer: predicts, verifies their bits, measures the\n"
    "promising ones in turn with the default, and keeps what is faster by more than the noise in a profile. Results keep their\n"
    "bits. bench, classify, eval and features use the profile with --profile cache, or NONET_PROFILE=cache (docs/TUNING.md).\n\n"
    "  --time S          stop after S seconds (default 60); layers that were not reached keep what they have\n"
    "  --profile FILE    the profile to write or, if it serves here, to add to (default: $NONET_PROFILE, else the file that\n"
    "                    `--profile cache` names, in $XDG_CACHE_HOME/nonet or ~/.cache/nonet)\n"
    "  --check           write nothing: measure a profile's plans in turn with the default ones; exit status 1 if one is slower\n"
    "                    by more than 2 %\n";

typedef struct request {
    cli_common common;
    problem_words words;
    tune_settings settings;
    int check;
    const char *profile;        /* a file, or NULL: the cache's */
    problem_list problems;
    tune_machines machines;
} request;

static double seconds_option(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds > 0 && seconds <= 86400))
        exit(cli_fail(EXIT_USAGE, "--time wants seconds from above 0 to 86400, not '%s'", text));
    return seconds;
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        { "time", required_argument, NULL, OPT_TIME }, { "check", no_argument, NULL, OPT_CHECK },
        CLI_PROBLEMS_LONG, CLI_COMMON_LONG, { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s%s", help, cli_problems_help);
            exit(EXIT_SUCCESS);
        }
        if (option == OPT_TIME)
            r->settings.seconds = seconds_option(optarg);
        else if (option == OPT_CHECK)
            r->check = 1;
        else if (option == CLI_JSON)
            exit(cli_fail(EXIT_USAGE, "--json: what tuning found is in the profile; 'nonet plan --explain --json' tells it"));
        else if (!cli_problems_option(option, optarg, &r->words, &r->settings.any_algorithm) &&
                 !cli_common_option(option, optarg, &r->common))
            exit(EXIT_USAGE);
    }
}

/* ---- progress ---- */

static void tell(int index, int count, const tune_problem *p, double left)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%d of %d: %s, %d thread%s, %.0f s left", index + 1, count, p->name, p->threads,
                p->threads == 1 ? "" : "s", left);
}

static void wipe(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* ---- the machine ---- */

static const tune_machine *machine_of(request *r, int threads)
{
    return tune_machine_of(&r->machines, r->common.conv.isa, threads);
}

/* ---- tuning ---- */

static void print_head(void)
{
    printf("%-24s %-28s %3s %10s %10s %7s %-15s  %s\n", "layer", "shape", "thr", "default us", "tuned us", "gain %",
           "95 % interval", "what and why");
}

static void print_result(const tune_problem *p, const tune_result *result)
{
    char shape[64], choice[128], interval[32] = "", gain[16] = "", times[32] = "-";
    const nonet_profile_row *row = &result->rows[0];
    int won = row->kind == PROFILE_USE;
    cli_problem_shape(p, shape, sizeof shape);
    tune_choice_text(&row->choice, choice, sizeof choice);
    if (won) {
        snprintf(gain, sizeof gain, "%.1f", 100 * (row->faster - 1));
        snprintf(interval, sizeof interval, "%.1f to %.1f", 100 * (row->low - 1), 100 * (row->high - 1));
    }
    if (row->us > 0)
        snprintf(times, sizeof times, "%10.1f %10.1f", won ? row->base : row->us, row->us);
    printf("%-24.24s %-28s %3d %21s %7s %-15s  %s: %s (%d of %d tried)\n", p->name, shape, p->threads, times, gain, interval,
           choice, tune_reason_text(result->reason), result->count - 1, result->candidates - 1);
    fflush(stdout);
}

/* Others may have written meanwhile: what stands in the file now is added to. A file that does not serve here is replaced. */
static int keep(const request *r, const tune_result *result)
{
    char why[WHY];
    nonet_profile *profile;
    if (nonet_profile_open(&profile, r->profile, why, sizeof why) != NONET_OK)
        profile = nonet_profile_new();
    if (!profile)
        return cli_fail(EXIT_DATA, "not enough memory");
    nonet_profile_drop(profile, &result->rows[0]);
    int fine = 1;
    for (int i = 0; i < result->count; i++)
        fine = fine && nonet_profile_add(profile, &result->rows[i]);
    nonet_status status = fine ? nonet_profile_save(profile, r->profile, why, sizeof why) : NONET_OK;
    nonet_profile_close(profile);
    if (!fine)
        return cli_fail(EXIT_DATA, "the profile has too many rows, or there is no memory for them");
    return status == NONET_OK ? 0 : cli_fail(EXIT_DATA, "%s", why);
}

typedef struct totals {
    double base, tuned;         /* microseconds of all layers */
    int won, reached;
} totals;

static void count(totals *t, const tune_problem *p, const tune_result *result)
{
    const nonet_profile_row *row = &result->rows[0];
    int won = row->kind == PROFILE_USE;
    t->base += p->times * (won ? row->base : row->us);
    t->tuned += p->times * row->us;
    t->won += won;
    t->reached++;
}

static int tune_problem_now(request *r, const tune_problem *p, double deadline, totals *t)
{
    tune_result result;
    const tune_machine *machine = machine_of(r, p->threads);
    nonet_status status = machine ? tune_one(&r->settings, p, machine, deadline, &result) : NONET_NO_MEMORY;
    wipe();
    if (status != NONET_OK)
        return cli_fail(EXIT_DATA, "%s: %s", p->name, nonet_status_string(status));
    print_result(p, &result);
    count(t, p, &result);
    int fault = keep(r, &result);
    if (result.wrong && !fault)
        fault =
            cli_fail(EXIT_DATA, "%s: %d of the plans gave other bits than portable C: run 'nonet verify'", p->name, result.wrong);
    free(result.rows);
    return fault;
}

/* Predicted seconds of each problem's default; shares of the time go by them. */
static double *guess_all(request *r)
{
    double *guesses = calloc((size_t)r->problems.count, sizeof *guesses);
    for (int i = 0; guesses && i < r->problems.count; i++) {
        const tune_machine *machine = machine_of(r, r->problems.items[i].threads);
        if (machine)
            tune_guess_default(&r->settings, &r->problems.items[i], machine, &guesses[i]);
    }
    return guesses;
}

static const char *profile_path(const request *r, char *path, size_t size)
{
    return r->profile ? r->profile : nonet_profile_path(path, size) > 0 ? path : "?";
}

/* A place that cannot be written to is told before the measurements, not after. */
static int check_place(const request *r)
{
    char why[WHY];
    nonet_profile *profile;
    nonet_status status = nonet_profile_open(&profile, r->profile, why, sizeof why);
    if (status != NONET_OK && (profile = nonet_profile_new()) == NULL)
        return cli_fail(EXIT_DATA, "not enough memory");
    status = nonet_profile_save(profile, r->profile, why, sizeof why);
    nonet_profile_close(profile);
    return status == NONET_OK ? 0 : cli_fail(EXIT_DATA, "%s", why);
}

static int tune_all(request *r)
{
    char path[WHY];
    double start = bench_now(), end = start + r->settings.seconds;
    totals t = { 0 };
    int fault = check_place(r);
    double *guesses = fault ? NULL : guess_all(r);
    if (!fault && !guesses)
        fault = cli_fail(EXIT_DATA, "not enough memory");
    if (!fault)
        print_head();
    for (int i = 0; i < r->problems.count && !fault && (i == 0 || bench_now() < end); i++) {
        double left = fmax(0, end - bench_now());
        tell(i, r->problems.count, &r->problems.items[i], left);
        fault = tune_problem_now(r, &r->problems.items[i], bench_now() + tune_share(guesses, i, r->problems.count, left), &t);
    }
    free(guesses);
    if (fault)
        return fault;
    printf("\n%d of %d problems changed, %.1f s; all layers: %.3f ms with the default plans, %.3f ms with these (%+.1f %%)\n",
           t.won, t.reached, bench_now() - start, 1e-3 * t.base, 1e-3 * t.tuned, t.base > 0 ? 100 * (t.tuned / t.base - 1) : 0);
    if (t.reached < r->problems.count)
        printf("%d problems were not reached in time: try a longer --time\n", r->problems.count - t.reached);
    printf("profile: %s\n", profile_path(r, path, sizeof path));
    return EXIT_SUCCESS;
}

/* ---- --check ---- */

static void print_check(const tune_problem *p, const tune_check_result *c)
{
    char shape[64];
    cli_problem_shape(p, shape, sizeof shape);
    if (c->differs)
        printf("%-24.24s %-28s %3d %10.1f %10.1f  %.3f (%.3f to %.3f)  %.3f (%.3f to %.3f)\n", p->name, shape, p->threads,
               c->base, c->us, c->ratio[0], c->low[0], c->high[0], c->ratio[1], c->low[1], c->high[1]);
    else
        printf("%-24.24s %-28s %3d  the default plan\n", p->name, shape, p->threads);
    fflush(stdout);
}

static int is_slower(const tune_check_result *c)
{
    int slower = 0;
    for (int i = 0; i < 2; i++)
        slower = slower || (c->ratio[i] < SLOWER && c->high[i] < 1);
    return slower;
}

static int check_all(request *r)
{
    bench_host host;
    double least = 1, logs = 0;
    int slower = 0, differ = 0;
    const nonet_profile *profile = cli_profile_open(r->profile ? r->profile : "cache");
    if (!profile)
        return EXIT_DATA;
    bench_host_read(&host);
    printf("%-24s %-28s %3s %10s %10s  %-24s %s\n", "layer", "shape", "thr", "default us", "profile us",
           "times as fast: cold weights", "warm weights");
    for (int i = 0; i < r->problems.count; i++) {
        const tune_problem *p = &r->problems.items[i];
        tune_check_result c;
        tell(i, r->problems.count, p, (r->problems.count - i) * r->settings.seconds / r->problems.count);
        nonet_status status =
            tune_check(&r->settings, p, profile, bench_host_last_cache(&host), r->settings.seconds / r->problems.count, &c);
        wipe();
        if (status != NONET_OK)
            return cli_fail(EXIT_DATA, "%s: %s", p->name, nonet_status_string(status));
        if (c.wrong)
            return cli_fail(EXIT_DATA, "%s: a plan gave other bits than portable C: run 'nonet verify'", p->name);
        print_check(p, &c);
        slower += is_slower(&c);
        differ += c.differs;
        least = fmin(least, fmin(c.ratio[0], c.ratio[1]));
        logs += log(c.ratio[0]);
    }
    printf("\n%d of %d problems differ from the default; the least is %.3f times as fast, the geometric mean of all %.3f; %d "
           "slower by more than 2 %%\n",
           differ, r->problems.count, least, exp(logs / r->problems.count), slower);
    return slower ? EXIT_DATA : EXIT_SUCCESS;
}

int cmd_tune(int argc, char **argv)
{
    request r = { .settings = { .seconds = DEFAULT_SECONDS }, .words = { .layer = { .pad = -1 } } };
    nonet_isa isa;
    parse(argc, argv, &r);
    r.words.words = argv + optind;
    r.words.count = argc - optind;
    r.words.conv = r.settings.conv = r.common.conv;
    if (nonet_isa_current(&isa) != NONET_OK)
        return cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
    if (r.common.profile && !strcmp(r.common.profile, "none"))
        return cli_fail(EXIT_USAGE, "--profile none: tune has to have a profile");
    const char *name = cli_profile_name(&r.common);
    r.profile = name && strcmp(name, "cache") ? name : NULL;
    const char *const inputs[] = { r.words.shapes, r.words.model };
    cli_keep("--profile", r.check ? NULL : r.profile, "an input", inputs, 2);
    int status = cli_problems(&r.problems, &r.words);
    if (!status)
        status = r.check ? check_all(&r) : tune_all(&r);
    cli_problems_free(&r.problems);
    return status;
}
