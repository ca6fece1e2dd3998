/* reshape.c - the memory that running a network takes, and the same network for inputs of another size. */
#include <stdlib.h>
#include "vgg/net.h"

/* ---- memory ---- */

vgg_needs vgg_needs_of(const nonet_vgg *net)
{
    vgg_needs needs = { .act_floats = { 0 } };
    vgg_act_floats(net, needs.act_floats);
    for (int i = 0; i < net->count; i++) {
        const vgg_step *s = &net->steps[i];
        if (!s->plan)
            continue;
        nonet_plan_info info;
        nonet_plan_query(s->plan, &info);
        needs.weight_bytes += info.weights;
        size_t chain = s->chain ? nonet_chain_workspace(s->chain) : 0, workspace = chain > info.workspace ? chain : info.workspace;
        if (workspace > needs.workspace_bytes)
            needs.workspace_bytes = workspace;
    }
    return needs;
}

size_t vgg_needs_bytes(const vgg_needs *needs)
{
    size_t act_floats = 0;
    for (int i = 0; i < VGG_ACTS; i++)
        act_floats += needs->act_floats[i];
    return needs->weight_bytes + needs->workspace_bytes + act_floats * sizeof(float);
}

nonet_vgg_status vgg_check_budget(const nonet_vgg *net, nonet_vgg_error *err)
{
    vgg_needs needs = vgg_needs_of(net);
    size_t bytes = vgg_needs_bytes(&needs), most = net->options.max_memory;
    if (!most || bytes <= most)
        return NONET_VGG_OK;
    return vgg_fail(err, NONET_VGG_NO_MEMORY,
                    "%s: %d input%s of %dx%d would take %.1f MB, %.1f MB of it weights; the limit is %.1f MB", net->model.path,
                    net->batch, net->batch == 1 ? "" : "s", net->h, net->w, (double)bytes / 1e6,
                    (double)needs.weight_bytes / 1e6, (double)most / 1e6);
}

/* The old buffer goes first, so that the two never stand side by side. */
static int resize(void **buffer, size_t *held, size_t unit, size_t want)
{
    if (*buffer && *held == want)
        return 1;
    nonet_free(*buffer, *held * unit);
    *buffer = nonet_alloc(want * unit);
    *held = *buffer ? want : 0;
    return *buffer != NULL;
}

int vgg_has_buffers(const nonet_vgg *net)
{
    int all = net->workspace != NULL;
    for (int i = 0; i < VGG_ACTS; i++)
        all &= net->act[i] != NULL;
    return all;
}

void vgg_free_buffers(nonet_vgg *net)
{
    for (int i = 0; i < VGG_ACTS; i++)
        nonet_free(net->act[i], net->act_floats[i] * sizeof(float));
    nonet_free(net->workspace, net->workspace_bytes);
}

nonet_vgg_status vgg_alloc_buffers(nonet_vgg *net, nonet_vgg_error *err)
{
    vgg_needs needs = vgg_needs_of(net), most = needs;
    for (int i = 0; i < VGG_ACTS; i++)
        most.act_floats[i] = needs.act_floats[i] > net->act_floats[i] ? needs.act_floats[i] : net->act_floats[i];
    most.workspace_bytes = needs.workspace_bytes > net->workspace_bytes ? needs.workspace_bytes : net->workspace_bytes;
    if (!net->options.max_memory || vgg_needs_bytes(&most) <= net->options.max_memory)
        needs = most;
    int ok = 1;
    for (int i = 0; i < VGG_ACTS; i++) {
        void *act = net->act[i];
        ok &= resize(&act, &net->act_floats[i], sizeof(float), needs.act_floats[i]);
        net->act[i] = act;
    }
    ok &= resize(&net->workspace, &net->workspace_bytes, 1, needs.workspace_bytes);
    return ok ? NONET_VGG_OK : vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: not enough memory for activations", net->model.path);
}

/* ---- another size ---- */

