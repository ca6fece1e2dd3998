/* localise.h - options of the commands that say where in a picture a class is: --task, --boxes, --box-protocol, --box-scales,
 * --box-units, --merge-distance. */
#ifndef NONET_CLI_LOCALISE_H
#define NONET_CLI_LOCALISE_H

#include "cli/protocol.h"
#include "vgg/localise.h"

enum { CLI_TASK = CLI_OWN + 300, CLI_BOXES, CLI_BOX_PROTOCOL, CLI_BOX_SCALES, CLI_BOX_UNITS, CLI_MERGE_DISTANCE };
#define CLI_LOCALISE_LONG                                                                                                      \
    { "task", required_argument, NULL, CLI_TASK }, { "boxes", required_argument, NULL, CLI_BOXES },                            \
    { "box-protocol", required_argument, NULL, CLI_BOX_PROTOCOL }, { "box-scales", required_argument, NULL, CLI_BOX_SCALES },  \
    { "box-units", required_argument, NULL, CLI_BOX_UNITS }, { "merge-distance", required_argument, NULL, CLI_MERGE_DISTANCE }

typedef struct cli_localise {
    int wanted;                 /* --task localise */
    const char *net[VGG_MODELS];
    int nets;
    int protocol_set, pixels;
    vgg_protocol_kind protocol;
    const char *scales;         /* as it was given */
    double merge;               /* 0: not given */
    int given;                  /* an option that only --task localise takes */
} cli_localise;

/* Lines of --help. */
extern const char cli_localise_help[];
/* As cli_common_option. */
int cli_localise_option(int option, const char *value, cli_localise *localise);
/* After the last option: exits with a sentence when they contradict one another. */
void cli_localise_check(const cli_localise *localise);
/* From the centre crop, or densely: as --box-protocol says, else as the classes are found. */
vgg_protocol_kind cli_box_protocol(const cli_localise *localise, const cli_protocol *protocol);
/* For class networks that cli_evaluator_open has opened (with protocol->dense if the boxes are). 0, or the exit status after a
 * sentence. */
int cli_localiser_open(vgg_localiser **localiser, vgg_evaluator *classes, const cli_localise *how, const cli_protocol *protocol,
                       const cli_model *model, const nonet_options *conv);

#endif
