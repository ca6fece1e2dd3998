/* protocol.h - options of the commands that evaluate pictures by the paper's protocols: --protocol, --scales, --train-scale,
 * --flip, several --model, --fuse-weights, --max-memory. */
#ifndef NONET_CLI_PROTOCOL_H
#define NONET_CLI_PROTOCOL_H

#include "cli/model.h"
#include "vgg/protocol.h"

enum { CLI_PROTOCOL = CLI_OWN + 200, CLI_SCALES, CLI_TRAIN_SCALE, CLI_FLIP, CLI_FUSE_WEIGHTS, CLI_MAX_MEMORY };
#define CLI_PROTOCOL_LONG                                                                                                      \
    { "protocol", required_argument, NULL, CLI_PROTOCOL }, { "scales", required_argument, NULL, CLI_SCALES },                  \
    { "train-scale", required_argument, NULL, CLI_TRAIN_SCALE }, { "flip", no_argument, NULL, CLI_FLIP },                      \
    { "fuse-weights", required_argument, NULL, CLI_FUSE_WEIGHTS }, { "max-memory", required_argument, NULL, CLI_MAX_MEMORY }

typedef struct cli_protocol {
    vgg_protocol protocol;
    const char *scales;         /* as it was given */
    int train_scale;
    const char *model[VGG_MODELS];
    int models, weights;        /* weights: how many --fuse-weights gave; 0: not given */
    double weight[VGG_MODELS];
    size_t max_memory;
    int dense;                  /* not an option: be ready for dense application, whatever the protocol */
} cli_protocol;

/* Lines of --help. */
extern const char cli_protocol_help[];
/* As cli_common_option. Takes --model too (the option CLI_MODEL): ask this before cli_model_option. */
int cli_protocol_option(int option, const char *value, cli_protocol *protocol);
/* Opens the models with the preparation that `model` asks for; batch: views of one size in a forward, or 0. 0, or the exit status
 * after a sentence. */
int cli_evaluator_open(vgg_evaluator **evaluator, cli_protocol *protocol, const cli_model *model, const nonet_options *conv,
                       int batch);

#endif
