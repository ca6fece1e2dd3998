/* evaluator_open.c - an evaluator's networks, how their pictures are prepared, and what memory they take. */
#include <stdlib.h>
#include <string.h>
#include "vgg/evaluator.h"

/* ---- open and close ---- */

static nonet_vgg_status check_options(const vgg_evaluator_options *o, nonet_vgg_error *err)
{
    if (!o || o->models < 1 || o->models > VGG_MODELS || o->net.batch < 0)
        return vgg_fail(err, NONET_VGG_USAGE, "1 to %d models are evaluated together", VGG_MODELS);
    for (int i = 0; o->weight && i < o->models; i++)
        if (!(o->weight[i] > 0 && o->weight[i] < 1e9))
            return vgg_fail(err, NONET_VGG_USAGE, "the weights of the models must be above 0");
    return NONET_VGG_OK;
}

size_t vgg_evaluator_memory(const vgg_evaluator *e)
{
    size_t bytes = (e->src_floats + e->dst_floats) * sizeof(float);
    for (int i = 0; i < e->models; i++) {
        nonet_vgg_info info;
        nonet_vgg_query(e->member[i].net, &info);
        bytes += info.memory;
    }
    return bytes;
}

static nonet_vgg_status check_member(const vgg_evaluator *e, const vgg_member *m, const char *path, nonet_vgg_error *err)
{
    if (m->info.out_h != 1 || m->info.out_w != 1)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: ends in a map of %d x %d, not in class scores", path, m->info.out_h,
                        m->info.out_w);
    if (m->info.c != 1 && m->info.c != 3)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: a network with %d input channels takes no pictures", path, m->info.c);
    if (e->models && m->info.out_c != e->classes)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: has %d classes, the first model has %d: they cannot be averaged", path,
                        m->info.out_c, e->classes);
    int least = m->info.h < m->info.w ? m->info.h : m->info.w;
    for (int i = 0; i < e->protocol.scales; i++)
        if (e->protocol.scale[i] < least)
            return vgg_fail(err, NONET_VGG_USAGE, "%s: takes inputs of %d x %d, so a scale of %d is too small", path, m->info.h,
                            m->info.w, e->protocol.scale[i]);
    return NONET_VGG_OK;
}

static nonet_vgg_status open_member(vgg_evaluator *e, const vgg_evaluator_options *o, nonet_vgg_error *err)
{
    vgg_member *m = &e->member[e->models];
    nonet_vgg_options net = o->net;
    size_t taken = vgg_evaluator_memory(e);
    net.dense = net.dense || e->protocol.kind == VGG_DENSE || e->protocol.kind == VGG_BOTH;
    net.batch = net.height = net.width = 0;
    net.last = NULL;
    if (net.max_memory)
        net.max_memory = net.max_memory > taken ? net.max_memory - taken : 1;
    nonet_vgg_status status = nonet_vgg_open(&m->net, o->model[e->models], &net, err);
    if (status != NONET_VGG_OK)
        return status;
    nonet_vgg_query(m->net, &m->info);
    status = check_member(e, m, o->model[e->models], err);
    m->batch = 1;
    m->h = m->info.h;
    m->w = m->info.w;
    m->weight = o->weight ? o->weight[e->models] : 1;
    e->classes = m->info.out_c;
    e->models++;                /* from here on it is closed with the rest */
    if (status == NONET_VGG_OK)
        vgg_evaluator_prepare(e, e->models - 1, &(vgg_prepare){m->info.kind, m->info.c, 0, 0, m->info.mean, m->info.std});
    return status;
}

/* Weights that add up to 1; buffers whose size is known. */
static nonet_vgg_status finish(vgg_evaluator *e, nonet_vgg_error *err)
{
    double sum = 0;
    for (int i = 0; i < e->models; i++)
        sum += e->member[i].weight;
    for (int i = 0; i < e->models; i++)
        e->member[i].weight /= sum;
    e->slot = calloc(e->batch > VGG_CROPS ? (size_t)e->batch : VGG_CROPS, sizeof *e->slot);
    e->row = malloc((size_t)e->classes * sizeof *e->row);
    return e->slot && e->row ? NONET_VGG_OK : vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory");
}

