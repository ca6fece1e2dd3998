/* pickle_objects.c - memory of a pickle, and the few classes that it may name. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgg/pickle_objects.h"

enum { ARENA_BLOCK = 64 << 10, ARENA_MAX = 64 << 20, STORAGES_MAX = 4096, USES_MAX = 4 * STORAGES_MAX };

typedef enum class_id { ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, PARAMETER, FLOAT_TENSOR, STORAGE } class_id;

/* A CLASS value holds the index of a row. */
static const struct known_class {
    const char *module, *name;
    class_id id;
    int item;                   /* STORAGE: bytes of a number */
} classes[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor", REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER, 0},
    {"torch.nn.parameter", "Parameter", PARAMETER, 0},
    {"torch", "FloatTensor", FLOAT_TENSOR, 0},
    {"torch", "FloatStorage", STORAGE, 4},
    {"torch", "DoubleStorage", STORAGE, 8},
    {"torch", "HalfStorage", STORAGE, 2},
    {"torch", "BFloat16Storage", STORAGE, 2},
    {"torch", "LongStorage", STORAGE, 8},
    {"torch", "IntStorage", STORAGE, 4},
    {"torch", "ShortStorage", STORAGE, 2},
    {"torch", "CharStorage", STORAGE, 1},
    {"torch", "ByteStorage", STORAGE, 1},
    {"torch", "BoolStorage", STORAGE, 1},
};

int vgg_pickle_fail(pickle *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->error, sizeof p->error, format, args);
    va_end(args);
    return 0;
}

/* Zeroed memory that lives as long as p; NULL with p->error when there is none or the input asked for more than 64 MB. Blocks are
 * chained by their first word. */
static void *allocate(pickle *p, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > ARENA_MAX || p->used > ARENA_MAX - bytes) {
        vgg_pickle_fail(p, "asks for more than 64 MB, which no list of tensors needs");
        return NULL;
    }
    if (bytes > p->left) {
        size_t size = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
        void **block = calloc(1, size + 16);
        if (!block) {
            vgg_pickle_fail(p, "does not fit into memory");
            return NULL;
        }
        *block = p->arena;
        p->arena = block;
        p->left = size;
    }
    /* A block is handed out from its end: what is left is the part behind the chain's word. */
    p->left -= bytes;
    p->used += bytes;
    return (char *)p->arena + 16 + p->left;
}

void vgg_pickle_clear(pickle *p)
{
    for (void *block = p->arena; block;) {
        void *next = *(void **)block;
        free(block);
        block = next;
    }
    free(p->storages);
    memset(p, 0, sizeof *p);
}

pickle_items *vgg_pickle_new_items(pickle *p)
{
    return allocate(p, sizeof(pickle_items));
}

int vgg_pickle_append(pickle *p, pickle_items *items, const pickle_value *from, size_t count)
{
    if (count > items->room - items->count) {
        size_t room = 2 * items->room > items->count + count ? 2 * items->room : items->count + count;
        pickle_value *at = allocate(p, room * sizeof *at);
        if (!at)
            return 0;
        if (items->count)
            memcpy(at, items->at, items->count * sizeof *at);
        items->at = at;
        items->room = room;
    }
    if (count)
        memcpy(items->at + items->count, from, count * sizeof *from);
    items->count += count;
    return 1;
}

int vgg_pickle_bytes_are(pickle_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && memcmp(bytes.at, text, bytes.size) == 0;
}

const pickle_value *vgg_pickle_find(const pickle_value *dict, const char *key)
{
    for (size_t i = 0; dict->type == PICKLE_DICT && i + 1 < dict->as.items->count; i += 2) {
        const pickle_value *pair = dict->as.items->at + i;
        if (pair->type == PICKLE_BYTES && vgg_pickle_bytes_are(pair->as.bytes, key))
            return pair + 1;
    }
    return NULL;
}

int vgg_pickle_class(pickle *p, pickle_bytes module, pickle_bytes name, pickle_value *out)
{
    pickle_bytes host = vgg_pickle_bytes_are(module, "torch.cuda") ? (pickle_bytes){"torch", 5} : module;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (vgg_pickle_bytes_are(host, classes[i].module) && vgg_pickle_bytes_are(name, classes[i].name)) {
            *out = (pickle_value){.type = PICKLE_CLASS, .as.i = (int64_t)i};
            return 1;
        }
    }
    p->unsupported = 1;
    return vgg_pickle_fail(p, "names %.*s.%.*s, which is not of a state dict and is not loaded; save the model's state_dict()",
                       (int)(module.size < 80 ? module.size : 80), module.at, (int)(name.size < 80 ? name.size : 80), name.at);
}

/* A tuple of ints into an array of at most four. */
static int read_sizes(const pickle_value *tuple, int64_t *sizes, int *count)
{
    if (tuple->type != PICKLE_TUPLE || tuple->as.items->count > 4)
        return 0;
    *count = (int)tuple->as.items->count;
    for (int i = 0; i < *count; i++) {
        const pickle_value *v = &tuple->as.items->at[i];
        if (v->type != PICKLE_INT || v->as.i < 0)
            return 0;
        sizes[i] = v->as.i;
    }
    return 1;
}

/* (storage, offset, sizes, strides, ...) */
static int fill_tensor(pickle *p, const pickle_items *args, pickle_tensor *t)
{
    int strides;
    if (args->count < 4 || args->at[0].type != PICKLE_STORAGE || args->at[1].type != PICKLE_INT || args->at[1].as.i < 0)
        return vgg_pickle_fail(p, "makes a tensor without a storage");
    if (!read_sizes(&args->at[2], t->dim, &t->ndim) || !read_sizes(&args->at[3], t->stride, &strides) || strides != t->ndim)
        return vgg_pickle_fail(p, "makes a tensor that has not 0 to 4 sizes and strides");
    t->storage = args->at[0].as.storage;
    t->offset = args->at[1].as.i;
    return 1;
}

