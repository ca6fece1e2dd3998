/* convert.c - any model file into the project's container. */
#include <math.h>
#include <string.h>
#include "vgg/net.h"
#include "vgg/nets.h"

/* Outputs of the last layer that has weights: what labels must count. */
static int outputs(const vgg_model *model)
{
    int k = 0;
    for (int i = 0; i < model->count; i++)
        if (model->layers[i].type == VGG_CONV || model->layers[i].type == VGG_FC)
            k = model->layers[i].k;
    return k;
}

static nonet_vgg_status check_preprocess(const nonet_vgg_convert_options *o, int channels, nonet_vgg_error *err)
{
    if ((unsigned)o->kind > NONET_VGG_GREY)
        return vgg_fail(err, NONET_VGG_USAGE, "there is no such kind of preprocessing");
    if ((o->kind == NONET_VGG_GREY) != (channels == 1))
        return vgg_fail(err, NONET_VGG_USAGE, "the network takes %d channel%s, which does not go with %s pictures", channels,
                        channels == 1 ? "" : "s", o->kind == NONET_VGG_GREY ? "grey" : "colour");
    for (int i = 0; i < channels && i < 4; i++)
        if (!isfinite(o->mean[i]) || !isfinite(o->std[i]) || !(o->std[i] > 0))
            return vgg_fail(err, NONET_VGG_USAGE, "means must be finite and deviations above 0");
    return NONET_VGG_OK;
}

/* Puts the caller's wishes into the model. `model` is a copy that owns nothing: labels may be the caller's. */
static nonet_vgg_status apply(vgg_model *model, const nonet_vgg_convert_options *o, nonet_vgg_error *err)
{
    if (o->height < 0 || o->width < 0 || (o->height == 0) != (o->width == 0))
        return vgg_fail(err, NONET_VGG_USAGE, "height and width are both above 0, or both 0");
    if (o->height > 0) {
        nonet_vgg_status status = vgg_check_size(model, o->height, o->width, err);
        if (status != NONET_VGG_OK)
            return status;
        model->h = o->height;
        model->w = o->width;
    }
    if (o->set_preprocess) {
        nonet_vgg_status status = check_preprocess(o, model->c, err);
        if (status != NONET_VGG_OK)
            return status;
        model->kind = o->kind;
        memcpy(model->mean, o->mean, sizeof(model->mean));
        memcpy(model->std, o->std, sizeof(model->std));
    }
    if (o->labels) {
        if (o->nlabels != outputs(model))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the network has %d classes, but there are %d labels", model->path,
                            outputs(model), o->nlabels);
        model->labels = (char **)o->labels;
        model->nlabels = o->nlabels;
    }
    return NONET_VGG_OK;
}

nonet_vgg_status nonet_vgg_convert_random(const char *name, uint64_t seed, const char *to,
                                          const nonet_vgg_convert_options *options, nonet_vgg_error *err)
{
    vgg_model model;
    if (!name || !to)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_convert_random: a null pointer");
    const vgg_netspec *spec = vgg_net_find(name);
    if (!spec)
        return vgg_fail(err, NONET_VGG_USAGE, "%s: there is no such network (" VGG_NET_NAMES ")", name);
    nonet_vgg_status status = vgg_model_from_spec(&model, spec, seed, err);
    if (status != NONET_VGG_OK)
        return status;
    vgg_model written = model;
    if (options)
        status = apply(&written, options, err);
    if (status == NONET_VGG_OK)
        status = vgg_write_nonet(&written, NULL, 0, to, err);
    vgg_model_clear(&model);
    return status;
}

nonet_vgg_status nonet_vgg_convert(const char *from, const char *to, const nonet_vgg_convert_options *options,
                                   nonet_vgg_error *err)
{
    static const nonet_vgg_convert_options defaults;
    const nonet_vgg_convert_options *o = options ? options : &defaults;
    vgg_model model;
    if (!from || !to)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_convert: a null pointer");
    nonet_vgg_status status = vgg_model_open(&model, from, o->net, err);
    if (status != NONET_VGG_OK)
        return status;
    status = vgg_nonet_check_all(&model, err);
    if (status == NONET_VGG_OK)
        status = vgg_model_fold(&model, err);
    vgg_model written = model;
    if (status == NONET_VGG_OK)
        status = apply(&written, o, err);
    if (status == NONET_VGG_OK)
        status = vgg_write_nonet(&written, NULL, 0, to, err);
    vgg_model_clear(&model);
    return status;
}
