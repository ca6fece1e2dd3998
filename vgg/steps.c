/* steps.c - from layers to steps: ReLU and max pool go into the step before them where they can, shapes are followed through. */
#include <stdlib.h>
#include <string.h>
#include "vgg/net.h"

static const char *type_name(vgg_layer_type type)
{
    static const char *const names[] = { "Conv", "BatchNorm", "ReLU", "LRN", "MaxPool", "AvgPool", "Flatten", "FC", "Dropout",
                                         "SoftMax" };
    return names[type];
}

/* ---- the input size ---- */

/* The map's side when a square input of this size reaches the first FC layer (or the end); 0 when it vanishes on the way. */
static int side_at_classifier(const vgg_model *model, int side)
{
    for (int i = 0; i < model->count && side > 0; i++) {
        const vgg_layer *l = &model->layers[i];
        if (l->type == VGG_FC)
            break;
        if (l->type == VGG_CONV)
            side = side + 2 * l->pad < l->r ? 0 : (side + 2 * l->pad - l->r) / l->stride + 1;
        else if (l->type == VGG_MAXPOOL)
            side = l->ceil ? (side + 1) / 2 : side / 2;
        else if (l->type == VGG_AVGPOOL && l->oh)
            side = l->oh;
    }
    return side;
}

/* Channels of the map that reaches the first FC layer, and that layer; NULL when there is none. */
static const vgg_layer *classifier_of(const vgg_model *model, int *channels)
{
    *channels = model->c;
    for (int i = 0; i < model->count; i++) {
        if (model->layers[i].type == VGG_FC)
            return &model->layers[i];
        if (model->layers[i].type == VGG_CONV)
            *channels = model->layers[i].k;
    }
    return NULL;
}

static int fits(const vgg_model *model, const vgg_layer *fc, int channels, int side)
{
    long map = side_at_classifier(model, side);
    return map > 0 && (!fc || (long)channels * map * map == fc->c);
}

nonet_vgg_status vgg_input_size(const vgg_model *model, int *h, int *w, nonet_vgg_error *err)
{
    enum { SIDE_MAX = 2048 };
    int channels;
    const vgg_layer *fc = classifier_of(model, &channels);
    int side = fits(model, fc, channels, 224) ? 224 : 0;
    if (!side && model->c == 1 && fits(model, fc, channels, 28))
        side = 28;
    for (int s = 1; !side && s <= SIDE_MAX; s++)
        side = fits(model, fc, channels, s) ? s : 0;
    *h = *w = side;
    if (!side)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: no square input up to %d gives the %d values that layer %s takes",
                        model->path, SIDE_MAX, fc ? fc->c : 0, fc ? fc->name : "?");
    return NONET_VGG_OK;
}

/* ---- one step ---- */

typedef struct shape { int c, h, w; } shape;

static nonet_options options_of(const nonet_vgg *net, const vgg_step *step)
{
    const vgg_pin *pin = &net->pins[step->index];
    nonet_options options = net->options.conv;
    /* The packed weights serve every size of input, also those where the layer is a plain convolution: these have no bf16. */
    if (net->options.dense || step->layer.type != VGG_FC)
        options.fc_weights = NONET_FC_F32;
    if (step->conv.c <= NONET_FEW_CHANNELS && options.algo != NONET_AUTO)
        options.algo = NONET_DIRECT;            /* the channels of a Winograd tile would be zeros for the most part */
    if (net->pinned) {
        options.algo = pin->algo;
        options.isa = pin->isa;
        options.weights = pin->form;
    }
    return options;
}

static int fits_file(const vgg_step *step)
{
    nonet_weights *weights;
    if (nonet_weights_import(&weights, step->plan, step->layer.packed, step->layer.packed_bytes) != NONET_OK)
        return 0;
    nonet_weights_destroy(weights);
    return 1;
}

/* Weights that the file has packed in another form than this plan's, which was not asked for, are there at once and give the same
 * results: the plan becomes theirs. */
static void follow_file(vgg_step *step, nonet_options options)
{
    nonet_plan_info info;
    nonet_plan *other;
    nonet_plan_query(step->plan, &info);
    if (!step->layer.packed || options.weights != NONET_WEIGHTS_AUTO || info.algo == NONET_DIRECT || fits_file(step))
        return;
    options.weights = info.form == NONET_WEIGHTS_PACKED ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED;
    if (nonet_plan_create(&other, &step->conv, &options) != NONET_OK)
        return;
    nonet_plan *own = step->plan;
    step->plan = other;
    if (!fits_file(step)) {
        step->plan = own;
        own = other;
    }
    nonet_plan_destroy(own);
}

