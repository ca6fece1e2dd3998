/* onednn.c - oneDNN (2.x): a chain of primitives, each in the formats it prefers, weights reordered beforehand. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <oneapi/dnnl/dnnl.h>
#include "bench/peers/peers.h"

enum { ARGS = 4, STEPS_A_LAYER = 4, NAMES = 8, NAME = 48 };

typedef struct step {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[ARGS];
    int count;
} step;

typedef struct chain {
    const peer_net *net;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t relu;
    dnnl_alg_kind_t algorithm;
    dnnl_memory_t *memories;    /* all that were made, to be freed */
    int memory_count;
    dnnl_memory_t source, now;  /* the user's input, and what the last step writes */
    step *steps;
    int count, first, last;     /* steps from first to last - 1 compute; the rest change layouts */
    char names[NAMES][NAME];    /* implementations and how many layers each has */
    int uses[NAMES], name_count;
} chain;

static int good(dnnl_status_t status)
{
    return status == dnnl_success;
}

static dnnl_memory_t new_memory(chain *c, const dnnl_memory_desc_t *md, void *data)
{
    dnnl_memory_t memory;
    if (!good(dnnl_memory_create(&memory, md, c->engine, data)))
        return NULL;
    return c->memories[c->memory_count++] = memory;
}

static const dnnl_memory_desc_t *desc_of(dnnl_memory_t memory)
{
    const dnnl_memory_desc_t *md = NULL;
    dnnl_memory_get_memory_desc(memory, &md);
    return md;
}

static step *add_step(chain *c, const_dnnl_primitive_desc_t pd)
{
    step *s = &c->steps[c->count];
    if (!good(dnnl_primitive_create(&s->primitive, pd)))
        return NULL;
    c->count++;
    return s;
}

static void give(step *s, int arg, dnnl_memory_t memory)
{
    s->args[s->count++] = (dnnl_exec_arg_t){ arg, memory };
}

/* A step that copies `from` into a new memory of another layout; NULL when it fails. */
static dnnl_memory_t reorder(chain *c, dnnl_memory_t from, const dnnl_memory_desc_t *md)
{
    dnnl_primitive_desc_t pd;
    dnnl_memory_t to = new_memory(c, md, DNNL_MEMORY_ALLOCATE);
    if (!to || !good(dnnl_reorder_primitive_desc_create(&pd, desc_of(from), c->engine, md, c->engine, NULL)))
        return NULL;
    step *s = add_step(c, pd);
    dnnl_primitive_desc_destroy(pd);
    if (!s)
        return NULL;
    give(s, DNNL_ARG_FROM, from);
    give(s, DNNL_ARG_TO, to);
    return to;
}

static int run_step(chain *c, const step *s)
{
    return good(dnnl_primitive_execute(s->primitive, c->stream, s->count, s->args));
}

/* Weights or bias in the layout wanted; done now, so no step is left. */
static dnnl_memory_t packed(chain *c, const float *data, int dims, const dnnl_dims_t shape, dnnl_format_tag_t tag,
                            const dnnl_memory_desc_t *wanted)
{
    dnnl_memory_desc_t plain;
    if (!good(dnnl_memory_desc_init_by_tag(&plain, dims, shape, dnnl_f32, tag)))
        return NULL;
    dnnl_memory_t from = new_memory(c, &plain, (void *)(size_t)data);
    if (!from || dnnl_memory_desc_equal(&plain, wanted))
        return from;
    dnnl_memory_t to = reorder(c, from, wanted);
    if (!to)
        return NULL;
    step *s = &c->steps[--c->count];
    int done = run_step(c, s) && good(dnnl_stream_wait(c->stream));
    dnnl_primitive_destroy(s->primitive);
    memset(s, 0, sizeof *s);
    return done ? to : NULL;
}

static void count_name(chain *c, const_dnnl_primitive_desc_t pd)
{
    const char *name = "?";
    int i = 0;
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    while (i < c->name_count && strcmp(c->names[i], name))
        i++;
    if (i == NAMES)
        return;
    snprintf(c->names[i], NAME, "%s", name);
    c->uses[i]++;
    c->name_count += i == c->name_count;
}

static const dnnl_memory_desc_t *query(const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(pd, what, 0);
}

/* The input of a primitive, in its layout, and a new memory for its output. */
static step *connect(chain *c, const_dnnl_primitive_desc_t pd)
{
    const dnnl_memory_desc_t *src = query(pd, dnnl_query_src_md);
    dnnl_memory_t in = c->now, out = new_memory(c, query(pd, dnnl_query_dst_md), DNNL_MEMORY_ALLOCATE);
    if (!dnnl_memory_desc_equal(desc_of(in), src))
        in = reorder(c, in, src);
    if (!in || !out)
        return NULL;
    if (c->first < 0)
        c->first = c->count;
    step *s = add_step(c, pd);
    if (!s)
        return NULL;
    give(s, DNNL_ARG_SRC, in);
    give(s, DNNL_ARG_DST, out);
    c->now = out;
    return s;
}

