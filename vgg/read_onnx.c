/* read_onnx.c - ONNX models that are a plain chain of the layers that nonet runs. */
#include "vgg/model.h"

#ifdef NONET_HAVE_PROTOBUF_C

#include <stdlib.h>
#include <string.h>
#include "vgg/onnx.h"

/* Types of messages on the way to the payloads. */
enum { MODEL, GRAPH, TENSOR, NODE, ATTRIBUTE };
static const vgg_slim_rule rules[] = {
    { MODEL, 7, VGG_SLIM_ENTER, GRAPH },
    { GRAPH, 1, VGG_SLIM_ENTER, NODE },
    { GRAPH, 5, VGG_SLIM_ENTER, TENSOR },
    { NODE, 5, VGG_SLIM_ENTER, ATTRIBUTE },
    { ATTRIBUTE, 5, VGG_SLIM_ENTER, TENSOR },
    { TENSOR, 4, VGG_SLIM_TAKE, 50000 },
    { TENSOR, 9, VGG_SLIM_TAKE, 50001 },
    { -1, 0, VGG_SLIM_DROP, 0 },
};

/* Constants that a file of a few bytes may ask for: VGG-19 has 575 MB of weights. */
#define FILL_MAX ((size_t)1 << 30)

/* A dimension of the input; 0 where it is symbolic or left out. */
static int64_t dimension(const Nonet__Onnx__TensorShapeProto *shape, size_t i)
{
    const Nonet__Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
    return d->has_dim_value && d->dim_value > 0 ? d->dim_value : 0;
}

static nonet_vgg_status read_input(onnx_reader *o, const Nonet__Onnx__ValueInfoProto *input)
{
    const char *path = o->model->path;
    const Nonet__Onnx__TypeProto__Tensor *type = input->type ? input->type->tensor_type : NULL;
    o->current = input->name;
    if (!type || !type->shape)
        return NONET_VGG_OK;
    if (type->has_elem_type && type->elem_type != NONET__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: input '%.60s' is not of 32-bit floats", path, input->name);
    if (type->shape->n_dim != 4)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: input '%.60s' has %zu dimensions; images in batches have 4", path,
                        input->name, type->shape->n_dim);
    o->c = dimension(type->shape, 1);
    o->h = dimension(type->shape, 2);
    o->w = dimension(type->shape, 3);
    if (o->c > 65535 || o->h > 65535 || o->w > 65535)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: input '%.60s' is larger than 65535 in a direction", path,
                        input->name);
    return NONET_VGG_OK;
}

/* The one input that is not a constant: files of before 2019 list the initializers among the inputs. */
static nonet_vgg_status find_input(onnx_reader *o)
{
    const Nonet__Onnx__ValueInfoProto *input = NULL;
    for (size_t i = 0; i < o->graph->n_input; i++) {
        const Nonet__Onnx__ValueInfoProto *candidate = o->graph->input[i];
        if (!candidate->name || vgg_onnx_find_value(o, candidate->name))
            continue;
        if (input)
            return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: has two inputs, '%.60s' and '%.60s'; nonet runs plain chains",
                            o->model->path, input->name, candidate->name);
        input = candidate;
    }
    if (!input)
        return vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: the graph has no input", o->model->path);
    return read_input(o, input);
}

static nonet_vgg_status read_initializers(onnx_reader *o)
{
    const Nonet__Onnx__GraphProto *g = o->graph;
    if (g->n_node > ONNX_MAX_NODES || g->n_initializer > ONNX_MAX_NODES || g->n_input > 2 * ONNX_MAX_NODES)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: more than %d nodes or tensors: not a network of this kind",
                        o->model->path, ONNX_MAX_NODES);
    o->values = calloc(g->n_initializer + g->n_node + 1, sizeof *o->values);
    if (!o->values)
        return vgg_fail(o->err, NONET_VGG_NO_MEMORY, "%s: not enough memory to read it", o->model->path);
    nonet_vgg_status status = NONET_VGG_OK;
    for (size_t i = 0; i < g->n_initializer && !status; i++)
        status = vgg_onnx_add_tensor(o, NULL, g->initializer[i]->name, g->initializer[i]);
    return status;
}

/* Nodes that make constants; 0 when this one is of the chain. */
static int constant_node(onnx_reader *o, const onnx_node *n, nonet_vgg_status *status)
{
    const char *op = n->op_type ? n->op_type : "";
    if (strcmp(op, "Constant") == 0) {
        const onnx_attribute *a = vgg_onnx_find_attribute(n, "value");
        *status = vgg_onnx_add_tensor(o, n, n->output[0], a ? a->t : NULL);
    } else if (strcmp(op, "ConstantOfShape") == 0) {
        *status = vgg_onnx_add_fill(o, n);
    } else if (strcmp(op, "Identity") == 0 && vgg_onnx_input(n, 0) && vgg_onnx_find_value(o, n->input[0])) {
        *status = vgg_onnx_add_alias(o, n);
    } else {
        return 0;
    }
    return 1;
}

