/* protocol.c - see protocol.h. */
#include "cli/protocol.h"
#include "cli/progress.h"
#include <stdlib.h>

const char cli_protocol_help[] =
    "  --protocol NAME   centre (default): one crop; dense: the network over the whole picture, its map of scores averaged;\n"
    "                    multicrop: 50 crops a scale, a 5 x 5 grid and its mirror images; both: the mean of these two\n"
    "  --scales LIST     the smaller side of the resized picture: 256, or 256,384,512, or S-32,S,S+32; posteriors are averaged\n"
    "                    (default: S, else 256/224 of the input's side, or that side itself when it is below 64)\n"
    "  --train-scale S   the smaller side of the pictures that the network was trained on\n"
    "  --flip            centre and dense: average with the mirror image's posteriors\n"
    "  --model FILE      again for each further network; posteriors are averaged\n"
    "  --fuse-weights A[,B...]  with these weights, one a model, each above 0\n"
    "  --max-memory MB   what weights, activations and pictures may take together; fewer views at a time, or a refusal\n";

static void read_weights(const char *text, cli_protocol *p)
{
    const char *at = text;
    for (p->weights = 0; p->weights < VGG_MODELS; at++) {
        char *end;
        double weight = strtod(at, &end);
        if (end == at || (*end && *end != ',') || !(weight > 0 && weight < 1e9))
            break;
        p->weight[p->weights++] = weight;
        if (!*end)
            return;
        at = end;
    }
    exit(cli_fail(EXIT_USAGE, "--fuse-weights wants up to %d numbers above 0 with commas between them, not '%s'", VGG_MODELS,
                  text));
}

static void add_model(const char *path, cli_protocol *p)
{
    if (p->models == VGG_MODELS)
        exit(cli_fail(EXIT_USAGE, "--model: no more than %d models", VGG_MODELS));
    p->model[p->models++] = path;
}

int cli_protocol_option(int option, const char *value, cli_protocol *p)
{
    switch (option) {
    case CLI_MODEL:
        add_model(value, p);
        return 1;
    case CLI_PROTOCOL:
        if (!vgg_protocol_kind_of(value, &p->protocol.kind))
            exit(cli_fail(EXIT_USAGE, "--protocol knows centre, dense, multicrop and both, not '%s'", value));
        return 1;
    case CLI_SCALES:
        p->scales = value;
        return 1;
    case CLI_TRAIN_SCALE:
        p->train_scale = (int)cli_number("--train-scale", value, 1, 4095);
        return 1;
    case CLI_FLIP:
        p->protocol.flip = 1;
        return 1;
    case CLI_FUSE_WEIGHTS:
        read_weights(value, p);
        return 1;
    case CLI_MAX_MEMORY:
        p->max_memory = (size_t)cli_number("--max-memory", value, 1, 1 << 30) * 1000000;
        return 1;
    default:
        return 0;
    }
}

static int prepare_all(vgg_evaluator *evaluator, const cli_model *model, int models, const char *const *paths)
{
    for (int i = 0; i < models; i++) {
        cli_preparation prepared;
        int fault = cli_prepare(&prepared, model, vgg_evaluator_info(evaluator, i));
        if (fault)
            return fault;
        vgg_evaluator_prepare(evaluator, i, &prepared.how);
        cli_tell_unfit(vgg_evaluator_info(evaluator, i), paths[i]);
    }
    return 0;
}

int cli_evaluator_open(vgg_evaluator **evaluator, cli_protocol *p, const cli_model *model, const nonet_options *conv, int batch)
{
    nonet_vgg_error err;
    *evaluator = NULL;
    if (!p->models)
        return cli_fail(EXIT_USAGE, "which model? Name its file with --model");
    if (p->weights && p->weights != p->models)
        return cli_fail(EXIT_USAGE, "--fuse-weights has %d numbers, but there are %d models", p->weights, p->models);
    const char *scales = p->scales ? p->scales : p->train_scale ? "S" : NULL;
    nonet_vgg_status status = scales ? vgg_protocol_scales(&p->protocol, scales, p->train_scale, &err) : NONET_VGG_OK;
    vgg_evaluator_options options = {
        .models = p->models, .model = p->model, .weight = p->weights ? p->weight : NULL, .protocol = p->protocol,
        .net = {.net = model->net, .batch = batch, .conv = *conv, .max_memory = p->max_memory, .dense = p->dense,
                .verify = model->verify, .progress = cli_progress},
    };
    if (status == NONET_VGG_OK)
        status = vgg_evaluator_open(evaluator, &options, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    int fault = prepare_all(*evaluator, model, p->models, p->model);
    if (fault) {
        vgg_evaluator_close(*evaluator);
        *evaluator = NULL;
    }
    return fault;
}