static nonet_vgg_status plan_step(nonet_vgg *net, vgg_step *step, nonet_vgg_error *err)
{
    nonet_options options = options_of(net, step);
    vgg_pin *pin = &net->pins[step->index];
    nonet_status status = nonet_plan_create(&step->plan, &step->conv, &options);
    if (status == NONET_NOT_APPLICABLE) {
        options.algo = NONET_AUTO;
        status = nonet_plan_create(&step->plan, &step->conv, &options);
    }
    if (status == NONET_OK) {
        follow_file(step, options);
        nonet_plan_info info;
        nonet_plan_query(step->plan, &info);
        pin->algo = info.algo;
        pin->isa = info.isa;
        pin->form = info.form;
        return NONET_VGG_OK;
    }
    nonet_vgg_status kind = status == NONET_NO_MEMORY ? NONET_VGG_NO_MEMORY
                          : status == NONET_BAD_ISA ? NONET_VGG_USAGE : NONET_VGG_UNSUPPORTED;
    return vgg_fail(err, kind, "%s: layer %s (%dx%d, stride %d, padding %d, on a map of %dx%dx%d): %s", net->model.path,
                    step->layer.name, step->conv.r, step->conv.s, step->conv.stride, step->conv.pad, step->conv.c, step->conv.h,
                    step->conv.w, nonet_status_string(status));
}

/* ReLU and a floor pool on an even map (or a dropped odd edge) directly behind layer i join its step; *i moves past them. */
static void fuse(const nonet_vgg *net, vgg_step *step, int *i)
{
    const vgg_model *m = &net->model;
    int stop = net->options.last && strcmp(step->layer.name, net->options.last) == 0;
    if (*i + 1 < m->count && m->layers[*i + 1].type == VGG_RELU) {
        step->relu = step->conv.relu = 1;
        ++*i;
        stop = stop || (net->options.last && strcmp(m->layers[*i].name, net->options.last) == 0);
    }
    int oh, ow;
    if (stop || step->layer.type != VGG_CONV || *i + 1 >= m->count || m->layers[*i + 1].type != VGG_MAXPOOL ||
        nonet_conv_output(&step->conv, &oh, &ow) != NONET_OK || oh < 2 || ow < 2)
        return;
    if (!m->layers[*i + 1].ceil || (oh % 2 == 0 && ow % 2 == 0)) {
        step->pool = step->conv.pool = 1;
        ++*i;
    }
}

/* An input that is too small is the file's fault if the first steps are laid out for the size that it says (net.c: choose_size). */
static nonet_vgg_status size_fault(const nonet_vgg *net)
{
    return net->pinned || (net->options.height && !net->options.dense) ? NONET_VGG_USAGE : NONET_VGG_BAD_FILE;
}

/* The kernel of a fully connected layer is the map that it was opened for. */
static nonet_vgg_status pin_kernel(nonet_vgg *net, const vgg_step *step, const shape *at, nonet_vgg_error *err)
{
    const vgg_layer *l = &step->layer;
    vgg_pin *pin = &net->pins[step->index];
    int fc = l->type == VGG_FC;
    if (!net->pinned) {
        pin->r = fc ? at->h : l->r;
        pin->s = fc ? at->w : l->s;
    }
    if (fc && !net->options.dense && (at->h != pin->r || at->w != pin->s))
        return vgg_fail(err, NONET_VGG_USAGE, "%s: layer %s takes a map of %dx%d, but this input makes one of %dx%d; the network "
                        "was not opened for dense application", net->model.path, l->name, pin->r, pin->s, at->h, at->w);
    if (fc ? (long)at->c * pin->r * pin->s != l->c : at->c != l->c)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: layer %s takes %d %s, but a map of %dx%dx%d reaches it", net->model.path,
                        l->name, l->c, fc ? "values" : "channels", at->c, at->h, at->w);
    return NONET_VGG_OK;
}

static nonet_vgg_status conv_step(nonet_vgg *net, vgg_step *step, int *i, shape *at, nonet_vgg_error *err)
{
    const vgg_layer *l = &step->layer;
    const vgg_pin *pin = &net->pins[step->index];
    int fc = l->type == VGG_FC;
    nonet_vgg_status status = pin_kernel(net, step, at, err);
    if (status != NONET_VGG_OK)
        return status;
    step->conv = (nonet_conv){
        .n = net->batch, .c = at->c, .h = at->h, .w = at->w, .k = l->k, .r = pin->r, .s = pin->s,
        .stride = fc ? 1 : l->stride, .pad = fc ? 0 : l->pad, .dst_layout = NONET_NCHW16C,
        .src_layout = net->count == 0 ? NONET_NCHW : NONET_NCHW16C,
    };
    fuse(net, step, i);
    nonet_status output = nonet_conv_output(&step->conv, &at->h, &at->w);
    if (output != NONET_OK)
        return vgg_fail(err, output == NONET_UNSUPPORTED ? NONET_VGG_UNSUPPORTED : size_fault(net),
                        "%s: layer %s (%dx%d, stride %d, padding %d) cannot take %d map%s of %dx%dx%d: %s", net->model.path,
                        l->name, step->conv.r, step->conv.s, step->conv.stride, step->conv.pad, net->batch,
                        net->batch == 1 ? "" : "s", at->c, step->conv.h, step->conv.w, nonet_status_string(output));
    at->c = l->k;
    return NONET_VGG_OK;
}

