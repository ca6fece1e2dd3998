/* layers.c - see layers.h. */
#include "cli/layers.h"
#include <stdio.h>
#include <string.h>
#include "cli/progress.h"

/* What has a map of its own: the rest is done within these. */
static int is_listed(const vgg_layer *layer)
{
    return layer->type == VGG_CONV || layer->type == VGG_FC || layer->type == VGG_MAXPOOL || layer->type == VGG_AVGPOOL ||
           layer->type == VGG_LRN;
}

static int refuse(const vgg_model *model, const char *layer)
{
    char names[4096] = "";
    size_t length = 0;
    for (int i = 0; i < model->count && length < sizeof names - VGG_NAME - 3; i++)
        if (is_listed(&model->layers[i]))
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", model->layers[i].name);
    return cli_fail(EXIT_USAGE, "%s: there is no layer %s; it has %s", model->path, layer, names);
}

static int choose(const vgg_model *model, const char *layer, char name[VGG_NAME])
{
    const char *found = NULL;
    for (int i = 0; i < model->count; i++)
        if (layer ? strcmp(model->layers[i].name, layer) == 0 : model->layers[i].type == VGG_CONV)
            found = model->layers[i].name;
    if (!found && !layer)
        return cli_fail(EXIT_DATA, "%s: has no convolution", model->path);
    if (!found)
        return refuse(model, layer);
    snprintf(name, VGG_NAME, "%s", found);
    return 0;
}

int cli_layer(const char *path, const cli_model *model, const char *layer, char name[VGG_NAME])
{
    vgg_model read = {0};
    nonet_vgg_error err;
    nonet_vgg_status status = vgg_model_open(&read, path, model->net, &err);
    if (status == NONET_VGG_OK)
        status = vgg_model_fold(&read, &err);
    int fault = status == NONET_VGG_OK ? choose(&read, layer, name) : cli_fail(cli_exit_of(status), "%s", err.text);
    vgg_model_clear(&read);
    return fault;
}

int cli_net_open(nonet_vgg **net, const char *path, const cli_model *model, nonet_vgg_options options)
{
    nonet_vgg_error err;
    nonet_vgg_info info;
    char name[VGG_NAME];
    options.net = model->net;
    options.verify = model->verify;
    options.progress = cli_progress;
    nonet_vgg_status status = nonet_vgg_open(net, path, &options, &err);
    if (status == NONET_VGG_USAGE && options.last && cli_layer(path, model, options.last, name))
        return EXIT_USAGE;
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    nonet_vgg_query(*net, &info);
    cli_tell_unfit(&info, path);
    return 0;
}