static int new_tensor(pickle *p, const pickle_items *args, pickle_value *out)
{
    pickle_tensor *t = allocate(p, sizeof *t);
    if (!t || (args && !fill_tensor(p, args, t)))
        return 0;
    *out = (pickle_value){.type = PICKLE_TENSOR, .as.tensor = t};
    return 1;
}

/* Empty, or (from Python 2) with a list of [key, value] lists. */
static int new_dict(pickle *p, const pickle_items *args, pickle_value *out)
{
    *out = (pickle_value){.type = PICKLE_DICT, .as.items = vgg_pickle_new_items(p)};
    if (!out->as.items || args->count == 0)
        return out->as.items != NULL;
    if (args->count != 1 || args->at[0].type != PICKLE_LIST)
        return vgg_pickle_fail(p, "makes an OrderedDict from something other than a list");
    for (size_t i = 0; i < args->at[0].as.items->count; i++) {
        const pickle_value *pair = &args->at[0].as.items->at[i];
        if ((pair->type != PICKLE_LIST && pair->type != PICKLE_TUPLE) || pair->as.items->count != 2)
            return vgg_pickle_fail(p, "makes an OrderedDict from something other than pairs");
        if (!vgg_pickle_append(p, out->as.items, pair->as.items->at, 2))
            return 0;
    }
    return 1;
}

int vgg_pickle_call(pickle *p, const pickle_value *callee, const pickle_value *args, pickle_value *out)
{
    if (callee->type != PICKLE_CLASS || args->type != PICKLE_TUPLE)
        return vgg_pickle_fail(p, "calls something that is no class");
    const struct known_class *c = &classes[callee->as.i];
    const pickle_items *items = args->as.items;
    switch (c->id) {
    case ORDERED_DICT:
        return new_dict(p, items, out);
    case REBUILD_TENSOR:
        return new_tensor(p, items, out);
    case REBUILD_PARAMETER:
    case PARAMETER:
    case FLOAT_TENSOR:
        if (items->count == 0)
            return new_tensor(p, NULL, out);
        if (items->at[0].type != PICKLE_TENSOR)
            return vgg_pickle_fail(p, "makes a %s from something other than a tensor", c->name);
        *out = items->at[0];
        return 1;
    default:
        return vgg_pickle_fail(p, "makes a %s.%s inside itself", c->module, c->name);
    }
}

int vgg_pickle_build(pickle *p, pickle_value *object, const pickle_value *state)
{
    if (object->type == PICKLE_DICT)
        return 1;
    if (object->type != PICKLE_TENSOR)
        return vgg_pickle_fail(p, "sets the state of something that has none");
    if (object->as.tensor->storage || state->type != PICKLE_TUPLE || state->as.items->count == 0)
        return 1;
    const pickle_items *items = state->as.items;
    if (items->at[0].type != PICKLE_TENSOR)
        return fill_tensor(p, items, object->as.tensor);
    *object->as.tensor = *items->at[0].as.tensor;
    return 1;
}

/* The storage of this key, made when it is new; NULL with p->error. */
static pickle_storage *find_storage(pickle *p, pickle_bytes key, const struct known_class *c, int64_t count)
{
    if (++p->storage_uses > USES_MAX) {         /* each is a search: their number is what bounds the time */
        vgg_pickle_fail(p, "refers to storages more than %d times", USES_MAX);
        return NULL;
    }
    for (int i = 0; i < p->storage_count; i++) {
        pickle_storage *s = p->storages[i];
        if (s->key.size != key.size || memcmp(s->key.at, key.at, key.size) != 0)
            continue;
        if (s->type == c->name && s->count == count)
            return s;
        vgg_pickle_fail(p, "describes the storage '%.*s' in two ways", (int)key.size, key.at);
        return NULL;
    }
    if (p->storage_count == STORAGES_MAX) {
        vgg_pickle_fail(p, "names more than %d storages", STORAGES_MAX);
        return NULL;
    }
    if (!p->storages && !(p->storages = calloc(STORAGES_MAX, sizeof *p->storages))) {
        vgg_pickle_fail(p, "does not fit into memory");
        return NULL;
    }
    pickle_storage *s = allocate(p, sizeof *s);
    if (s) {
        *s = (pickle_storage){.key = key, .type = c->name, .item = c->item, .count = count};
        p->storages[p->storage_count++] = s;
    }
    return s;
}

int vgg_pickle_persistent(pickle *p, const pickle_value *id, pickle_value *out)
{
    const pickle_items *t = id->type == PICKLE_TUPLE ? id->as.items : NULL;
    if (!t || t->count < 5 || t->at[0].type != PICKLE_BYTES || !vgg_pickle_bytes_are(t->at[0].as.bytes, "storage") ||
        t->at[1].type != PICKLE_CLASS || t->at[2].type != PICKLE_BYTES || t->at[4].type != PICKLE_INT)
        return vgg_pickle_fail(p, "names an object outside itself that is no storage");
    const struct known_class *c = &classes[t->at[1].as.i];
    pickle_bytes key = t->at[2].as.bytes;
    if (c->id != STORAGE || key.size > 64 || t->at[4].as.i < 0 || t->at[4].as.i > (int64_t)1 << 40)
        return vgg_pickle_fail(p, "describes a storage that cannot be");
    if (t->count > 5 && t->at[5].type != PICKLE_NONE)
        return vgg_pickle_fail(p, "has a storage that is a part of another one; save the state_dict() again");
    out->type = PICKLE_STORAGE;
    out->as.storage = find_storage(p, key, c, t->at[4].as.i);
    return out->as.storage != NULL;
}
