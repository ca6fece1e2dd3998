/* tensors.c - layers from the names and shapes of a state dict, which says nothing of ReLU, pools and Dropout. */
#include <stdlib.h>

#include "vgg/layers.h"
#include "vgg/nets.h"
#include "vgg/units.h"

static vgg_unit *next_conv(const vgg_units *r, const vgg_unit *u)
{
    do
        u++;
    while (u < r->units + r->features && vgg_unit_is_batchnorm(u));
    return u < r->units + r->features ? (vgg_unit *)u : NULL;
}

/* Marks LRN and pools as a row of Table 1 has them. A file without classifier may end early. */
static nonet_vgg_status plan_by_table(vgg_units *r, const vgg_netspec *spec, nonet_vgg_error *err)
{
    const char *features = spec->features;
    vgg_unit *u = r->units, *last = NULL;
    vgg_spec_item item;
    int matches = 1;
    while (matches && vgg_spec_next(&features, &item)) {
        if (item.type == VGG_CONV) {
            const vgg_tensor *weight = u ? u->part[PART_WEIGHT] : NULL;
            matches = weight ? weight->dim[0] == item.k && weight->dim[2] == item.r : r->features == r->count;
            if (!u && last)     /* the file ends here, behind a ReLU */
                last->lrn = last->pool = 0;
            last = u;
            u = u ? next_conv(r, u) : NULL;
        } else if (last) {
            last->pool |= item.type == VGG_MAXPOOL;
            last->lrn |= item.type == VGG_LRN;
        }
    }
    if (u || !matches)
        return vgg_fail(err, NONET_VGG_USAGE, "%s: its convolutions are not those of %s (see '%s')", r->model->path, spec->name,
                        vgg_unit_label(u ? u : &r->units[r->features - 1]));
    return NONET_VGG_OK;
}

/* features.N counts ReLU, LRN, pool and BatchNorm too, so the gap to the next convolution tells what lies between: 2 ReLU alone,
 * 3 a pool too, one more for a BatchNorm. 4 without BatchNorm is LRN and a pool if it is the first of A-LRN; nothing else. */
static nonet_vgg_status plan_by_gaps(vgg_units *r, nonet_vgg_error *err)
{
    for (vgg_unit *u = r->units, *next; u; u = next) {
        next = next_conv(r, u);
        if (!next) {            /* torchvision's features end in a pool; without a classifier the file was cut behind the ReLU */
            u->pool = r->features < r->count;
            break;
        }
        int gap = next->index - u->index - vgg_unit_is_batchnorm(u + 1);
        if (gap == 4 && u == r->units && plan_by_table(r, vgg_net_find("vgg11-lrn"), NULL) == NONET_VGG_OK)
            break;
        if (gap != 2 && gap != 3)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the layers between '%s' and '%s' cannot be told from the names; say "
                            "which network it is", r->model->path, vgg_unit_label(u), vgg_unit_label(next));
        u->pool = gap == 3;
    }
    return NONET_VGG_OK;
}

/* conv1_2 is followed by a pool when conv2_1 comes next. */
static void plan_by_groups(vgg_units *r)
{
    for (vgg_unit *u = r->units, *next; u; u = next) {
        next = next_conv(r, u);
        u->pool = next ? next->index / 100 != u->index / 100 : r->features < r->count;
    }
}

static void add_batchnorm(vgg_builder *b, const vgg_unit *u)
{
    vgg_layer *l = vgg_add_batchnorm(b);
    if (l) {
        l->k = (int)u->part[PART_MEAN]->dim[0];
        l->gamma = u->part[PART_WEIGHT] ? u->part[PART_WEIGHT]->data : NULL;
        l->beta = u->part[PART_BIAS] ? u->part[PART_BIAS]->data : NULL;
        l->mean = u->part[PART_MEAN]->data;
        l->var = u->part[PART_VAR]->data;
    }
}

static void set_weights(vgg_layer *l, const vgg_unit *u)
{
    if (l) {
        l->weight = u->part[PART_WEIGHT]->data;
        l->bias = u->part[PART_BIAS] ? u->part[PART_BIAS]->data : NULL;
    }
}

