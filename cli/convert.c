/* convert.c - `nonet convert`: any model file into a .nonet container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/model.h"
#include "vgg/labels.h"
#include "vgg/nets.h"

static const char help[] =
    "Usage: nonet convert MODEL -o FILE.nonet [OPTION...]\n"
    "       nonet convert --random NET -o FILE.nonet [OPTION...]\n"
    "Writes a model (.safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content) as a .nonet container: checksummed,\n"
    "mapped as it stands, read without any library. BatchNorm is folded into the weights, dropout left out. How pictures are\n"
    "prepared, the input size and the labels travel with it. FILE appears whole or not at all.\n\n"
    "  -o, --output FILE the container to write; a file of this name is replaced\n"
    "  --random NET      instead of a model, with the weights of 'nonet bench': " VGG_NET_NAMES "\n"
    "  --seed N          of those (default 1)\n"
    "  --labels FILE     names of the classes, one a line; their number must be the network's\n"
    "  --size HxW        input height and width in pixels to record, 1 to 16384 (default: what the model says)\n";
static const char help_end[] =
    "                    --mean and --std need --preprocess, and what they do not give are its usual values\n"
    "  --help            this text\n\n"
    "Errors: a model that cannot be read, or whose layers are not a VGG-like network's, is exit status 1; a wrong option 2.\n"
    "Example: nonet convert vgg16.pth -o vgg16.nonet --size 224x224\n";

enum { OPT_LABELS = CLI_OWN, OPT_SIZE, OPT_RANDOM, OPT_SEED };

typedef struct request {
    const char *from, *to, *labels;
    const char *random;         /* a network in the place of from, or NULL */
    uint64_t seed;
    int seeded;                 /* --seed was given */
    int height, width;
    cli_model model;
} request;

static void take_option(int option, request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s", help, cli_model_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (option == 'o')
        r->to = optarg;
    else if (option == OPT_LABELS)
        r->labels = optarg;
    else if (option == OPT_RANDOM)
        r->random = optarg;
    else if (option == OPT_SEED) {
        r->seed = (uint64_t)cli_number("--seed", optarg, 0, INT64_MAX);
        r->seeded = 1;
    } else if (option == OPT_SIZE)
        cli_size("--size", optarg, &r->height, &r->width);
    else if (!cli_model_option(option, optarg, &r->model))
        exit(EXIT_USAGE);
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"labels", required_argument, NULL, OPT_LABELS},
        {"size", required_argument, NULL, OPT_SIZE}, {"random", required_argument, NULL, OPT_RANDOM},
        {"seed", required_argument, NULL, OPT_SEED}, {"net", required_argument, NULL, CLI_NET},
        {"preprocess", required_argument, NULL, CLI_PREPROCESS}, {"mean", required_argument, NULL, CLI_MEAN},
        {"std", required_argument, NULL, CLI_STD}, {"help", no_argument, NULL, CLI_HELP}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
        take_option(option, r);
    if (optind + !r->random != argc)
        exit(cli_fail(EXIT_USAGE, r->random ? "--random stands for the model: name none besides, not %d"
                                            : "name one model to convert, not %d", argc - optind));
    if (r->random ? r->model.net != NULL : r->seeded)
        exit(cli_fail(EXIT_USAGE, r->random ? "--net is for a model in a file, not for --random" : "--seed goes with --random"));
    if (!r->to)
        exit(cli_fail(EXIT_USAGE, "where to? Name the container with -o"));
    cli_no_stream("-o", r->to);
    cli_keep("-o", r->to, "the labels", &r->labels, 1);
    r->from = argv[optind];
}

/* What --preprocess, --mean and --std come to. */
static int fill_preprocess(const cli_model *model, nonet_vgg_convert_options *options)
{
    int channels = model->kind == NONET_VGG_GREY ? 1 : 3;
    if (!model->kind_set)
        return model->means || model->stds ? cli_fail(EXIT_USAGE, "--mean and --std need --preprocess") : 0;
    if ((model->means && model->means != channels) || (model->stds && model->stds != channels))
        return cli_fail(EXIT_USAGE, "--mean and --std want %d number%s for %s", channels, channels == 1 ? "" : "s",
                        vgg_prepare_name(model->kind));
    options->set_preprocess = 1;
    options->kind = model->kind;
    vgg_prepare_defaults(model->kind, options->mean, options->std);
    memcpy(options->mean, model->mean, (size_t)model->means * sizeof(float));
    memcpy(options->std, model->std, (size_t)model->stds * sizeof(float));
    return 0;
}

int cmd_convert(int argc, char **argv)
{
    request r = {.seed = 1};
    nonet_vgg_error err;
    char **labels = NULL;
    int count = 0;
    parse(argc, argv, &r);
    nonet_vgg_convert_options options = {.net = r.model.net, .height = r.height, .width = r.width};
    int fault = fill_preprocess(&r.model, &options);
    if (fault)
        return fault;
    nonet_vgg_status status = r.labels ? vgg_labels_read(&labels, &count, r.labels, &err) : NONET_VGG_OK;
    options.labels = (const char *const *)labels;
    options.nlabels = count;
    if (status == NONET_VGG_OK)
        status = r.random ? nonet_vgg_convert_random(r.random, r.seed, r.to, &options, &err)
                          : nonet_vgg_convert(r.from, r.to, &options, &err);
    vgg_labels_free(labels, count);
    return status == NONET_VGG_OK ? EXIT_SUCCESS : cli_fail(cli_exit_of(status), "%s", err.text);
}