/* 0: the layer changes nothing and gets no step. */
static int pool_shape(const vgg_layer *l, shape *at)
{
    if (l->type == VGG_MAXPOOL) {
        at->h = (at->h + (l->ceil ? 1 : 0)) / 2;
        at->w = (at->w + (l->ceil ? 1 : 0)) / 2;
        return 1;
    }
    if (l->type == VGG_AVGPOOL) {
        if (!l->oh || (l->oh == at->h && l->ow == at->w))
            return 0;
        at->h = l->oh;
        at->w = l->ow;
        return 1;
    }
    return l->type == VGG_LRN || l->type == VGG_RELU || l->type == VGG_SOFTMAX;
}

/* Layers that have no part in dense application: the soft-max waits until the map of class scores has been averaged, and an
 * average pool before the classifier must have done nothing at the trained size. */
static nonet_vgg_status skip_for_dense(const nonet_vgg *net, const vgg_layer *l, const shape *at, int *skipped,
                                       nonet_vgg_error *err)
{
    *skipped = l->type == VGG_SOFTMAX || l->type == VGG_AVGPOOL;
    if (l->type != VGG_AVGPOOL || net->pinned || !l->oh || (l->oh == at->h && l->ow == at->w))
        return NONET_VGG_OK;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer %s averages a map of %dx%d to %dx%d: such a network has no dense form",
                    net->model.path, l->name, at->h, at->w, l->oh, l->ow);
}

/* What no step can be made of, whatever its input is. */
static nonet_vgg_status refuse_layer(const nonet_vgg *net, const vgg_layer *l, nonet_vgg_error *err)
{
    if (l->type == VGG_BATCHNORM)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer %s (BatchNorm) does not follow a convolution", net->model.path,
                        l->name);
    if (l->type == VGG_LRN && (l->size > 15 || (l->lrn_beta != 0.5f && l->lrn_beta != 0.75f && l->lrn_beta != 1.0f)))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer %s (LRN) has size %d and beta %g; this build does sizes to 15 and "
                        "beta 0.5, 0.75 and 1", net->model.path, l->name, l->size, (double)l->lrn_beta);
    return NONET_VGG_OK;
}

/* `at` is what the layer leaves. */
static nonet_vgg_status check_output(const nonet_vgg *net, const vgg_layer *l, const shape *at, nonet_vgg_error *err)
{
    if (at->h < 1 || at->w < 1)
        return vgg_fail(err, size_fault(net), "%s: an input of %dx%d is too small: nothing is left after layer %s (%s)",
                        net->model.path, net->h, net->w, l->name, type_name(l->type));
    if (l->type == VGG_SOFTMAX && (at->h != 1 || at->w != 1))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer %s (SoftMax) stands on a map of %dx%d, not on class scores",
                        net->model.path, l->name, at->h, at->w);
    return NONET_VGG_OK;
}

/* The step of layer *i, if it makes one; `at` becomes its output, and *i the last layer that it does the work of. */
static nonet_vgg_status add_step(nonet_vgg *net, int *i, shape *at, nonet_vgg_error *err)
{
    const vgg_layer *l = &net->model.layers[*i];
    vgg_step step = { .layer = *l, .index = *i, .c = at->c, .h = at->h, .w = at->w, .out_layout = NONET_NCHW16C };
    int skipped = l->type == VGG_FLATTEN || l->type == VGG_DROPOUT;
    nonet_vgg_status status = NONET_VGG_OK;
    if (net->options.dense && !skipped)
        status = skip_for_dense(net, l, at, &skipped, err);
    if (status == NONET_VGG_OK && !skipped)
        status = refuse_layer(net, l, err);
    if (status != NONET_VGG_OK || skipped)
        return status;
    if (l->type == VGG_CONV || l->type == VGG_FC)
        status = conv_step(net, &step, i, at, err);
    else if (!pool_shape(l, at))
        return NONET_VGG_OK;
    if (status == NONET_VGG_OK)
        status = check_output(net, l, at, err);
    step.k = at->c;
    step.oh = at->h;
    step.ow = at->w;
    if (status == NONET_VGG_OK)
        net->steps[net->count++] = step;
    return status;
}