/* Does the node take the tensor that the chain has reached? First; or second in an Add. */
static int is_next(const onnx_reader *o, const onnx_node *n)
{
    const char *first = vgg_onnx_input(n, 0), *second = vgg_onnx_input(n, 1);
    if (first && strcmp(first, o->current) == 0)
        return 1;
    return second && n->op_type && strcmp(n->op_type, "Add") == 0 && strcmp(second, o->current) == 0;
}

/* Nodes stand in the order in which they run: ONNX asks for that. */
static nonet_vgg_status read_nodes(onnx_reader *o)
{
    for (size_t i = 0; i < o->graph->n_node; i++) {
        const onnx_node *n = o->graph->node[i];
        nonet_vgg_status status = NONET_VGG_OK;
        if (n->n_output == 0 || !*n->output[0])
            return vgg_onnx_fail(o, n, NONET_VGG_BAD_FILE, "has no output");
        if (n->domain && *n->domain && strcmp(n->domain, "ai.onnx") != 0)
            return vgg_onnx_fail(o, n, NONET_VGG_UNSUPPORTED, "is of the domain '%.60s', which nonet does not know", n->domain);
        if (!constant_node(o, n, &status)) {
            if (!is_next(o, n))
                return vgg_onnx_fail(o, n, NONET_VGG_UNSUPPORTED,
                                 "does not take what the node before it gives; nonet runs plain chains only");
            status = vgg_onnx_node_layer(o, n);
            o->current = n->output[0];
        }
        if (status)
            return status;
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status check_end(onnx_reader *o)
{
    const char *path = o->model->path;
    if (o->model->count == 0)
        return vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: the graph has no layers", path);
    const Nonet__Onnx__ValueInfoProto *output = o->graph->n_output == 1 ? o->graph->output[0] : NULL;
    if (!output || !output->name || strcmp(output->name, o->current) != 0)
        return vgg_fail(o->err, NONET_VGG_UNSUPPORTED, "%s: the last node's output '%.60s' is not the graph's only output", path,
                        o->current);
    return NONET_VGG_OK;
}

/* The file does not say how pictures are prepared: as torchvision does, or as the one grey data set of this size. */
static nonet_vgg_status set_input(onnx_reader *o, int64_t c, int64_t h, int64_t w)
{
    vgg_model *m = o->model;
    for (int i = 0; i < m->count && !c; i++)
        c = m->layers[i].type == VGG_CONV ? m->layers[i].c : 0;
    if (!c)
        return vgg_fail(o->err, NONET_VGG_BAD_FILE, "%s: does not say how many channels its input has", m->path);
    m->c = (int)c;
    m->h = h && w ? (int)h : 0;
    m->w = h && w ? (int)w : 0;
    vgg_set_preparation(m, c == 1 ? NONET_VGG_GREY : NONET_VGG_TORCH);
    return NONET_VGG_OK;
}

static nonet_vgg_status read_graph(onnx_reader *o)
{
    nonet_vgg_status status = read_initializers(o);
    if (!status)
        status = find_input(o);
    if (status)
        return status;
    int64_t c = o->c, h = o->h, w = o->w;
    status = read_nodes(o);
    if (!status)
        status = check_end(o);
    return status ? status : set_input(o, c, h, w);
}

nonet_vgg_status vgg_read_onnx(vgg_model *model, nonet_vgg_error *err)
{
    onnx_reader o = { .model = model, .err = err, .build = { .model = model, .group = 1, .place = 1 } };
    o.budget = 2 * model->map_size + FILL_MAX;
    ProtobufCMessage *message = NULL;
    nonet_vgg_status status = vgg_slim_make(&o.slim, model, rules, "ONNX", err);
    if (!status)
        status = vgg_slim_unpack(&o.slim, model, &nonet__onnx__model_proto__descriptor, "ONNX", &message, err);
    if (!status) {
        o.graph = ((const Nonet__Onnx__ModelProto *)(const void *)message)->graph;
        status = o.graph ? read_graph(&o) : vgg_fail(err, NONET_VGG_BAD_FILE, "%s: an ONNX model without a graph", model->path);
        protobuf_c_message_free_unpacked(message, &o.slim.allocator);
    }
    free(o.values);
    vgg_slim_clear(&o.slim);
    return status;
}

#else

nonet_vgg_status vgg_read_onnx(vgg_model *model, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_UNSUPPORTED,
                    "%s: this build has no ONNX reader (libprotobuf-c was not found when it was built)", model->path);
}

#endif
