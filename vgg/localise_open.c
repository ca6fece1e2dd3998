/* localise_open.c - a localiser's box networks: opened, and held against the class networks they go with. */
#include <stdlib.h>
#include "vgg/localiser.h"
#include "vgg/net.h"

/* ---- checks ---- */

static int stride_of(const nonet_vgg *net)
{
    nonet_vgg_layer_info layer;
    int stride = 1;
    for (int i = 0; nonet_vgg_layer(net, i, &layer) == NONET_VGG_OK; i++) {
        vgg_layer_type type = net->steps[i].layer.type;
        stride *= (type == VGG_CONV ? layer.stride : 1) * (layer.pool || type == VGG_MAXPOOL ? 2 : 1);
    }
    return stride;
}

static nonet_vgg_status check_options(const vgg_evaluator *classes, const vgg_localiser_options *o, nonet_vgg_error *err)
{
    if (o->nets < 1 || o->nets > VGG_MODELS)
        return vgg_fail(err, NONET_VGG_USAGE, "1 to %d box networks work together", VGG_MODELS);
    if (o->protocol.kind != VGG_CENTRE && o->protocol.kind != VGG_DENSE)
        return vgg_fail(err, NONET_VGG_USAGE, "boxes are predicted from the centre crop or densely, not by '%s'",
                        vgg_protocol_name(o->protocol.kind));
    if (!(o->merge >= 0))
        return vgg_fail(err, NONET_VGG_USAGE, "the distance at which boxes merge must not be negative");
    for (int i = 0; i < classes->models; i++)
        if (o->protocol.kind == VGG_DENSE && !classes->member[i].net->options.dense)
            return vgg_fail(err, NONET_VGG_USAGE, "%s: was not opened for dense application", classes->member[i].net->model.path);
    return NONET_VGG_OK;
}

/* Boxes and classes of a position must be of the same pixels. */
static nonet_vgg_status check_geometry(const vgg_localiser *l, const vgg_member *box, nonet_vgg_error *err)
{
    for (int i = 0; i < l->classes->models; i++) {
        const vgg_member *m = &l->classes->member[i];
        if (m->info.h != box->info.h || m->info.w != box->info.w || m->info.c != box->info.c)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: takes %d x %d x %d, the class network %s takes %d x %d x %d: their "
                            "positions do not match", box->net->model.path, box->info.c, box->info.h, box->info.w,
                            m->net->model.path, m->info.c, m->info.h, m->info.w);
        if (l->protocol.kind == VGG_DENSE && stride_of(m->net) != stride_of(box->net))
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: has positions %d pixels apart, the class network %s %d pixels",
                            box->net->model.path, stride_of(box->net), m->net->model.path, stride_of(m->net));
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status check_box(const vgg_localiser *l, const vgg_member *box, nonet_vgg_error *err)
{
    const vgg_model *model = &box->net->model;
    if (model->layers[model->count - 1].type == VGG_SOFTMAX)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: ends in a soft-max: that predicts classes, not boxes", model->path);
    if (box->info.out_c != 4 && box->info.out_c != 4 * l->classes->classes)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: predicts %d numbers at a position; boxes are 4 numbers, or 4 for each "
                        "of the %d classes", model->path, box->info.out_c, l->classes->classes);
    return check_geometry(l, box, err);
}

/* ---- open and close ---- */

size_t vgg_localiser_memory(const vgg_localiser *l)
{
    size_t bytes = vgg_evaluator_memory(l->classes) + (l->src_floats + l->dst_floats) * sizeof(float);
    for (int i = 0; i < l->nets; i++)
        bytes += vgg_evaluator_memory(l->box[i]);
    return bytes;
}

void vgg_localiser_share(vgg_localiser *l)
{
    size_t ours = vgg_localiser_memory(l) - vgg_evaluator_memory(l->classes);
    if (l->max_memory)
        l->classes->max_memory = l->max_memory > ours ? l->max_memory - ours : 1;
}

static nonet_vgg_status open_box(vgg_localiser *l, const vgg_localiser_options *o, nonet_vgg_error *err)
{
    vgg_evaluator_options options = { .models = 1, .model = &o->net[l->nets], .protocol = l->protocol, .net = o->options };
    size_t taken = vgg_localiser_memory(l);
    options.net.batch = 0;
    if (l->max_memory)
        options.net.max_memory = l->max_memory > taken ? l->max_memory - taken : 1;
    nonet_vgg_status status = vgg_evaluator_open(&l->box[l->nets], &options, err);
    if (status != NONET_VGG_OK)
        return status;
    return check_box(l, &l->box[l->nets++]->member[0], err);
}

nonet_vgg_status vgg_localiser_open(vgg_localiser **out, vgg_evaluator *classes, const vgg_localiser_options *o,
                                    nonet_vgg_error *err)
{
    *out = NULL;
    nonet_vgg_status status = check_options(classes, o, err);
    if (status != NONET_VGG_OK)
        return status;
    vgg_localiser *l = calloc(1, sizeof *l);
    if (!l)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory");
    *l = (vgg_localiser){ .classes = classes, .protocol = o->protocol, .merge = o->merge, .pixels = o->pixels,
                          .max_memory = o->options.max_memory };
    while (status == NONET_VGG_OK && l->nets < o->nets)
        status = open_box(l, o, err);
    if (status != NONET_VGG_OK) {
        vgg_localiser_close(l);
        return status;
    }
    l->stride = stride_of(l->box[0]->member[0].net);
    vgg_localiser_share(l);
    *out = l;
    return NONET_VGG_OK;
}

void vgg_localiser_close(vgg_localiser *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->nets; i++)
        vgg_evaluator_close(l->box[i]);
    free(l->src);
    free(l->dst);
    free(l);
}

const nonet_vgg_info *vgg_localiser_info(const vgg_localiser *l, int net)
{
    return vgg_evaluator_info(l->box[net], 0);
}

void vgg_localiser_prepare(vgg_localiser *l, int net, const vgg_prepare *how)
{
    vgg_evaluator_prepare(l->box[net], 0, how);
}
