/* plan.c - `nonet plan`: how each layer is computed here and, with --explain, what else there is and why not that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "autotune/explain.h"
#include "bench/emit.h"
#include "cli/problems.h"

enum { OPT_EXPLAIN = CLI_PROBLEMS_OWN, OPT_ALL };
enum { SHOWN = 12, PATH = 4608 };

static const char help[] =
    "Usage: nonet plan [OPTION...] NET...\n"
    "       nonet plan [OPTION...] layer N C H W K\n"
    "       nonet plan [OPTION...] --shapes FILE | --model FILE\n"
    "Shows how each layer is computed on this machine. The profile that `nonet tune` keeps is looked at, if there is one; the\n"
    "other commands do that with --profile cache only.\n\n"
    "  --explain         for each layer the candidates, what the model predicts, what the profile has measured, and the reason\n"
    "  --all             with --explain: all candidates, not the first 12\n"
    "  --profile FILE    a file, cache (the one that `nonet tune` keeps; the default) or none\n"
    "  --json FILE       the same as JSON in FILE, - is standard output\n";

typedef struct request {
    cli_common common;
    problem_words words;
    tune_settings settings;
    int explain, all;
    const nonet_profile *profile;
    char path[PATH];            /* of the profile that was looked for; "" for none */
    problem_list problems;
    tune_machines machines;
} request;

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        { "explain", no_argument, NULL, OPT_EXPLAIN }, { "all", no_argument, NULL, OPT_ALL },
        CLI_PROBLEMS_LONG, CLI_COMMON_LONG, { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s%s", help, cli_problems_help);
            exit(EXIT_SUCCESS);
        }
        if (option == OPT_EXPLAIN)
            r->explain = 1;
        else if (option == OPT_ALL)
            r->all = 1;
        else if (!cli_problems_option(option, optarg, &r->words, &r->settings.any_algorithm) &&
                 !cli_common_option(option, optarg, &r->common))
            exit(EXIT_USAGE);
    }
}

/* What was asked for, or the cache's if there is one: to look at it is no use of it. */
static void open_profile(request *r)
{
    const char *name = cli_profile_name(&r->common), *asked = r->common.profile ? r->common.profile : getenv("NONET_PROFILE");
    int none = asked && !strcmp(asked, "none");
    if (name && strcmp(name, "cache"))
        snprintf(r->path, sizeof r->path, "%s", name);
    else if (none || nonet_profile_path(r->path, sizeof r->path) <= 0)
        r->path[0] = '\0';
    FILE *there = name || !r->path[0] ? NULL : fopen(r->path, "re");
    if (name || there)
        r->profile = cli_profile_open(name ? name : "cache");
    if (there)
        fclose(there);
}

static const tune_machine *machine_of(request *r, int threads)
{
    return !r->explain ? NULL : tune_machine_of(&r->machines, r->common.conv.isa, threads);
}

/* ---- text ---- */

static void print_candidate(const tune_explained *item, int is_default, int serves)
{
    char text[128], measured[64] = "";
    tune_choice_text(&item->candidate.choice, text, sizeof text);
    if (item->has_row)
        snprintf(measured, sizeof measured, "%10.1f %8.3f (%.3f to %.3f)", item->row.us, item->row.faster, item->row.low,
                 item->row.high);
    printf("  %c %-84s %10.1f %s%s\n", serves ? '*' : ' ', text, 1e6 * item->candidate.guess.seconds, measured,
           is_default ? "  default" : "");
}

static void print_text(const request *r, const tune_problem *p, const tune_explanation *e)
{
    char shape[64];
    cli_problem_shape(p, shape, sizeof shape);
    printf("%-24.24s %-28s %s\n", p->name, shape, e->plan);
    if (!r->explain)
        return;
    printf("  %s\n  reason: %s\n  %-86s %10s %10s %8s\n", e->work, e->reason, "candidate", "model us", "measured", "x default");
    int shown = r->all || e->count < SHOWN ? e->count : SHOWN;
    for (int i = 0; i < e->count; i++)
        if (i < shown || e->items[i].has_row)
            print_candidate(&e->items[i], i == 0, nonet_choice_equal(&e->items[i].candidate.choice, &e->choice));
    if (shown < e->count)
        printf("    and others: %d in all; --all shows them\n", e->count);
    putchar('\n');
}

/* ---- JSON ---- */

