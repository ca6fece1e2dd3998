/* nets.c - Table 1 of the VGG paper, and a model of layers without weights from a row of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgg/layers.h"
#include "vgg/nets.h"

static const vgg_netspec nets[] = {
    {"vgg11", "64 M 128 M 256 256 M 512 512 M 512 512 M"},
    {"vgg11-lrn", "64 L M 128 M 256 256 M 512 512 M 512 512 M"},
    {"vgg13", "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M"},
    {"vgg16c", "64 64 M 128 128 M 256 256 256/1 M 512 512 512/1 M 512 512 512/1 M"},
    {"vgg16", "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M"},
    {"vgg19", "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M"},
};

const vgg_netspec *vgg_net_find(const char *name)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (strcmp(nets[i].name, name) == 0)
            return &nets[i];
    return NULL;
}

int vgg_spec_next(const char **features, vgg_spec_item *item)
{
    const char *p = *features + strspn(*features, " ");
    if (!*p)
        return 0;
    *item = (vgg_spec_item){VGG_CONV, 0, 3};
    if (*p == 'M' || *p == 'L') {
        item->type = *p++ == 'M' ? VGG_MAXPOOL : VGG_LRN;
    } else {
        char *end;
        item->k = (int)strtol(p, &end, 10);
        p = end;
        if (*p == '/')
            item->r = (int)strtol(p + 1, &end, 10);
        p = end;
    }
    *features = p;
    return 1;
}

static int add_features(vgg_builder *b, const char *features)
{
    vgg_spec_item item;
    while (vgg_spec_next(&features, &item)) {
        if (item.type == VGG_MAXPOOL)
            vgg_add_pool(b);
        else if (item.type == VGG_LRN)
            vgg_add_lrn(b);
        else if (vgg_add_conv(b, item.k, b->channels, item.r))
            vgg_add_relu(b);
    }
    return b->failed;
}

static int add_classifier(vgg_builder *b)
{
    static const int outputs[3] = {4096, 4096, 1000};
    vgg_add_flatten(b);
    b->channels *= 7 * 7;
    for (int i = 0; i < 3; i++)
        if (vgg_add_fc(b, outputs[i], b->channels) && i < 2)
            vgg_add_relu(b);
    return b->failed;
}

nonet_vgg_status vgg_model_from_spec(vgg_model *model, const vgg_netspec *spec, uint64_t seed, nonet_vgg_error *err)
{
    memset(model, 0, sizeof *model);
    snprintf(model->path, sizeof model->path, "%s with random weights (seed %llu)", spec->name, (unsigned long long)seed);
    vgg_builder b = {.model = model, .group = 1, .place = 1, .channels = 3};
    if (add_features(&b, spec->features) || add_classifier(&b)) {
        vgg_model_clear(model);
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its list of layers", spec->name);
    }
    model->random = 1;
    model->seed = seed;
    model->c = 3;
    model->h = model->w = 224;
    vgg_set_preparation(model, NONET_VGG_TORCH);
    return NONET_VGG_OK;
}

/* Takes the items up to the next convolution; 0 if there is none. */
static int next_conv(const char **features, vgg_spec_item *item)
{
    while (vgg_spec_next(features, item))
        if (item->type == VGG_CONV)
            return 1;
    return 0;
}

/* Convolutions, pools and LRN of the layers are the feature string's, one for one. */
static int has_features(const vgg_model *model, const char *features)
{
    vgg_spec_item item;
    for (int i = 0; i < model->count; i++) {
        const vgg_layer *l = &model->layers[i];
        if (l->type != VGG_CONV && l->type != VGG_LRN && l->type != VGG_MAXPOOL)
            continue;
        if (!vgg_spec_next(&features, &item) || item.type != l->type ||
            (l->type == VGG_CONV && (item.k != l->k || item.r != l->r)))
            return 0;
    }
    return !vgg_spec_next(&features, &item);
}

/* The end may be missing with the classifier. */
int vgg_net_matches(const vgg_model *model, const vgg_netspec *spec)
{
    const char *features = spec->features;
    vgg_spec_item item;
    int whole = 0;
    for (int i = 0; i < model->count; i++) {
        const vgg_layer *l = &model->layers[i];
        whole |= l->type == VGG_FC;
        if (l->type == VGG_CONV && (!next_conv(&features, &item) || item.k != l->k || item.r != l->r))
            return 0;
    }
    return !whole || !next_conv(&features, &item);
}

const char *vgg_net_name(const vgg_model *model)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (has_features(model, nets[i].features))
            return nets[i].name;
    return "sequence";
}