nonet_vgg_status vgg_evaluator_open(vgg_evaluator **out, const vgg_evaluator_options *options, nonet_vgg_error *err)
{
    *out = NULL;
    nonet_vgg_status status = check_options(options, err);
    if (status != NONET_VGG_OK)
        return status;
    vgg_evaluator *e = calloc(1, sizeof *e);
    if (!e)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory");
    e->protocol = options->protocol;
    e->batch = options->net.batch;
    e->max_memory = options->net.max_memory;
    while (status == NONET_VGG_OK && e->models < options->models)
        status = open_member(e, options, err);
    if (status == NONET_VGG_OK)
        status = finish(e, err);
    if (status == NONET_VGG_OK)
        *out = e;
    else
        vgg_evaluator_close(e);
    return status;
}

void vgg_evaluator_close(vgg_evaluator *e)
{
    if (!e)
        return;
    for (int i = 0; i < e->models; i++)
        nonet_vgg_close(e->member[i].net);
    free(e->slot);
    free(e->src);
    free(e->dst);
    free(e->row);
    free(e);
}

const nonet_vgg_info *vgg_evaluator_info(const vgg_evaluator *e, int model)
{
    return &e->member[model].info;
}

void vgg_evaluator_prepare(vgg_evaluator *e, int model, const vgg_prepare *how)
{
    vgg_member *m = &e->member[model];
    memcpy(m->mean, how->mean, (size_t)m->info.c * sizeof(float));
    memcpy(m->std, how->std, (size_t)m->info.c * sizeof(float));
    m->how = (vgg_prepare){how->kind, m->info.c, 0, 0, m->mean, m->std};
}

/* ---- what it will take ---- */

/* The most that one network takes for its views of a picture of this size. */
static nonet_vgg_status member_memory(const vgg_evaluator *e, const vgg_member *m, const vgg_picture *p, size_t *most,
                                      nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int kind = (int)e->protocol.kind, cap = e->batch ? e->batch : 1, crops = e->batch ? e->batch : VGG_CROPS;
    size_t bytes = 0;
    *most = 0;
    for (int i = 0; status == NONET_VGG_OK && i < (e->protocol.scales ? e->protocol.scales : 1); i++) {
        vgg_window window = vgg_view_window(e, m, p, i);
        if (kind != VGG_MULTICROP) {
            status = nonet_vgg_memory(m->net, cap, window.rows, window.columns, &bytes, err);
            bytes += (size_t)cap * (size_t)m->info.c * (size_t)window.rows * (size_t)window.columns * sizeof(float);
            *most = status == NONET_VGG_OK && bytes > *most ? bytes : *most;
        }
        if (status == NONET_VGG_OK && (kind == VGG_MULTICROP || kind == VGG_BOTH)) {
            status = nonet_vgg_memory(m->net, crops, m->info.h, m->info.w, &bytes, err);
            bytes += (size_t)crops * (size_t)m->info.c * (size_t)m->info.h * (size_t)m->info.w * sizeof(float);
            *most = status == NONET_VGG_OK && bytes > *most ? bytes : *most;
        }
    }
    return status;
}

nonet_vgg_status vgg_evaluator_announce(vgg_evaluator *e, int w, int h, size_t *bytes, nonet_vgg_error *err)
{
    vgg_picture p = {.w = w, .h = h, .channels = 3};
    nonet_vgg_status status = NONET_VGG_OK;
    *bytes = 0;
    for (int i = 0; status == NONET_VGG_OK && i < e->models; i++) {
        size_t most;
        status = member_memory(e, &e->member[i], &p, &most, err);
        *bytes += most;
    }
    return status;
}
