/* onnx_file.c - ONNX's protocol buffers by hand: a handful of messages, whose lengths must be known before they are written. So
 * everything but the weights is put together in memory first. Field numbers are those of onnx.proto (vgg/proto/onnx.proto). */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "bench/peers/onnx_file.h"

enum { VARINT = 0, BYTES = 2 };                     /* wire types */
enum { ONNX_FLOAT = 1, ATTR_INT = 2, ATTR_INTS = 7 };  /* TensorProto.FLOAT; AttributeProto.INT, INTS */
enum { IR_VERSION = 7, OPSET = 13 };
#define MOST_BYTES 2147483647u

/* A message that grows; `lost` once there was no memory. */
typedef struct message {
    uint8_t *data;
    size_t size, room;
    int lost;
} message;

static void put(message *m, const void *data, size_t size)
{
    if (m->size + size > m->room) {
        size_t room = 2 * (m->size + size);
        uint8_t *grown = realloc(m->data, room);
        if (!grown) {
            m->lost = 1;
            return;
        }
        m->data = grown;
        m->room = room;
    }
    memcpy(m->data + m->size, data, size);
    m->size += size;
}

static void put_varint(message *m, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(m, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_whole(message *m, int field, uint64_t value)
{
    put_varint(m, (uint64_t)field << 3 | VARINT);
    put_varint(m, value);
}

static void put_head(message *m, int field, size_t size)
{
    put_varint(m, (uint64_t)field << 3 | BYTES);
    put_varint(m, size);
}

static void put_text(message *m, int field, const char *text)
{
    put_head(m, field, strlen(text));
    put(m, text, strlen(text));
}

/* Takes the inner message: it is freed. */
static void put_message(message *m, int field, message *inner)
{
    put_head(m, field, inner->size);
    put(m, inner->data, inner->size);
    m->lost |= inner->lost;
    free(inner->data);
    *inner = (message){ 0 };
}

static void put_ints(message *node, const char *name, int count, int first, int second)
{
    message a = { 0 };
    put_text(&a, 1, name);
    for (int i = 0; i < count; i++)
        put_whole(&a, 8, (uint64_t)(i % 2 ? second : first));
    put_whole(&a, 20, ATTR_INTS);
    put_message(node, 5, &a);
}

static void put_int(message *node, const char *name, int value)
{
    message a = { 0 };
    put_text(&a, 1, name);
    put_whole(&a, 3, (uint64_t)value);
    put_whole(&a, 20, ATTR_INT);
    put_message(node, 5, &a);
}

/* ValueInfoProto of a float tensor of n x c x h x w, or n x c. */
static void put_value(message *graph, int field, const char *name, int dims, const int *dim)
{
    message shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (int i = 0; i < dims; i++) {
        message d = { 0 };
        put_whole(&d, 1, (uint64_t)dim[i]);
        put_message(&shape, 1, &d);
    }
    put_whole(&tensor, 1, ONNX_FLOAT);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, &type);
    put_message(graph, field, &value);
}

/* A chain of nodes: each reads what the one before wrote. */
typedef struct chain {
    message graph;
    char now[32];
    int count;
} chain;

/* A node with its inputs and output; attributes and put_message are the caller's. parameters: prefix of weight and bias, or NULL. */
static message new_node(chain *c, const char *op, int layer, int last)
{
    message node = { 0 };
    char name[32];
    put_text(&node, 1, c->now);
    if (layer >= 0) {
        snprintf(name, sizeof name, "w%d", layer);
        put_text(&node, 1, name);
        snprintf(name, sizeof name, "b%d", layer);
        put_text(&node, 1, name);
    }
    if (last)
        strcpy(c->now, "y");
    else
        snprintf(c->now, sizeof c->now, "t%d", c->count++);
    put_text(&node, 2, c->now);
    put_text(&node, 4, op);
    return node;
}

static void put_pool(chain *c, int last)
{
    message node = new_node(c, "MaxPool", -1, last);
    put_ints(&node, "kernel_shape", 2, 2, 2);
    put_ints(&node, "strides", 2, 2, 2);
    put_message(&c->graph, 1, &node);
}

static void put_layer(chain *c, const peer_net *net, int i)
{
    const peer_layer *l = &net->layers[i];
    int last = i == net->count - 1;
    message node;
    if (l->type == PEER_MAXPOOL) {
        put_pool(c, last);
        return;
    }
    if (l->type == PEER_FC && (i == 0 || net->layers[i - 1].type != PEER_FC)) {
        node = new_node(c, "Flatten", -1, 0);
        put_message(&c->graph, 1, &node);
    }
    node = new_node(c, l->type == PEER_FC ? "Gemm" : "Conv", i, last && !l->relu && !l->pool);
    if (l->type == PEER_FC) {
        put_int(&node, "transB", 1);
    } else {
        put_ints(&node, "kernel_shape", 2, l->r, l->s);
        put_ints(&node, "strides", 2, l->stride, l->stride);
        put_ints(&node, "pads", 4, l->pad, l->pad);
    }
    put_message(&c->graph, 1, &node);
    if (l->relu) {
        node = new_node(c, "Relu", -1, last && !l->pool);
        put_message(&c->graph, 1, &node);
    }
    if (l->pool)
        put_pool(c, last);
}

static size_t weight_floats(const peer_layer *l)
{
    size_t taps = l->type == PEER_FC ? (size_t)l->h * (size_t)l->w : (size_t)(l->r * l->s);
    return (size_t)l->k * (size_t)l->c * taps;
}

/* The head of an initializer, up to its raw data. */
static message tensor_head(const peer_layer *l, int i, int is_bias, size_t bytes)
{
    int fc = l->type == PEER_FC, dims = is_bias ? 1 : fc ? 2 : 4;
    int dim[4] = { l->k, fc ? l->c * l->h * l->w : l->c, l->r, l->s };
    char name[32];
    message head = { 0 }, tensor = { 0 };
    for (int d = 0; d < dims; d++)
        put_whole(&tensor, 1, (uint64_t)dim[d]);
    put_whole(&tensor, 2, ONNX_FLOAT);
    snprintf(name, sizeof name, "%c%d", is_bias ? 'b' : 'w', i);
    put_text(&tensor, 8, name);
    put_head(&tensor, 9, bytes);
    put_head(&head, 5, tensor.size + bytes);
    put(&head, tensor.data, tensor.size);
    head.lost |= tensor.lost;
    free(tensor.data);
    return head;
}

/* Adds the bytes of all initializers up, or writes them when there is a file. 0 when it fails. */
static int each_tensor(const peer_net *net, FILE *file, size_t *total)
{
    for (int i = 0; i < 2 * net->count; i++) {
        const peer_layer *l = &net->layers[i / 2];
        const float *data = i % 2 ? l->bias : l->weight;
        if (l->type == PEER_MAXPOOL)
            continue;
        size_t bytes = (i % 2 ? (size_t)l->k : weight_floats(l)) * sizeof(float);
        message head = tensor_head(l, i / 2, i % 2, bytes);
        *total += head.size + bytes;
        int good = !head.lost && (!file || (fwrite(head.data, 1, head.size, file) == head.size && fwrite(data, 1, bytes, file) == bytes));
        free(head.data);
        if (!good)
            return 0;
    }
    return 1;
}

static void put_graph(chain *c, const peer_net *net)
{
    const peer_layer *first = &net->layers[0], *last = &net->layers[net->count - 1];
    int in[4] = { net->batch, first->c, first->h, first->w }, out[4] = { net->batch, last->k, last->oh, last->ow };
    put_text(&c->graph, 2, "nonet");
    put_value(&c->graph, 11, "x", 4, in);
    put_value(&c->graph, 12, "y", last->type == PEER_FC ? 2 : 4, out);
    for (int i = 0; i < net->count; i++)
        put_layer(c, net, i);
}

int onnx_file_write(const peer_net *net, FILE *file)
{
    chain c = { .now = "x" };
    message model = { 0 }, opset = { 0 };
    size_t weights = 0, written = 0;
    put_graph(&c, net);
    int good = each_tensor(net, NULL, &weights) && !c.graph.lost;
    put_whole(&model, 1, IR_VERSION);
    put_text(&model, 2, "nonet");
    put_whole(&opset, 2, OPSET);
    put_message(&model, 8, &opset);
    put_head(&model, 7, c.graph.size + weights);
    put(&model, c.graph.data, c.graph.size);
    if (good && model.size + weights > MOST_BYTES) {
        good = 0;
        errno = EFBIG;
    }
    good = good && !model.lost && fwrite(model.data, 1, model.size, file) == model.size && each_tensor(net, file, &written);
    free(c.graph.data);
    free(model.data);
    return good && fflush(file) == 0;
}