static void any(dnnl_memory_desc_t *md, int dims, const dnnl_dims_t shape)
{
    dnnl_memory_desc_init_by_tag(md, dims, shape, dnnl_f32, dnnl_format_tag_any);
}

static int weighted(chain *c, const peer_layer *l, const_dnnl_primitive_desc_t pd, int dims, const dnnl_dims_t shape)
{
    static const dnnl_format_tag_t tags[] = { dnnl_a, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd };
    dnnl_dims_t outputs = { l->k };
    dnnl_memory_t weight = packed(c, l->weight, dims, shape, tags[dims], query(pd, dnnl_query_weights_md));
    dnnl_memory_t bias = packed(c, l->bias, 1, outputs, dnnl_a, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1));
    step *s = weight && bias ? connect(c, pd) : NULL;
    if (!s)
        return 0;
    give(s, DNNL_ARG_WEIGHTS, weight);
    give(s, DNNL_ARG_BIAS, bias);
    count_name(c, pd);
    return 1;
}

static int conv_desc(chain *c, const peer_layer *l, dnnl_alg_kind_t algorithm, dnnl_primitive_desc_t *pd)
{
    dnnl_dims_t in = { c->net->batch, l->c, l->h, l->w }, out = { c->net->batch, l->k, l->mh, l->mw };
    dnnl_dims_t shape = { l->k, l->c, l->r, l->s }, outputs = { l->k }, stride = { l->stride, l->stride }, pad = { l->pad, l->pad };
    dnnl_memory_desc_t src, weight, bias, dst;
    dnnl_convolution_desc_t desc;
    any(&src, 4, in);
    any(&weight, 4, shape);
    any(&bias, 1, outputs);
    any(&dst, 4, out);
    return good(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, algorithm, &src, &weight, &bias, &dst, stride,
                                                   pad, pad)) &&
           good(dnnl_primitive_desc_create(pd, &desc, l->relu ? c->relu : NULL, c->engine, NULL));
}

/* Where the algorithm asked for cannot do a layer (Winograd with few channels), oneDNN's own choice does. */
static int add_conv(chain *c, const peer_layer *l)
{
    dnnl_dims_t shape = { l->k, l->c, l->r, l->s };
    dnnl_primitive_desc_t pd;
    if (!conv_desc(c, l, c->algorithm, &pd) && !conv_desc(c, l, dnnl_convolution_auto, &pd))
        return 0;
    int done = weighted(c, l, pd, 4, shape);
    dnnl_primitive_desc_destroy(pd);
    return done;
}

static int add_fc(chain *c, const peer_layer *l)
{
    int dims = desc_of(c->now)->ndims;
    dnnl_dims_t in = { c->net->batch, l->c, l->h, l->w }, out = { c->net->batch, l->k }, outputs = { l->k };
    dnnl_dims_t shape = { l->k, l->c, l->h, l->w };
    dnnl_memory_desc_t src, weight, bias, dst;
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_desc_t pd;
    any(&src, dims, in);
    any(&weight, dims, shape);
    any(&bias, 1, outputs);
    any(&dst, 2, out);
    if (!good(dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_inference, &src, &weight, &bias, &dst)) ||
        !good(dnnl_primitive_desc_create(&pd, &desc, l->relu ? c->relu : NULL, c->engine, NULL)))
        return 0;
    int done = weighted(c, l, pd, dims, shape);
    dnnl_primitive_desc_destroy(pd);
    return done;
}

static int add_pool(chain *c, int channels, int oh, int ow)
{
    dnnl_dims_t out = { c->net->batch, channels, oh, ow }, two = { 2, 2 }, none = { 0, 0 };
    dnnl_memory_desc_t dst;
    dnnl_pooling_desc_t desc;
    dnnl_primitive_desc_t pd;
    any(&dst, 4, out);
    if (!good(dnnl_pooling_forward_desc_init(&desc, dnnl_forward_inference, dnnl_pooling_max, desc_of(c->now), &dst, two, two, none,
                                             none)) ||
        !good(dnnl_primitive_desc_create(&pd, &desc, NULL, c->engine, NULL)))
        return 0;
    int done = connect(c, pd) != NULL;
    dnnl_primitive_desc_destroy(pd);
    return done;
}

static int add_layer(chain *c, const peer_layer *l)
{
    if (l->type == PEER_MAXPOOL)
        return add_pool(c, l->k, l->oh, l->ow);
    if (l->type == PEER_FC)
        return add_fc(c, l);
    return add_conv(c, l) && (!l->pool || add_pool(c, l->k, l->oh, l->ow));
}

