/* localise.c - see localise.h. */
#include "cli/localise.h"
#include "cli/progress.h"
#include <stdlib.h>
#include <string.h>

const char cli_localise_help[] =
    "  --task NAME       classify (default), or localise: a box for each class too, by the networks that --boxes names\n"
    "  --boxes FILE      a network whose last layer predicts centre x, centre y, width and height of a box, relative to its\n"
    "                    input crop: 4 numbers, or 4 a class. Again for each further one: their boxes are merged\n"
    "  --box-protocol NAME  centre: a box from each centre crop; dense: one from each position of the network over the whole\n"
    "                    picture (default: as --protocol, dense for multicrop and both)\n"
    "  --box-scales LIST as --scales, for the boxes (default: as --scales)\n"
    "  --box-units NAME  fraction (default): the numbers are parts of the crop's width and height; pixels: of the crop\n"
    "  --merge-distance X  boxes merge while the closest two are within X, above 0 to 100 (default 0.75): the distance of\n"
    "                    their centres by the mean of their diagonals, plus 1 - intersection over union\n";

static void add_net(const char *path, cli_localise *l)
{
    if (l->nets == VGG_MODELS)
        exit(cli_fail(EXIT_USAGE, "--boxes: no more than %d networks", VGG_MODELS));
    l->net[l->nets++] = path;
}

static void take_task(const char *name, cli_localise *l)
{
    l->wanted = strcmp(name, "localise") == 0;
    if (!l->wanted && strcmp(name, "classify") != 0)
        exit(cli_fail(EXIT_USAGE, "--task knows classify and localise, not '%s'", name));
}

static void take_protocol(const char *name, cli_localise *l)
{
    l->protocol_set = vgg_protocol_kind_of(name, &l->protocol);
    if (!l->protocol_set || (l->protocol != VGG_CENTRE && l->protocol != VGG_DENSE))
        exit(cli_fail(EXIT_USAGE, "--box-protocol knows centre and dense, not '%s'", name));
}

static void take_units(const char *name, cli_localise *l)
{
    l->pixels = strcmp(name, "pixels") == 0;
    if (!l->pixels && strcmp(name, "fraction") != 0)
        exit(cli_fail(EXIT_USAGE, "--box-units knows fraction and pixels, not '%s'", name));
}

static void take_distance(const char *text, cli_localise *l)
{
    char *end;
    l->merge = strtod(text, &end);
    if (end == text || *end || !(l->merge > 0 && l->merge <= 100))
        exit(cli_fail(EXIT_USAGE, "--merge-distance wants a number above 0, up to 100, not '%s'", text));
}

int cli_localise_option(int option, const char *value, cli_localise *l)
{
    switch (option) {
    case CLI_TASK:
        take_task(value, l);
        return 1;
    case CLI_BOXES:
        add_net(value, l);
        break;
    case CLI_BOX_PROTOCOL:
        take_protocol(value, l);
        break;
    case CLI_BOX_SCALES:
        l->scales = value;
        break;
    case CLI_BOX_UNITS:
        take_units(value, l);
        break;
    case CLI_MERGE_DISTANCE:
        take_distance(value, l);
        break;
    default:
        return 0;
    }
    l->given = 1;
    return 1;
}

void cli_localise_check(const cli_localise *l)
{
    if (l->given && !l->wanted)
        exit(cli_fail(EXIT_USAGE, "--boxes and the options for boxes go with --task localise"));
    if (l->wanted && !l->nets)
        exit(cli_fail(EXIT_USAGE, "which network predicts the boxes? Name its file with --boxes"));
}

vgg_protocol_kind cli_box_protocol(const cli_localise *l, const cli_protocol *p)
{
    if (l->protocol_set)
        return l->protocol;
    return p->protocol.kind == VGG_CENTRE ? VGG_CENTRE : VGG_DENSE;
}

static int prepare_all(vgg_localiser *localiser, const cli_localise *how, const cli_model *model)
{
    for (int i = 0; i < how->nets; i++) {
        cli_preparation prepared;
        int fault = cli_prepare(&prepared, model, vgg_localiser_info(localiser, i));
        if (fault)
            return fault;
        vgg_localiser_prepare(localiser, i, &prepared.how);
        cli_tell_unfit(vgg_localiser_info(localiser, i), how->net[i]);
    }
    return 0;
}

int cli_localiser_open(vgg_localiser **localiser, vgg_evaluator *classes, const cli_localise *how, const cli_protocol *p,
                       const cli_model *model, const nonet_options *conv)
{
    nonet_vgg_error err;
    vgg_localiser_options options = {
        .nets = how->nets, .net = how->net, .protocol = { .kind = cli_box_protocol(how, p), .flip = p->protocol.flip },
        .merge = how->merge > 0 ? how->merge : VGG_MERGE_DISTANCE, .pixels = how->pixels,
        .options = { .net = model->net, .conv = *conv, .max_memory = p->max_memory, .verify = model->verify,
                     .progress = cli_progress },
    };
    const char *scales = how->scales ? how->scales : p->scales ? p->scales : p->train_scale ? "S" : NULL;
    nonet_vgg_status status = scales ? vgg_protocol_scales(&options.protocol, scales, p->train_scale, &err) : NONET_VGG_OK;
    *localiser = NULL;
    if (status == NONET_VGG_OK)
        status = vgg_localiser_open(localiser, classes, &options, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    int fault = prepare_all(*localiser, how, model);
    if (fault) {
        vgg_localiser_close(*localiser);
        *localiser = NULL;
    }
    return fault;
}
