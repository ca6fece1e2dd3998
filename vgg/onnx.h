/* onnx.h - what the files of the ONNX reader share: read_onnx.c walks the graph, onnx_ops.c makes a layer of each node,
 * onnx_values.c finds attributes and constants. */
#ifndef NONET_VGG_ONNX_H
#define NONET_VGG_ONNX_H

#include "vgg/layers.h"
#include "vgg/proto/onnx.pb-c.h"
#include "vgg/proto_slim.h"

typedef Nonet__Onnx__NodeProto onnx_node;
typedef Nonet__Onnx__TensorProto onnx_tensor;
typedef Nonet__Onnx__AttributeProto onnx_attribute;

/* No VGG has more nodes or constants; this also bounds the time of looking them up one by one. */
enum { ONNX_MAX_NODES = 4096, ONNX_MAX_DIMS = 4 };

/* A constant: an initializer, a Constant node, or a shape that is filled with one number when it is used. */
typedef struct onnx_value {
    const char *name;
    const onnx_tensor *tensor;      /* NULL: filled */
    float fill;
    int ndim;                       /* filled */
    int64_t dim[ONNX_MAX_DIMS];
} onnx_value;

/* A constant of floats as it is used; missing dimensions are 1. */
typedef struct onnx_array {
    int ndim;
    int64_t dim[ONNX_MAX_DIMS];
    int64_t count;
    const float *data;
} onnx_array;

typedef struct onnx_reader {
    vgg_model *model;
    nonet_vgg_error *err;
    vgg_builder build;
    vgg_slim slim;
    const Nonet__Onnx__GraphProto *graph;
    onnx_value *values;
    int value_count;
    size_t budget;                  /* bytes that the model may still own: copies of its own weights, and filled constants */
    const char *current;            /* the tensor that the chain has reached */
    int64_t c, h, w;                /* its shape; 0: not known. Flat maps are c x 1 x 1 */
} onnx_reader;

/* ---- onnx_values.c ---- */
/* A sentence about a node: "FILE: node 'NAME' (Op) ..."; returns status. */
nonet_vgg_status vgg_onnx_fail(onnx_reader *o, const onnx_node *node, nonet_vgg_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const onnx_attribute *vgg_onnx_find_attribute(const onnx_node *node, const char *name);
int64_t vgg_onnx_int(const onnx_node *node, const char *name, int64_t otherwise);
float vgg_onnx_float(const onnx_node *node, const char *name, float otherwise);
/* Fills dst when the attribute is there; 0 when it has another length than count. */
int vgg_onnx_ints(const onnx_node *node, const char *name, int count, int64_t *dst);
/* The name of input i; NULL when it is left out. */
const char *vgg_onnx_input(const onnx_node *node, size_t i);
const onnx_value *vgg_onnx_find_value(const onnx_reader *o, const char *name);
/* Adds an initializer (node NULL) or what a Constant, ConstantOfShape or Identity node makes of constants. */
nonet_vgg_status vgg_onnx_add_tensor(onnx_reader *o, const onnx_node *node, const char *name, const onnx_tensor *tensor);
nonet_vgg_status vgg_onnx_add_fill(onnx_reader *o, const onnx_node *node);
nonet_vgg_status vgg_onnx_add_alias(onnx_reader *o, const onnx_node *node);
/* Input i as floats with ndim dimensions. */
nonet_vgg_status vgg_onnx_floats(onnx_reader *o, const onnx_node *node, size_t i, int ndim, onnx_array *array);
/* Input i as floats of which there must be count, whatever the shape. */
nonet_vgg_status vgg_onnx_vector(onnx_reader *o, const onnx_node *node, size_t i, int64_t count, const float **data);
/* Input i as at most max whole numbers; *count is how many there are. */
nonet_vgg_status vgg_onnx_whole(onnx_reader *o, const onnx_node *node, size_t i, int max, int64_t *dst, int *count);
/* Memory of the model, within the budget; NULL when there is none. */
void *vgg_onnx_alloc(onnx_reader *o, size_t bytes);

/* ---- onnx_ops.c ---- */
/* Appends the layer of one node of the chain. */
nonet_vgg_status vgg_onnx_node_layer(onnx_reader *o, const onnx_node *node);

#endif