static int begin(chain *c)
{
    const peer_layer *l = &c->net->layers[0];
    size_t most = (size_t)c->net->count * STEPS_A_LAYER + 2;
    dnnl_dims_t in = { c->net->batch, l->c, l->h, l->w };
    dnnl_memory_desc_t md;
    dnnl_post_ops_t after;
    c->steps = calloc(most, sizeof *c->steps);
    c->memories = calloc(3 * most, sizeof *c->memories);
    if (!c->steps || !c->memories || !good(dnnl_engine_create(&c->engine, dnnl_cpu, 0)) ||
        !good(dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags)) || !good(dnnl_post_ops_create(&after)))
        return 0;
    int done = good(dnnl_post_ops_append_eltwise(after, 1.0f, dnnl_eltwise_relu, 0, 0)) &&
               good(dnnl_primitive_attr_create(&c->relu)) && good(dnnl_primitive_attr_set_post_ops(c->relu, after));
    dnnl_post_ops_destroy(after);
    dnnl_memory_desc_init_by_tag(&md, 4, in, dnnl_f32, dnnl_nchw);
    c->now = c->source = new_memory(c, &md, DNNL_MEMORY_NONE);
    return done && c->source;
}

/* The output in plain layout. */
static int finish(chain *c)
{
    const peer_layer *l = &c->net->layers[c->net->count - 1];
    dnnl_dims_t out = { c->net->batch, l->k, l->oh, l->ow };
    int dims = desc_of(c->now)->ndims;
    dnnl_memory_desc_t plain;
    c->last = c->count;
    dnnl_memory_desc_init_by_tag(&plain, dims, out, dnnl_f32, dims == 4 ? dnnl_nchw : dnnl_nc);
    if (!dnnl_memory_desc_equal(&plain, desc_of(c->now)))
        c->now = reorder(c, c->now, &plain);
    return c->now != NULL;
}

static void describe(const chain *c, char label[PEER_LABEL])
{
    const dnnl_version_t *v = dnnl_version();
    int used = snprintf(label, PEER_LABEL, "%d.%d.%d (", v->major, v->minor, v->patch);
    for (int i = 0; i < c->name_count && used < PEER_LABEL; i++) {
        used += snprintf(label + used, PEER_LABEL - (size_t)used, "%s%s", i ? ", " : "", c->names[i]);
        if (c->net->count > 1 && used < PEER_LABEL)
            used += snprintf(label + used, PEER_LABEL - (size_t)used, " x%d", c->uses[i]);
    }
    if (used < PEER_LABEL)
        snprintf(label + used, PEER_LABEL - (size_t)used, ")");
}

static int open_chain(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    chain *c = calloc(1, sizeof *c);
    *state = c;
    if (!c) {
        snprintf(why, PEER_WHY, "out of memory");
        return 0;
    }
    c->net = net;
    c->first = -1;
    c->algorithm = strcmp(variant, "winograd") ? dnnl_convolution_auto : dnnl_convolution_winograd;
    omp_set_num_threads(net->threads);
    int done = begin(c);
    if (!done)
        snprintf(why, PEER_WHY, "oneDNN cannot start");
    for (int i = 0; i < net->count && done; i++)
        if (!(done = add_layer(c, &net->layers[i])))
            snprintf(why, PEER_WHY, "oneDNN refuses layer %s", net->layers[i].name);
    if (done && !(done = finish(c)))
        snprintf(why, PEER_WHY, "oneDNN cannot reorder the output");
    if (done)
        describe(c, label);
    return done;
}

static int run_range(chain *c, int from, int to)
{
    for (int i = from; i < to; i++)
        if (!run_step(c, &c->steps[i]))
            return 0;
    return good(dnnl_stream_wait(c->stream));
}

static int load(void *state, const float *nchw)
{
    chain *c = state;
    return good(dnnl_memory_set_data_handle(c->source, (void *)(size_t)nchw)) && run_range(c, 0, c->first);
}

static double run(void *state)
{
    chain *c = state;
    return run_range(c, c->first, c->last) ? 0 : -1;
}

static int store(void *state, float *nchw)
{
    chain *c = state;
    void *data;
    if (!run_range(c, c->last, c->count) || !good(dnnl_memory_get_data_handle(c->now, &data)))
        return 0;
    memcpy(nchw, data, peer_out_floats(c->net) * sizeof *nchw);
    return 1;
}

static void close_chain(void *state)
{
    chain *c = state;
    if (!c)
        return;
    for (int i = 0; i < c->count; i++)
        dnnl_primitive_destroy(c->steps[i].primitive);
    for (int i = 0; i < c->memory_count; i++)
        dnnl_memory_destroy(c->memories[i]);
    if (c->relu)
        dnnl_primitive_attr_destroy(c->relu);
    if (c->stream)
        dnnl_stream_destroy(c->stream);
    if (c->engine)
        dnnl_engine_destroy(c->engine);
    free(c->memories);
    free(c->steps);
    free(c);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "onednn", .variants = { "auto", "winograd", NULL },
    .open = open_chain, .load = load, .run = run, .store = store, .close = close_chain,
};