static int is_last(const nonet_vgg *net, int from, int to)
{
    for (int i = from; net->options.last && i <= to; i++)
        if (strcmp(net->model.layers[i].name, net->options.last) == 0)
            return 1;
    return 0;
}

/* Steps from `from` on that may run in one chain: planned, and in the same pass. */
static int candidates(const nonet_vgg *net, int from, const nonet_plan *plans[VGG_CHAIN_MAX])
{
    int end = from < net->early ? net->early : net->count, count = 0;
    while (from + count < end && count < VGG_CHAIN_MAX && net->steps[from + count].plan) {
        plans[count] = net->steps[from + count].plan;
        count++;
    }
    return count;
}

/* A chain from step i on. A pair reads its source until it is over, and what follows it may have begun to write then: behind
 * another step both would be the same one of the three buffers, so there a pair stays alone. */
static nonet_status chain_from(nonet_vgg *net, int i, const nonet_plan *const *plans, int count)
{
    vgg_step *s = &net->steps[i];
    nonet_status status = nonet_chain_create(&s->chain, plans, count);
    if (status == NONET_OK && i > 0 && count > 2 && nonet_chain_is_paired(s->chain)) {
        nonet_chain_destroy(s->chain);
        s->chain = NULL;
        status = NONET_NOT_APPLICABLE;
    }
    s->chained = status == NONET_OK ? count : 0;
    return status;
}

/* Steps that follow one another run in one chain: as many as there are from each on. */
static nonet_vgg_status chain_up(nonet_vgg *net, nonet_vgg_error *err)
{
    const nonet_plan *plans[VGG_CHAIN_MAX];
    for (int i = 0; i < net->count; i++) {
        vgg_step *s = &net->steps[i];
        nonet_status status = NONET_NOT_APPLICABLE;
        for (int count = candidates(net, i, plans); count > 1 && status == NONET_NOT_APPLICABLE; count--)
            status = chain_from(net, i, plans, count);
        if (status != NONET_OK && status != NONET_NOT_APPLICABLE)
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: layer %s: %s", net->model.path, s->layer.name,
                            nonet_status_string(status));
        i += s->chained ? s->chained - 1 : 0;
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status plan_all(nonet_vgg *net, nonet_vgg_error *err)
{
    vgg_choose_passes(net);
    for (int i = 0; i < net->count; i++) {
        vgg_step *step = &net->steps[i];
        step->conv.n = step->images;
        if (step->layer.type != VGG_CONV && step->layer.type != VGG_FC)
            continue;
        if (i == net->count - 1)
            step->conv.dst_layout = step->out_layout = NONET_NCHW;
        nonet_vgg_status status = plan_step(net, step, err);
        if (status != NONET_VGG_OK)
            return status;
    }
    return chain_up(net, err);
}

void vgg_free_steps(vgg_step *steps, int count)
{
    for (int i = 0; i < count; i++) {
        nonet_chain_destroy(steps[i].chain);
        nonet_plan_destroy(steps[i].plan);
    }
    free(steps);
}

nonet_vgg_status vgg_check_size(const vgg_model *model, int h, int w, nonet_vgg_error *err)
{
    nonet_vgg net = { .model = *model, .batch = 1, .h = h, .w = w };
    net.options.height = h;
    net.options.width = w;
    net.options.conv.threads = 1;
    nonet_vgg_status status = vgg_build_steps(&net, err);
    vgg_free_steps(net.steps, net.count);
    free(net.pins);
    return status == NONET_VGG_BAD_FILE ? NONET_VGG_USAGE : status;
}

nonet_vgg_status vgg_build_steps(nonet_vgg *net, nonet_vgg_error *err)
{
    shape at = { net->model.c, net->h, net->w };
    int found = !net->options.last;
    net->steps = calloc((size_t)net->model.count + 1, sizeof *net->steps);
    if (!net->pins)
        net->pins = calloc((size_t)net->model.count + 1, sizeof *net->pins);
    if (!net->steps || !net->pins)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: not enough memory", net->model.path);
    for (int i = 0; i < net->model.count; i++) {
        int first = i;
        nonet_vgg_status status = add_step(net, &i, &at, err);
        if (status != NONET_VGG_OK)
            return status;
        if (is_last(net, first, i)) {
            found = 1;
            net->model.count = i + 1;
        }
    }
    if (!found)
        return vgg_fail(err, NONET_VGG_USAGE, "%s: there is no layer %s", net->model.path, net->options.last);
    if (!net->count)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: there is no layer to compute", net->model.path);
    nonet_vgg_status status = plan_all(net, err);
    net->pinned = net->pinned || status == NONET_VGG_OK;
    return status;
}