/* What vgg_build_steps makes and what it makes it from. */
typedef struct arrangement {
    vgg_step *steps;
    int count, early, batch, h, w;
} arrangement;

static arrangement arrangement_of(const nonet_vgg *net)
{
    return (arrangement){ net->steps, net->count, net->early, net->batch, net->h, net->w };
}

static void arrange(nonet_vgg *net, const arrangement *to)
{
    net->steps = to->steps;
    net->count = to->count;
    net->early = to->early;
    net->batch = to->batch;
    net->h = to->h;
    net->w = to->w;
}

/* Both lists rise in their layers' numbers; a pool may be fused in one and stand alone in the other. */
static void carry_weights(arrangement *from, nonet_vgg *net)
{
    for (int i = 0, j = 0; i < net->count; i++) {
        while (j < from->count - 1 && from->steps[j].index < net->steps[i].index)
            j++;
        if (from->steps[j].index == net->steps[i].index)
            net->steps[i].weights = from->steps[j].weights;
    }
}

static nonet_vgg_status check_size(const nonet_vgg *net, int batch, int h, int w, nonet_vgg_error *err)
{
    if (batch < 1 || h < 1 || w < 1)
        return vgg_fail(err, NONET_VGG_USAGE, "%s: batch, height and width must not be negative", net->model.path);
    if (net->options.dense && (h < net->trained_h || w < net->trained_w))
        return vgg_fail(err, NONET_VGG_USAGE, "%s: an input of %dx%d is smaller than the %dx%d that the network was trained on",
                        net->model.path, h, w, net->trained_h, net->trained_w);
    return NONET_VGG_OK;
}

static void go_back(nonet_vgg *net, const arrangement *old)
{
    arrangement tried = arrangement_of(net);
    vgg_free_steps(tried.steps, tried.count);
    arrange(net, old);
}

/* Lays out the steps for another input; *old gets those that there were. On failure nothing has changed. */
static nonet_vgg_status lay_out(nonet_vgg *net, int batch, int h, int w, arrangement *old, nonet_vgg_error *err)
{
    arrangement blank = { NULL, 0, 0, batch ? batch : net->batch, h ? h : net->h, w ? w : net->w };
    nonet_vgg_status status = check_size(net, blank.batch, blank.h, blank.w, err);
    if (status != NONET_VGG_OK)
        return status;
    *old = arrangement_of(net);
    arrange(net, &blank);
    status = vgg_build_steps(net, err);
    if (status != NONET_VGG_OK)
        go_back(net, old);
    return status;
}

nonet_vgg_status vgg_rebuild(nonet_vgg *net, int batch, int h, int w, nonet_vgg_error *err)
{
    arrangement old;
    nonet_vgg_status status = lay_out(net, batch, h, w, &old, err);
    if (status != NONET_VGG_OK)
        return status;
    status = vgg_check_budget(net, err);
    if (status != NONET_VGG_OK) {
        go_back(net, &old);
        return status;
    }
    carry_weights(&old, net);
    vgg_free_steps(old.steps, old.count);
    return NONET_VGG_OK;
}

nonet_vgg_status nonet_vgg_reshape(nonet_vgg *net, int batch, int height, int width, nonet_vgg_error *err)
{
    if (!net)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_reshape: a null pointer");
    nonet_vgg_status status = vgg_rebuild(net, batch, height, width, err);
    return status == NONET_VGG_OK ? vgg_alloc_buffers(net, err) : status;
}

nonet_vgg_status nonet_vgg_memory(nonet_vgg *net, int batch, int height, int width, size_t *bytes, nonet_vgg_error *err)
{
    arrangement old;
    if (!net || !bytes)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_memory: a null pointer");
    nonet_vgg_status status = lay_out(net, batch, height, width, &old, err);
    if (status != NONET_VGG_OK)
        return status;
    vgg_needs needs = vgg_needs_of(net);
    *bytes = vgg_needs_bytes(&needs);
    go_back(net, &old);
    return NONET_VGG_OK;
}
