/* common.c - options and messages that the commands share. */
#include "cli/cli.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 4096 };

const char *cli_command = "";

#define RUN_HELP                                                                                                               \
    "  --threads N       use at most N threads (default: what OMP_NUM_THREADS says, at most what the process may run)\n"       \
    "  --isa NAME        c, avx2, avx512 or neon: no more than this instruction set (default: the best)\n"
#define CONV_HELP                                                                                                              \
    RUN_HELP                                                                                                                   \
    "  --algo NAME       direct, winograd-f2, -f4, -f6 (less exact) or auto (default): for the 3x3 convolutions that can;\n"    \
    "                    a network's of 4 channels or less stay direct\n"                                                      \
    "  --fc-weights TYPE f32 (default) or bf16: weights of fully connected layers, rounded; the arithmetic stays f32\n"         \
    "  --winograd-weights FORM   packed (transformed beforehand), expanded (3x3 in memory, transformed in cache: a quarter\n"   \
    "                    of the bytes) or auto (default); results are the same\n"                                              \
    "  --profile FILE    what `nonet tune` found: a file, cache (the one that it keeps) or none (default: $NONET_PROFILE,\n"    \
    "                    else none)\n"
#define JSON_HELP "  --json FILE       write JSON to FILE, - is standard output\n"
#define HELP_HELP "  --help            this text\n"
const char cli_common_help[] = CONV_HELP JSON_HELP HELP_HELP;
const char cli_conv_help[] = CONV_HELP HELP_HELP;
const char cli_run_help[] = RUN_HELP JSON_HELP HELP_HELP;

int cli_fail(int status, const char *format, ...)
{
    va_list args;
    fflush(stdout);
    fprintf(stderr, "nonet%s%s: ", *cli_command ? " " : "", cli_command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    putc('\n', stderr);
    return status;
}

int64_t cli_number(const char *option, const char *text, int64_t min, int64_t max)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < min || value > max)
        exit(cli_fail(EXIT_USAGE, "%s wants a whole number from %lld to %lld, not '%s'", option, (long long)min, (long long)max,
                      text));
    return value;
}

void cli_size(const char *option, const char *text, int *height, int *width)
{
    enum { MOST = 16384 };
    char x, rest;
    if (strspn(text, "0123456789x") != strlen(text) || sscanf(text, "%6d%c%6d%c", height, &x, width, &rest) != 3 || x != 'x' ||
        *height < 1 || *width < 1 || *height > MOST || *width > MOST)
        exit(cli_fail(EXIT_USAGE, "%s wants HEIGHTxWIDTH, each from 1 to %d, not '%s'", option, MOST, text));
}

int cli_exit_of(nonet_vgg_status status)
{
    return status == NONET_VGG_OK ? EXIT_SUCCESS : status == NONET_VGG_USAGE ? EXIT_USAGE : EXIT_DATA;
}

/* The limit serves the layers that have no plan (pools, soft-max), the option those that have one. NONET_ISA in the environment
 * is not raised. */
static nonet_isa isa_option(const char *name)
{
    nonet_isa isa = NONET_ISA_C, current;
    if (nonet_isa_current(&current) != NONET_OK)
        exit(cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA)));
    if (!strcmp(name, "auto"))
        return NONET_ISA_AUTO;
    while (isa < NONET_ISA_COUNT && strcmp(name, nonet_isa_name(isa)))
        isa++;
    if (isa == NONET_ISA_COUNT)
        exit(cli_fail(EXIT_USAGE, "--isa knows c, avx2, avx512, neon and auto, not '%s'", name));
    if (!nonet_isa_supported(isa))
        exit(cli_fail(EXIT_USAGE, "--isa %s: this CPU, or this build, does not have it; its best is %s", name,
                      nonet_isa_name(nonet_isa_detected())));
    if (isa > current)
        exit(cli_fail(EXIT_USAGE, "--isa %s: NONET_ISA in the environment allows %s at most", name, nonet_isa_name(current)));
    nonet_isa_limit(name);
    return isa;
}

static nonet_algo algo_option(const char *name)
{
    for (nonet_algo algo = NONET_AUTO; algo < NONET_ALGO_COUNT; algo++)
        if (!strcmp(name, nonet_algo_name(algo)))
            return algo;
    exit(cli_fail(EXIT_USAGE, "--algo knows auto, direct, winograd-f2, winograd-f4 and winograd-f6, not '%s'", name));
}

static nonet_fc_weights fc_weights_option(const char *name)
{
    for (nonet_fc_weights type = NONET_FC_F32; type < NONET_FC_COUNT; type++)
        if (!strcmp(name, nonet_fc_weights_name(type)))
            return type;
    exit(cli_fail(EXIT_USAGE, "--fc-weights knows f32 and bf16, not '%s'", name));
}

static nonet_weight_form form_option(const char *name)
{
    for (nonet_weight_form form = NONET_WEIGHTS_AUTO; form < NONET_WEIGHTS_COUNT; form++)
        if (!strcmp(name, nonet_weight_form_name(form)))
            return form;
    exit(cli_fail(EXIT_USAGE, "--winograd-weights knows auto, packed and expanded, not '%s'", name));
}

int cli_common_option(int option, const char *value, cli_common *common)
{
    switch (option) {
    case CLI_THREADS:
        common->conv.threads = (int)cli_number("--threads", value, 1, THREADS_MAX);
        return 1;
    case CLI_ISA:
        common->conv.isa = isa_option(value);
        return 1;
    case CLI_ALGO:
        common->conv.algo = algo_option(value);
        return 1;
    case CLI_FC_WEIGHTS:
        common->conv.fc_weights = fc_weights_option(value);
        return 1;
    case CLI_FORM:
        common->conv.weights = form_option(value);
        return 1;
    case CLI_PROFILE:
        common->profile = value;
        return 1;
    case CLI_JSON:
        common->json = value;
        return 1;
    default:
        return 0;
    }
}