static void add_features(const vgg_units *r, vgg_builder *b)
{
    for (const vgg_unit *u = r->units; u; u = next_conv(r, u)) {
        const vgg_tensor *w = u->part[PART_WEIGHT];
        if (u->style == VGG_NAMED_CAFFE) {
            b->group = u->index / 100;
            b->place = u->index % 100;
        }
        set_weights(vgg_add_conv(b, (int)w->dim[0], (int)w->dim[1], (int)w->dim[2]), u);
        if (u + 1 < r->units + r->features && vgg_unit_is_batchnorm(u + 1))
            add_batchnorm(b, u + 1);
        vgg_add_relu(b);
        if (u->lrn)
            vgg_add_lrn(b);
        if (u->pool)
            vgg_add_pool(b);
    }
}

/* The side of the square map that the first FC takes; 0 when there is none. */
static int map_side(const vgg_tensor *weight, int channels)
{
    if (weight->ndim == 4)
        return weight->dim[2] == weight->dim[3] ? (int)weight->dim[2] : 0;
    int side = 1;
    while ((int64_t)channels * side * side < weight->dim[1])
        side++;
    return (int64_t)channels * side * side == weight->dim[1] ? side : 0;
}

static void add_classifier(const vgg_units *r, vgg_builder *b)
{
    for (const vgg_unit *u = r->units + r->features, *end = r->units + r->count; u < end; u++) {
        if (vgg_unit_is_batchnorm(u)) {
            add_batchnorm(b, u);
        } else {
            const vgg_tensor *w = u->part[PART_WEIGHT];
            if (u->style == VGG_NAMED_CAFFE)
                b->group = u->index;
            set_weights(vgg_add_fc(b, (int)w->dim[0], (int)(w->dim[1] * w->dim[2] * w->dim[3])), u);
        }
        int last = u + 1 == end, normed = !last && vgg_unit_is_batchnorm(u + 1);
        if (!last && !normed)
            vgg_add_relu(b);
    }
}

static nonet_vgg_status add_all(const vgg_units *r, nonet_vgg_error *err)
{
    vgg_builder b = {.model = r->model, .group = 1, .place = 1};
    add_features(r, &b);
    r->model->c = (int)r->units[0].part[PART_WEIGHT]->dim[1];
    nonet_vgg_kind kind = r->units[0].style == VGG_NAMED_CAFFE ? NONET_VGG_CAFFE : NONET_VGG_TORCH;
    vgg_set_preparation(r->model, r->model->c == 1 ? NONET_VGG_GREY : kind);
    if (r->features < r->count) {
        const vgg_tensor *first = r->units[r->features].part[PART_WEIGHT];
        int side = map_side(first, b.channels);
        if (side == 0)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: '%s' does not take a square map of the %d channels before it",
                            r->model->path, first->name, b.channels);
        if (side == 7)          /* torchvision's networks bring any map to 7x7; at 224x224 it is that already */
            vgg_add_avgpool(&b, side);
        vgg_add_flatten(&b);
        add_classifier(r, &b);
    }
    if (b.failed)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its list of layers", r->model->path);
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_model_from_tensors(vgg_model *model, vgg_tensor *tensors, int count, const char *net, nonet_vgg_error *err)
{
    const vgg_netspec *spec = net ? vgg_net_find(net) : NULL;
    if (net && !spec)
        return vgg_fail(err, NONET_VGG_USAGE, "no network is called '%s'; the names are %s", net, VGG_NET_NAMES);
    vgg_units r = {.model = model, .units = calloc((size_t)count + 1, sizeof *r.units)};
    if (!r.units)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its list of tensors", model->path);
    nonet_vgg_status status = vgg_units_collect(&r, tensors, count, err);
    if (status == NONET_VGG_OK && spec)
        status = plan_by_table(&r, spec, err);
    else if (status == NONET_VGG_OK && r.units[0].style == VGG_NAMED_CAFFE)
        plan_by_groups(&r);
    else if (status == NONET_VGG_OK)
        status = plan_by_gaps(&r, err);
    if (status == NONET_VGG_OK)
        status = add_all(&r, err);
    free(r.units);
    return status;
}
