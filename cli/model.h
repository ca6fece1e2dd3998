/* model.h - options that the commands with a model and pictures share: --model, --net, --preprocess, --mean, --std. */
#ifndef NONET_CLI_MODEL_H
#define NONET_CLI_MODEL_H

#include "cli/cli.h"
#include "vgg/nets.h"
#include "vgg/preprocess.h"

enum { CLI_MODEL = CLI_OWN + 100, CLI_NET, CLI_PREPROCESS, CLI_MEAN, CLI_STD, CLI_CHECK };
#define CLI_MODEL_LONG                                                                                                         \
    { "model", required_argument, NULL, CLI_MODEL }, { "net", required_argument, NULL, CLI_NET },                              \
    { "preprocess", required_argument, NULL, CLI_PREPROCESS }, { "mean", required_argument, NULL, CLI_MEAN },                  \
    { "std", required_argument, NULL, CLI_STD }, { "verify", no_argument, NULL, CLI_CHECK }

typedef struct cli_model {
    const char *path, *net;
    int verify;                 /* --verify was given */
    int kind_set;               /* --preprocess was given */
    nonet_vgg_kind kind;
    int means, stds;            /* how many numbers --mean and --std gave; 0: not given */
    float mean[4], std[4];
} cli_model;

#define CLI_NET_HELP                                                                                                           \
    "  --net NAME        which network the file holds (default: its names and shapes tell):\n"                                 \
    "                    " VGG_NET_NAMES "\n"
/* Lines of --help for --net, --preprocess, --mean and --std. */
extern const char cli_model_help[];
/* As cli_common_option: 1 if it was one of these and is taken. */
int cli_model_option(int option, const char *value, cli_model *model);

/* Says once on standard error that packed weights in the file did not fit, if so. */
void cli_tell_unfit(const nonet_vgg_info *info, const char *path);

/* How the pictures of an open network are prepared: as its file says, changed by the options. */
typedef struct cli_preparation {
    vgg_prepare how;            /* points into the two below */
    float mean[4], std[4];
} cli_preparation;
/* 0, or the exit status after a sentence. */
int cli_prepare(cli_preparation *to, const cli_model *model, const nonet_vgg_info *info);

#endif