static void json_choice(json_out *out, const nonet_choice *c)
{
    json_begin(out, "choice", '{');
    json_text(out, "algorithm", nonet_algo_name(c->algo));
    json_text(out, "isa", nonet_isa_name(c->isa));
    json_whole(out, "threads", c->threads);
    if (c->block) {
        json_whole(out, "block", c->block);
        json_text(out, "split", nonet_split_name(c->split));
        json_text(out, "weights", nonet_weight_form_name((nonet_weight_form)c->weights));
    }
    if (c->rows) {
        json_whole(out, "rows", c->rows);
        json_whole(out, "channels_a_call", (long long)c->cchunk * NONET_LANES);
    }
    json_end(out, '}');
}

static void json_candidates(json_out *out, const tune_explanation *e)
{
    json_begin(out, "candidates", '[');
    for (int i = 0; i < e->count; i++) {
        const tune_explained *item = &e->items[i];
        json_begin(out, NULL, '{');
        json_choice(out, &item->candidate.choice);
        json_bool(out, "default", i == 0);
        json_real(out, "model_us", 1e6 * item->candidate.guess.seconds);
        if (item->has_row) {
            json_real(out, "measured_us", item->row.us);
            json_real(out, "default_us", item->row.base);
            json_real(out, "faster", item->row.faster);
            json_real(out, "low", item->row.low);
            json_real(out, "high", item->row.high);
            json_whole(out, "samples", item->row.samples);
        }
        json_end(out, '}');
    }
    json_end(out, ']');
}

static void json_problem(json_out *out, const request *r, const tune_problem *problem, const tune_explanation *e)
{
    const nonet_conv *p = &problem->p;
    json_begin(out, NULL, '{');
    json_text(out, "layer", problem->name);
    const char *const keys[] = { "n", "c", "h", "w", "k", "r", "s", "stride", "pad", "pool", "threads", "layers" };
    const int values[] = {p->n,          p->c, p->h, p->w, p->k, p->r, p->s, p->stride, p->pad, p->pool != 0, problem->threads,
                          problem->times};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_whole(out, keys[i], values[i]);
    json_text(out, "plan", e->plan);
    json_bool(out, "from_profile", e->from_profile);
    json_choice(out, &e->choice);
    json_text(out, "reason", e->reason);
    if (r->explain)
        json_candidates(out, e);
    json_end(out, '}');
}

/* ---- all of it ---- */

static int show_all(request *r, json_out *out, int text)
{
    for (int i = 0; i < r->problems.count; i++) {
        const tune_problem *p = &r->problems.items[i];
        tune_explanation e;
        const tune_machine *machine = machine_of(r, p->threads);
        nonet_status status = r->explain && !machine ? NONET_NO_MEMORY : tune_explain(&r->settings, p, r->profile, machine, &e);
        if (status != NONET_OK)
            return cli_fail(status == NONET_NO_MEMORY ? EXIT_DATA : EXIT_USAGE, "%s: %s", p->name, nonet_status_string(status));
        if (text)
            print_text(r, p, &e);
        if (out)
            json_problem(out, r, p, &e);
        free(e.items);
    }
    return 0;
}

static int show(request *r)
{
    json_out out;
    int text = !r->common.json || strcmp(r->common.json, "-");
    if (r->common.json && !emit_open(&out, r->common.json))
        return cli_fail(EXIT_DATA, "%s: %s", r->common.json, strerror(errno));
    if (r->common.json) {
        json_begin(&out, NULL, '{');
        json_text(&out, "profile", r->profile ? r->path : "");
        json_begin(&out, "layers", '[');
    }
    if (text && r->profile)
        printf("profile: %s\n", r->path);
    else if (text)
        printf("no profile: the default plans\n");
    int status = show_all(r, r->common.json ? &out : NULL, text);
    if (r->common.json) {
        json_end(&out, ']');
        json_end(&out, '}');
        if (!emit_close(&out) && !status)
            status = cli_fail(EXIT_DATA, "%s: %s", r->common.json, strerror(errno));
    }
    return status;
}

int cmd_plan(int argc, char **argv)
{
    request r = { .words = { .layer = { .pad = -1 } } };
    nonet_isa isa;
    parse(argc, argv, &r);
    if (nonet_isa_current(&isa) != NONET_OK)
        return cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
    r.words.words = argv + optind;
    r.words.count = argc - optind;
    r.words.conv = r.settings.conv = r.common.conv;
    const char *const inputs[] = { r.words.shapes, r.words.model, r.common.profile };
    cli_keep("--json", r.common.json, "an input", inputs, 3);
    int status = cli_problems(&r.problems, &r.words);
    if (!status) {
        open_profile(&r);
        status = show(&r);
    }
    cli_problems_free(&r.problems);
    return status;
}
