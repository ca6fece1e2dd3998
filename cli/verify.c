/* verify.c - `nonet verify`: every kernel this CPU can run, against portable C (bits) and the oracle (bound); and the corpus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "cli/cli.h"
#include "cli/corpus.h"
#include "cli/sweep.h"

enum { OPT_FAMILY = CLI_OWN, OPT_SEED, OPT_SCALE, OPT_RECORD, OPT_REPLAY, OPT_LIMIT, OPT_SHAPES };

static const char help[] =
    "Usage: nonet verify [OPTION...]\n"
    "Runs every kernel this CPU can run over the edges of its contract: against portable C, bit for bit, and against a naive\n"
    "calculation in double, within the kernel's error bound. A line a kernel; exit status 0 if all pass, else 1.\n\n"
    "  --family NAME     only this family (direct3x3_s1, wino_gemm, ...)\n"
    "  --seed N          of the random cases (default 1)\n"
    "  --scale X         more (2) or fewer (0.2) random cases (default 1)\n\n"
    "Instead of that, the regression corpus (the file's head describes it):\n"
    "  --replay FILE     compute a file's problems: the same bits as recorded, and within bounds where the oracle can follow\n"
    "  --limit N         leave out problems above N million multiply-adds\n"
    "  --record FILE     write the built-in problems and the bits they have here, such as after a change of the contract\n"
    "  --shapes LIST     --record: your own layers instead, each by every algorithm that can: a line has N C H W K, then if\n"
    "                    need be kernel=R or RxS, stride=2, pad=0 or 1, pool, linear (no ReLU); # begins a remark\n";

typedef struct request {
    cli_common common;
    const char *family;
    unsigned long long seed;
    double scale;
    int failed, run, sweeps;    /* sweeps: an option was given that only they have */
    corpus_request corpus;
} request;

static void check_family(const char *name)
{
    for (int i = 0; i < NONET_K_COUNT; i++)
        if (!strcmp(name, nonet_family_name((nonet_family)i)))
            return;
    exit(cli_fail(EXIT_USAGE, "--family: no family is called '%s'", name));
}

static double parse_scale(const char *text)
{
    char *end;
    double scale = strtod(text, &end);

    if (end == text || *end || !(scale > 0 && scale <= 1000))
        exit(cli_fail(EXIT_USAGE, "--scale: '%s' is not a number between 0 and 1000", text));
    return scale;
}

static int corpus_option(int option, const char *value, request *r)
{
    if (option == OPT_RECORD)
        r->corpus.record = value;
    else if (option == OPT_REPLAY)
        r->corpus.replay = value;
    else if (option == OPT_LIMIT)
        r->corpus.limit = 1e6 * (double)cli_number("--limit", value, 1, 1000000);
    else if (option == OPT_SHAPES)
        r->corpus.shapes = value;
    return option >= OPT_RECORD && option <= OPT_SHAPES;
}

/* What goes with what. */
static void check(const request *r)
{
    const corpus_request *c = &r->corpus;

    if (c->record && (c->replay || r->common.json))
        exit(cli_fail(EXIT_USAGE, "--record goes neither with --replay nor with --json"));
    if (c->shapes && !c->record)
        exit(cli_fail(EXIT_USAGE, "--shapes goes with --record"));
    cli_no_stream("--record", c->record);
    cli_keep("--record", c->record, "the shapes", &c->shapes, 1);
    cli_keep("--json", r->common.json, "the corpus", &c->replay, 1);
    if (c->limit > 0 && !c->replay)
        exit(cli_fail(EXIT_USAGE, "--limit goes with --replay"));
    if ((c->record || c->replay) && r->sweeps)
        exit(cli_fail(EXIT_USAGE, "a corpus has its own problems: without --family, --seed and --scale"));
    if (!c->record && !c->replay && r->common.conv.threads)
        exit(cli_fail(EXIT_USAGE, "--threads goes with --replay and --record: kernels are checked one by one"));
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        { "threads", required_argument, NULL, CLI_THREADS },
        { "isa", required_argument, NULL, CLI_ISA },
        { "json", required_argument, NULL, CLI_JSON },
        { "help", no_argument, NULL, CLI_HELP },
        { "family", required_argument, NULL, OPT_FAMILY },
        { "seed", required_argument, NULL, OPT_SEED },
        { "scale", required_argument, NULL, OPT_SCALE },
        { "record", required_argument, NULL, OPT_RECORD },
        { "replay", required_argument, NULL, OPT_REPLAY },
        { "limit", required_argument, NULL, OPT_LIMIT },
        { "shapes", required_argument, NULL, OPT_SHAPES },
        { "layers", required_argument, NULL, OPT_SHAPES },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s%s", help, cli_run_help);
            exit(0);
        }
        if (option == OPT_FAMILY)
            check_family(r->family = optarg);
        else if (option == OPT_SEED)
            r->seed = (unsigned long long)cli_number("--seed", optarg, 0, 0x7fffffffffffffff);
        else if (option == OPT_SCALE)
            r->scale = parse_scale(optarg);
        else if (!corpus_option(option, optarg, r) && !cli_common_option(option, optarg, &r->common))
            exit(EXIT_USAGE);
        r->sweeps |= option >= OPT_FAMILY && option <= OPT_SCALE;
    }
    if (optind < argc)
        exit(cli_fail(EXIT_USAGE, "'%s' is not expected here", argv[optind]));
    check(r);
}

