/* layers.c - adds the layers of a VGG network one by one. */
#include <stdio.h>
#include <string.h>

#include "vgg/layers.h"
#include "vgg/nets.h"

static vgg_layer *add(vgg_builder *b, vgg_layer_type type, const char *name)
{
    vgg_layer *l = b->failed ? NULL : vgg_model_add(b->model, type, name);
    b->failed = !l;
    return l;
}

/* conv1_2 gives relu1_2 or bn1_2, fc6 gives relu6. */
static void name_after_last(const vgg_builder *b, const char *what, char name[VGG_NAME])
{
    const char *last = "";
    for (int i = b->model->count; i-- > 0 && !*last;)
        if (b->model->layers[i].type == VGG_CONV || b->model->layers[i].type == VGG_FC)
            last = b->model->layers[i].name;
    snprintf(name, VGG_NAME, "%s%s", what, last + strcspn(last, "0123456789"));
}

vgg_layer *vgg_add_conv(vgg_builder *b, int k, int c, int r)
{
    char name[VGG_NAME];
    snprintf(name, sizeof name, "conv%d_%d", b->group, b->place++);
    vgg_layer *l = add(b, VGG_CONV, name);
    if (l) {
        l->k = b->channels = k;
        l->c = c;
        l->r = l->s = r;
        l->stride = 1;
        l->pad = r == 3;
    }
    return l;
}

vgg_layer *vgg_add_batchnorm(vgg_builder *b)
{
    char name[VGG_NAME];
    name_after_last(b, "bn", name);
    vgg_layer *l = add(b, VGG_BATCHNORM, name);
    if (l) {
        l->k = b->channels;
        l->eps = 1e-5f;
    }
    return l;
}

vgg_layer *vgg_add_relu(vgg_builder *b)
{
    char name[VGG_NAME];
    name_after_last(b, "relu", name);
    return add(b, VGG_RELU, name);
}

vgg_layer *vgg_add_lrn(vgg_builder *b)
{
    char name[VGG_NAME];
    snprintf(name, sizeof name, "norm%d", b->group);
    vgg_layer *l = add(b, VGG_LRN, name);
    if (l) {
        l->size = VGG_LRN_SIZE;
        l->alpha = VGG_LRN_ALPHA;
        l->lrn_beta = VGG_LRN_BETA;
        l->lrn_k = VGG_LRN_K;
    }
    return l;
}

vgg_layer *vgg_add_pool(vgg_builder *b)
{
    char name[VGG_NAME];
    snprintf(name, sizeof name, "pool%d", b->group++);
    b->place = 1;
    return add(b, VGG_MAXPOOL, name);
}

vgg_layer *vgg_add_avgpool(vgg_builder *b, int side)
{
    vgg_layer *l = add(b, VGG_AVGPOOL, "avgpool");
    if (l)
        l->oh = l->ow = side;
    return l;
}

vgg_layer *vgg_add_flatten(vgg_builder *b)
{
    return add(b, VGG_FLATTEN, "flatten");
}

vgg_layer *vgg_add_fc(vgg_builder *b, int k, int c)
{
    char name[VGG_NAME];
    snprintf(name, sizeof name, "fc%d", b->group++);
    vgg_layer *l = add(b, VGG_FC, name);
    if (l) {
        l->k = b->channels = k;
        l->c = c;
    }
    return l;
}

void vgg_set_preparation(vgg_model *model, nonet_vgg_kind kind)
{
    static const float mean[3][4] = {{0.485f, 0.456f, 0.406f, 0}, {103.939f, 116.779f, 123.68f, 0}, {0.286f, 0, 0, 0}};
    static const float std[3][4] = {{0.229f, 0.224f, 0.225f, 1}, {1, 1, 1, 1}, {0.353f, 1, 1, 1}};
    model->kind = kind;
    memcpy(model->mean, mean[kind], sizeof model->mean);
    memcpy(model->std, std[kind], sizeof model->std);
}
