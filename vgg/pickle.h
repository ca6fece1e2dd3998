/* pickle.h - reads the pickles that torch.save writes for a state dict, and nothing else.
 *
 * A pickle is a program for a stack machine that may name any function to be called. This reader calls nothing: it knows the
 * opcodes that build plain containers, and the few names below, which it understands itself; any other name ends the reading.
 *   collections.OrderedDict; torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_parameter; torch.nn.parameter.Parameter;
 *   torch.*Storage and torch.FloatTensor, also of torch.cuda */
#ifndef NONET_VGG_PICKLE_H
#define NONET_VGG_PICKLE_H

#include <stddef.h>
#include <stdint.h>

typedef enum pickle_type {
    PICKLE_NONE, PICKLE_BOOL, PICKLE_INT, PICKLE_FLOAT, PICKLE_BYTES, PICKLE_LIST, PICKLE_TUPLE, PICKLE_DICT, PICKLE_CLASS,
    PICKLE_STORAGE, PICKLE_TENSOR, PICKLE_MARK
} pickle_type;

/* A stretch of the input; also strings (UTF-8, not checked) and integers beyond 64 bits (two's complement, little endian). */
typedef struct pickle_bytes { const char *at; size_t size; } pickle_bytes;

typedef struct pickle_value {
    pickle_type type;
    union {
        int64_t i;                      /* BOOL, INT; CLASS: which */
        pickle_bytes bytes;
        struct pickle_items *items;     /* LIST, TUPLE; DICT: key, value, key, value, ... */
        struct pickle_storage *storage;
        struct pickle_tensor *tensor;
    } as;
} pickle_value;

typedef struct pickle_items {
    pickle_value *at;
    size_t count, room;
} pickle_items;

typedef struct pickle_storage {
    pickle_bytes key;
    const char *type;                   /* "FloatStorage" */
    int item;                           /* bytes of a number */
    int64_t count;                      /* numbers, >= 0 */
    const void *data;                   /* the caller's to set */
} pickle_storage;

typedef struct pickle_tensor {
    pickle_storage *storage;            /* NULL: never filled */
    int64_t offset;                     /* numbers, >= 0; not yet checked against the storage */
    int ndim;
    int64_t dim[4], stride[4];          /* >= 0; strides in numbers */
} pickle_tensor;

typedef struct pickle {
    char error[256];                    /* why the last read failed: a part of a sentence, "its pickle ..." */
    int unsupported;                    /* it failed because the pickle holds something else than a state dict */
    pickle_storage **storages;          /* one for each key */
    int storage_count, storage_uses;
    void *arena;                        /* everything else, in blocks */
    size_t used, left;
} pickle;

/* Runs one pickle from the start of input; *used gets its length. 0 when it fails, with p->error set. p starts zeroed and serves
 * for several pickles of one file; values live until vgg_pickle_clear and point into the input. */
int vgg_pickle_read(pickle *p, const void *input, size_t size, size_t *used, pickle_value *value);
void vgg_pickle_clear(pickle *p);

/* Value of a string key, or NULL. */
const pickle_value *vgg_pickle_find(const pickle_value *dict, const char *key);
int vgg_pickle_bytes_are(pickle_bytes bytes, const char *text);

#endif
