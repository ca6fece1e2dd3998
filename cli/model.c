/* model.c - see model.h. */
#include "cli/model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char cli_model_help[] =
    CLI_NET_HELP
    "  --preprocess KIND torch: RGB, (v/255 - mean)/std; caffe: BGR, v - mean; grey: one channel, (v/255 - mean)/std\n"
    "                    (default: what the model says)\n"
    "  --mean A[,B,C]    means, one a channel in the kind's order: of v/255 (torch, grey) or of v from 0 to 255 (caffe)\n"
    "  --std A[,B,C]     standard deviations of v/255, each above 0 (torch, grey)\n";

/* Up to 4 numbers with commas between them; returns how many. */
static int read_numbers(const char *option, const char *text, float *numbers)
{
    const char *at = text;
    for (int n = 1; n <= 4; n++) {
        char *end;
        numbers[n - 1] = strtof(at, &end);
        if (end == at || (*end && *end != ',') || !isfinite(numbers[n - 1]))
            break;
        if (!*end)
            return n;
        at = end + 1;
    }
    exit(cli_fail(EXIT_USAGE, "%s wants 1 to 4 numbers with commas between them, not '%s'", option, text));
}

static void read_stds(const char *text, cli_model *model)
{
    model->stds = read_numbers("--std", text, model->std);
    for (int i = 0; i < model->stds; i++)
        if (!(model->std[i] > 0))
            exit(cli_fail(EXIT_USAGE, "--std wants numbers above 0, not '%s'", text));
}

int cli_model_option(int option, const char *value, cli_model *model)
{
    switch (option) {
    case CLI_MODEL:
        model->path = value;
        return 1;
    case CLI_NET:
        model->net = value;
        return 1;
    case CLI_CHECK:
        model->verify = 1;
        return 1;
    case CLI_PREPROCESS:
        model->kind_set = 1;
        if (!vgg_prepare_kind(value, &model->kind))
            exit(cli_fail(EXIT_USAGE, "--preprocess knows torch, caffe and grey, not '%s'", value));
        return 1;
    case CLI_MEAN:
        model->means = read_numbers("--mean", value, model->mean);
        return 1;
    case CLI_STD:
        read_stds(value, model);
        return 1;
    default:
        return 0;
    }
}

void cli_tell_unfit(const nonet_vgg_info *info, const char *path)
{
    if (info->unfit)
        cli_fail(0, "%s: its packed weights are for another machine or other options; the plain ones serve", path);
}

int cli_prepare(cli_preparation *to, const cli_model *model, const nonet_vgg_info *info)
{
    nonet_vgg_kind kind = model->kind_set ? model->kind : info->kind;
    if (model->kind_set && (kind == NONET_VGG_GREY) != (info->c == 1))
        return cli_fail(EXIT_USAGE, "--preprocess %s does not go with a network that takes %d channel%s", vgg_prepare_name(kind),
                        info->c, info->c == 1 ? "" : "s");
    if ((model->means && model->means != info->c) || (model->stds && model->stds != info->c))
        return cli_fail(EXIT_USAGE, "--mean and --std want as many numbers as the network has channels: %d", info->c);
    vgg_prepare_defaults(kind, to->mean, to->std);
    if (kind == info->kind) {
        memcpy(to->mean, info->mean, (size_t)info->c * sizeof(float));
        memcpy(to->std, info->std, (size_t)info->c * sizeof(float));
    }
    memcpy(to->mean, model->mean, (size_t)model->means * sizeof(float));
    memcpy(to->std, model->std, (size_t)model->stds * sizeof(float));
    to->how = (vgg_prepare){.kind = kind, .c = info->c, .h = info->h, .w = info->w, .mean = to->mean, .std = to->std};
    return 0;
}