static int wanted(const request *r, const nonet_kernel *kernel, nonet_isa limit)
{
    if (r->family && strcmp(r->family, nonet_family_name(kernel->family)))
        return 0;
    if (r->common.conv.isa != NONET_ISA_AUTO)
        return kernel->isa == r->common.conv.isa;
    return kernel->isa <= limit && nonet_isa_supported(kernel->isa);
}

static void print_text(FILE *out, const nonet_kernel *kernel, const sweep_result *result)
{
    fprintf(out, "%-4s  %-16s %-38s %7ld cases  worst %5.3f of its bound  (%s)%s%s\n", result->fault[0] ? "FAIL" : "ok",
            nonet_family_name(kernel->family), kernel->name, result->cases, result->worst, result->shape,
            result->fault[0] ? ": " : "", result->fault);
}

/* Shapes and faults hold nothing that JSON would need escaped. */
static void print_json(FILE *out, const nonet_kernel *kernel, const sweep_result *result, int first)
{
    fprintf(out,
            "%s    {\"kernel\": \"%s\", \"family\": \"%s\", \"isa\": \"%s\", \"passed\": %s, \"cases\": %ld, \"worst\": %.6g, "
            "\"shape\": \"%s\", \"fault\": \"%s\"}",
            first ? "" : ",\n", kernel->name, nonet_family_name(kernel->family), nonet_isa_name(kernel->isa),
            result->fault[0] ? "false" : "true", result->cases, result->worst, result->shape, result->fault);
}

static void verify_all(request *r, nonet_isa limit, FILE *json, FILE *text)
{
    for (int i = 0; i < nonet_kernel_count; i++) {
        sweep_result result;

        if (!wanted(r, &nonet_kernels[i], limit))
            continue;
        sweep_kernel(&nonet_kernels[i], r->seed + (uint64_t)i, r->scale, &result);
        if (json)
            print_json(json, &nonet_kernels[i], &result, r->run == 0);
        if (text) {
            print_text(text, &nonet_kernels[i], &result);
            fflush(text);
        }
        r->run++;
        r->failed += result.fault[0] != 0;
    }
}

static int run_sweeps(request *r, nonet_isa limit, FILE *json, FILE *text)
{
    if (json)
        fprintf(json, "{\n  \"seed\": %llu,\n  \"kernels\": [\n", r->seed);
    verify_all(r, limit, json, text);
    if (json)
        fprintf(json, "\n  ]\n}\n");
    if (text)
        fprintf(text, "%d kernels, %d failed (seed %llu)\n", r->run, r->failed, r->seed);
    return r->failed ? EXIT_DATA : 0;
}

static int run_corpus(request *r, const corpus *list, FILE *json, FILE *text)
{
    r->corpus.json = json;
    r->corpus.text = text;
    return corpus_replay(&r->corpus, list);
}

/* The file of --json appears whole, or not at all. */
static int report(request *r, nonet_isa limit, const corpus *list)
{
    const char *path = r->common.json;
    FILE *text = path && !strcmp(path, "-") ? NULL : stdout;
    json_out out = { .file = NULL };

    if (path && !emit_open(&out, path))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", path, strerror(errno));
    int status = list ? run_corpus(r, list, out.file, text) : run_sweeps(r, limit, out.file, text);
    if (path && !emit_close(&out))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", path, strerror(errno));
    return status;
}

static int replay(request *r, nonet_isa limit)
{
    corpus list;
    int status = corpus_read(r->corpus.replay, &list);

    if (status)
        return status;
    status = report(r, limit, &list);
    corpus_free(&list);
    return status;
}

int cmd_verify(int argc, char **argv)
{
    request r = { .seed = 1, .scale = 1 };
    nonet_isa limit;

    parse(argc, argv, &r);
    if (nonet_isa_current(&limit))
        return cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
    r.corpus.options = r.common.conv;
    if (r.corpus.record)
        return corpus_record(&r.corpus);
    return r.corpus.replay ? replay(&r, limit) : report(&r, limit, NULL);
}
