/* verify.c - `nonet verify`: every kernel this CPU can run, against portable C (bits) and the oracle (bound). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/sweep.h"

enum { OPT_FAMILY = CLI_OWN, OPT_SEED, OPT_SCALE };

static const char help[] =
    "Usage: nonet verify [OPTION...]\n"
    "Runs every kernel this CPU can run over the edges of its contract: against portable C, bit for bit, and against a naive\n"
    "calculation in double, within the kernel's error bound. A line a kernel; exit status 0 if all pass, else 1.\n\n"
    "  --family NAME     only this family (direct3x3_s1, wino_gemm, ...)\n"
    "  --seed N          of the random cases (default 1)\n"
    "  --scale X         more (2) or fewer (0.2) random cases (default 1)\n";

typedef struct request {
    cli_common common;
    const char *family;
    unsigned long long seed;
    double scale;
    int failed, run;
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

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        CLI_COMMON_LONG,
        { "family", required_argument, NULL, OPT_FAMILY },
        { "seed", required_argument, NULL, OPT_SEED },
        { "scale", required_argument, NULL, OPT_SCALE },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s%s", help, cli_common_help);
            exit(0);
        }
        if (option == OPT_FAMILY)
            check_family(r->family = optarg);
        else if (option == OPT_SEED)
            r->seed = (unsigned long long)cli_number("--seed", optarg, 0, 0x7fffffffffffffff);
        else if (option == OPT_SCALE)
            r->scale = parse_scale(optarg);
        else if (!cli_common_option(option, optarg, &r->common))
            exit(EXIT_USAGE);
    }
    if (optind < argc)
        exit(cli_fail(EXIT_USAGE, "'%s' is not expected here", argv[optind]));
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

int cmd_verify(int argc, char **argv)
{
    request r = { .seed = 1, .scale = 1 };
    nonet_isa limit;
    FILE *json = NULL, *text = stdout;

    parse(argc, argv, &r);
    if (nonet_isa_current(&limit))
        return cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
    if (r.common.json) {
        int standard = !strcmp(r.common.json, "-");

        if (!(json = standard ? stdout : fopen(r.common.json, "w")))
            return cli_fail(EXIT_DATA, "%s: cannot be written", r.common.json);
        text = standard ? NULL : stdout;
        fprintf(json, "{\n  \"seed\": %llu,\n  \"kernels\": [\n", r.seed);
    }
    verify_all(&r, limit, json, text);
    if (json) {
        fprintf(json, "\n  ]\n}\n");
        if (json != stdout ? fclose(json) : fflush(json))
            return cli_fail(EXIT_DATA, "%s: cannot be written", r.common.json);
    }
    if (text)
        fprintf(text, "%d kernels, %d failed (seed %llu)\n", r.run, r.failed, r.seed);
    return r.failed ? EXIT_DATA : 0;
}
