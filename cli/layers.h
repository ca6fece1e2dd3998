/* layers.h - the layers of a model file, by name. */
#ifndef NONET_CLI_LAYERS_H
#define NONET_CLI_LAYERS_H

#include "cli/model.h"

/* Copies the layer's name, or the last convolution's if layer is NULL. 0, or the exit status after a sentence, which lists the
 * layers that there are when this one is not. */
int cli_layer(const char *path, const cli_model *model, const char *layer, char name[VGG_NAME]);
/* Opens a model that may have been refused because of options->last: says then which layers there are. Fills in what `model`
 * says. 0, or the exit status after a sentence. */
int cli_net_open(nonet_vgg **net, const char *path, const cli_model *model, nonet_vgg_options options);

#endif
