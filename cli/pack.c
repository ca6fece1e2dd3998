/* pack.c - `nonet pack`: a .nonet container with packed weights, which opening maps instead of packing. */
#include <stdio.h>
#include <stdlib.h>
#include "cli/model.h"
#include "cli/progress.h"

static const char help[] =
    "Usage: nonet pack MODEL -o FILE.nonet [OPTION...]\n"
    "Writes a model of any format that nonet reads as a .nonet container that holds its weights twice: plain, and packed for\n"
    "this kind of machine and these options. Where they fit, opening FILE is a map and takes no time; elsewhere one message\n"
    "says that they do not, and the plain ones serve. Packed weights are checked by their checksums only with --verify, and by\n"
    "convert and pack. FILE appears whole or not at all.\n\n"
    "  -o, --output FILE the container to write; a file of this name is replaced\n"
    CLI_NET_HELP;
static const char help_end[] =
    "\nErrors: a model that cannot be read is exit status 1; a wrong option 2.\n"
    "Example: nonet pack vgg16.pth -o vgg16.nonet --fc-weights bf16\n";

typedef struct request {
    const char *from, *to;
    cli_common common;
    cli_model model;
} request;

static void take_option(int option, request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s", help, cli_conv_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (option == 'o')
        r->to = optarg;
    else if (!cli_model_option(option, optarg, &r->model) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"net", required_argument, NULL, CLI_NET}, CLI_COMMON_LONG, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
        take_option(option, r);
    if (optind + 1 != argc)
        exit(cli_fail(EXIT_USAGE, "name one model to pack, not %d", argc - optind));
    if (!r->to)
        exit(cli_fail(EXIT_USAGE, "where to? Name the container with -o"));
    cli_no_stream("-o", r->to);
    if (r->common.json)
        exit(cli_fail(EXIT_USAGE, "--json: there is nothing to report"));
    r->from = argv[optind];
}

int cmd_pack(int argc, char **argv)
{
    request r = {0};
    nonet_vgg_error err;
    parse(argc, argv, &r);
    nonet_vgg_options options = {.net = r.model.net, .conv = cli_conv(&r.common), .progress = cli_progress};
    nonet_vgg_status status = nonet_vgg_pack(r.from, r.to, &options, &err);
    return status == NONET_VGG_OK ? EXIT_SUCCESS : cli_fail(cli_exit_of(status), "%s", err.text);
}
