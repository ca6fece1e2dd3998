/* read_torch.c - state dicts that torch.save wrote: a zip archive with the pickle in data.pkl and the numbers in data/0, data/1
 * and so on, or (before PyTorch 1.6, or when asked for) five pickles in a row and then the numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgg/pickle.h"
#include "vgg/tensors.h"
#include "vgg/zip.h"

typedef struct torch_file {
    vgg_model *model;
    pickle p;
    vgg_tensor_list tensors;
    vgg_zip zip;                /* zip.model is NULL for a bare stream: storages have their data already */
    char prefix[256];           /* "archive": the folder that data.pkl is in */
    uint64_t copied;            /* bytes */
} torch_file;

/* Copies are rare (odd strides or alignment), but many tensors may name one storage. */
static const uint64_t copied_max = (uint64_t)2 << 30;

static nonet_vgg_status bad_pickle(const torch_file *t, nonet_vgg_error *err)
{
    return vgg_fail(err, t->p.unsupported ? NONET_VGG_UNSUPPORTED : NONET_VGG_BAD_FILE, "%s: its pickle %s", t->model->path,
                    t->p.error);
}

static float *new_copy(torch_file *t, const char *name, uint64_t numbers, nonet_vgg_status *status, nonet_vgg_error *err)
{
    uint64_t bytes = numbers * sizeof(float);
    float *copy = NULL;
    if (bytes > copied_max - t->copied)
        *status = vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the tensor '%s' would bring the copied data beyond 2 GB",
                           t->model->path, name);
    else if (!(copy = vgg_model_alloc(t->model, bytes)))
        *status = vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the tensor '%s'", t->model->path, name);
    else
        t->copied += bytes;
    return copy;
}

/* ---- storages ---- */

static nonet_vgg_status find_in_zip(torch_file *t, pickle_storage *s, nonet_vgg_error *err)
{
    char name[sizeof t->prefix + 80];
    vgg_zip_member member;
    snprintf(name, sizeof name, "%s/data/%.*s", t->prefix, (int)s->key.size, s->key.at);
    if (!vgg_zip_find(&t->zip, name, &member))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the archive has no member '%s'", t->model->path, name);
    if (member.size != (uint64_t)s->count * (uint64_t)s->item)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the archive's member '%s' has %llu bytes instead of %llu", t->model->path,
                        name, (unsigned long long)member.size, (unsigned long long)s->count * (unsigned)s->item);
    return vgg_zip_data(&t->zip, &member, &s->data, err);
}

/* Gives a storage its data, aligned: in the map where that can be. */
static nonet_vgg_status locate(torch_file *t, pickle_storage *s, const char *name, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    if (strcmp(s->type, "FloatStorage") != 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the tensor '%s' is in a %s; only FloatStorage is read", t->model->path,
                        name, s->type);
    if (!s->data && t->zip.model)
        status = find_in_zip(t, s, err);
    else if (!s->data)
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the numbers of the tensor '%s' are not in the file", t->model->path,
                          name);
    if (status != NONET_VGG_OK || (uintptr_t)s->data % sizeof(float) == 0)
        return status;
    float *copy = new_copy(t, name, (uint64_t)s->count, &status, err);
    if (copy)
        s->data = memcpy(copy, s->data, (size_t)s->count * sizeof(float));
    return status;
}

/* ---- tensors ---- */

/* Whether offset and strides stay inside the storage. An expanded tensor (stride 0) is larger than its storage and is refused, so
 * that a few bytes cannot ask for any amount of memory. */
static int fits(const pickle_tensor *from, uint64_t numbers)
{
    int64_t count = from->storage->count, last = from->offset;
    if (numbers > (uint64_t)count || last >= count)
        return 0;
    for (int i = 0; i < from->ndim; i++) {
        int64_t steps = from->dim[i] - 1;
        if (steps > 0 && from->stride[i] > (count - 1 - last) / steps)
            return 0;
        last += steps > 0 ? steps * from->stride[i] : 0;
    }
    return 1;
}

static int is_contiguous(const pickle_tensor *from)
{
    int64_t expected = 1;
    for (int i = from->ndim; i-- > 0; expected *= from->dim[i])
        if (from->dim[i] > 1 && from->stride[i] != expected)
            return 0;
    return 1;
}

static void copy_strided(float *to, const float *data, const vgg_tensor *shape, const pickle_tensor *from)
{
    int64_t stride[4] = {0, 0, 0, 0};
    for (int i = 0; i < from->ndim; i++)
        stride[i] = from->stride[i];
    for (int64_t a = 0; a < shape->dim[0]; a++)
        for (int64_t b = 0; b < shape->dim[1]; b++)
            for (int64_t c = 0; c < shape->dim[2]; c++)
                for (int64_t d = 0; d < shape->dim[3]; d++)
                    *to++ = data[a * stride[0] + b * stride[1] + c * stride[2] + d * stride[3]];
}

static nonet_vgg_status take_tensor(torch_file *t, pickle_bytes name, const pickle_tensor *from, nonet_vgg_error *err)
{
    vgg_tensor tensor = {.ndim = from->ndim, .dim = {1, 1, 1, 1}};
    if (name.size >= sizeof tensor.name)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: a tensor's name is longer than %zu bytes", t->model->path,
                        sizeof tensor.name - 1);
    memcpy(tensor.name, name.at, name.size);
    if (!vgg_tensor_is_used(tensor.name))
        return NONET_VGG_OK;
    for (int i = 0; i < from->ndim; i++)
        tensor.dim[i] = from->dim[i];
    uint64_t numbers = vgg_tensor_numbers(&tensor);
    if (!from->storage || numbers == 0 || !fits(from, numbers))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the tensor '%s' has an impossible shape", t->model->path, tensor.name);
    nonet_vgg_status status = locate(t, from->storage, tensor.name, err);
    if (status != NONET_VGG_OK)
        return status;
    tensor.data = (const float *)from->storage->data + from->offset;
    if (!is_contiguous(from)) {
        float *copy = new_copy(t, tensor.name, numbers, &status, err);
        if (!copy)
            return status;
        copy_strided(copy, tensor.data, &tensor, from);
        tensor.data = copy;
    }
    if (!vgg_tensor_add(&t->tensors, &tensor))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the tensor '%s'", t->model->path, tensor.name);
    return NONET_VGG_OK;
}

/* Training scripts save the state dict as one entry of several; tools wrap it twice. */
static const pickle_value *find_state_dict(const pickle_value *root)
{
    static const char *const keys[] = {"state_dict", "model_state_dict", "model"};
    for (int depth = 0; depth < 2; depth++) {
        const pickle_value *inner = NULL;
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !inner; i++)
            inner = vgg_pickle_find(root, keys[i]);
        if (!inner || inner->type != PICKLE_DICT)
            break;
        root = inner;
    }
    return root;
}

static nonet_vgg_status take_state_dict(torch_file *t, const pickle_value *root, const char *net, nonet_vgg_error *err)
{
    if (root->type != PICKLE_DICT)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: it does not hold a state dict", t->model->path);
    root = find_state_dict(root);
    for (size_t i = 0; i + 1 < root->as.items->count; i += 2) {
        const pickle_value *key = root->as.items->at + i, *value = key + 1;
        if (key->type != PICKLE_BYTES || value->type != PICKLE_TENSOR)
            continue;
        nonet_vgg_status status = take_tensor(t, key->as.bytes, value->as.tensor, err);
        if (status != NONET_VGG_OK)
            return status;
    }
    if (t->tensors.count == 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: its state dict holds no tensors", t->model->path);
    return vgg_model_from_tensors(t->model, t->tensors.items, t->tensors.count, net, err);
}

/* ---- the zip archive ---- */

static nonet_vgg_status find_pickle(torch_file *t, vgg_zip_member *found, nonet_vgg_error *err)
{
    static const char tail[] = "/data.pkl";
    size_t n = sizeof tail - 1;
    while (vgg_zip_next(&t->zip, found)) {
        if (found->name_length < n || memcmp(found->name + found->name_length - n, tail, n) != 0)
            continue;
        if (found->name_length - n >= sizeof t->prefix)
            break;
        memcpy(t->prefix, found->name, found->name_length - n);
        return NONET_VGG_OK;
    }
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: a zip archive, but not one that torch.save wrote (it has no data.pkl)",
                    t->model->path);
}

static nonet_vgg_status check_byte_order(torch_file *t, nonet_vgg_error *err)
{
    char name[sizeof t->prefix + 16];
    vgg_zip_member member;
    const void *data;
    snprintf(name, sizeof name, "%s/byteorder", t->prefix);
    if (!vgg_zip_find(&t->zip, name, &member))
        return NONET_VGG_OK;
    nonet_vgg_status status = vgg_zip_data(&t->zip, &member, &data, err);
    if (status == NONET_VGG_OK && (member.size != 6 || memcmp(data, "little", 6) != 0))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: its numbers are not little endian", t->model->path);
    return status;
}

static nonet_vgg_status read_zip(torch_file *t, const char *net, nonet_vgg_error *err)
{
    vgg_zip_member member;
    const void *data;
    size_t used;
    pickle_value root;
    nonet_vgg_status status = vgg_zip_open(&t->zip, t->model, err);
    if (status == NONET_VGG_OK)
        status = find_pickle(t, &member, err);
    if (status == NONET_VGG_OK)
        status = vgg_zip_data(&t->zip, &member, &data, err);
    if (status == NONET_VGG_OK)
        status = check_byte_order(t, err);
    if (status != NONET_VGG_OK)
        return status;
    if (!vgg_pickle_read(&t->p, data, (size_t)member.size, &used, &root))
        return bad_pickle(t, err);
    return take_state_dict(t, &root, net, err);
}

/* ---- the bare stream ---- */

static int next_pickle(torch_file *t, size_t *at, pickle_value *value)
{
    size_t used;
    int ok = vgg_pickle_read(&t->p, (const char *)t->model->map + *at, t->model->map_size - *at, &used, value);
    *at += ok ? used : 0;
    return ok;
}

static nonet_vgg_status read_preamble(torch_file *t, size_t *at, nonet_vgg_error *err)
{
    static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    pickle_value value;
    if (!next_pickle(t, at, &value))
        return bad_pickle(t, err);
    if (value.type != PICKLE_BYTES || !vgg_pickle_bytes_are(value.as.bytes, magic))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: a pickle, but not one that torch.save wrote", t->model->path);
    if (!next_pickle(t, at, &value))
        return bad_pickle(t, err);
    if (value.type != PICKLE_INT || value.as.i != 1001)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: torch.save's format is of another version than 1001", t->model->path);
    if (!next_pickle(t, at, &value))
        return bad_pickle(t, err);
    const pickle_value *little = vgg_pickle_find(&value, "little_endian");
    if (!little || little->type != PICKLE_BOOL || !little->as.i)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: its numbers are not little endian", t->model->path);
    return NONET_VGG_OK;
}

/* One storage: how many numbers, and the numbers. */
static nonet_vgg_status read_storage(torch_file *t, const pickle_value *key, size_t *at, nonet_vgg_error *err)
{
    const char *file = t->model->map;
    size_t left = t->model->map_size - *at;
    pickle_storage *s = NULL;
    int64_t count;
    for (int i = 0; i < t->p.storage_count && key->type == PICKLE_BYTES && !s; i++) {
        pickle_bytes name = t->p.storages[i]->key;
        if (name.size == key->as.bytes.size && memcmp(name.at, key->as.bytes.at, name.size) == 0)
            s = t->p.storages[i];
    }
    if (!s)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: it has numbers for a storage that its pickle does not name",
                        t->model->path);
    if (left < sizeof count || (left - sizeof count) / (uint64_t)s->item < (uint64_t)s->count)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the file is cut off in the numbers of its tensors", t->model->path);
    memcpy(&count, file + *at, sizeof count);
    if (count != s->count)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: a storage has %lld numbers instead of %lld", t->model->path,
                        (long long)count, (long long)s->count);
    s->data = file + *at + sizeof count;
    *at += sizeof count + (size_t)s->count * (size_t)s->item;
    return NONET_VGG_OK;
}

static nonet_vgg_status read_stream(torch_file *t, const char *net, nonet_vgg_error *err)
{
    size_t at = 0;
    pickle_value root, keys;
    nonet_vgg_status status = read_preamble(t, &at, err);
    if (status != NONET_VGG_OK)
        return status;
    if (!next_pickle(t, &at, &root) || !next_pickle(t, &at, &keys))
        return bad_pickle(t, err);
    if (keys.type != PICKLE_LIST)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: its list of storages is no list", t->model->path);
    for (size_t i = 0; i < keys.as.items->count && status == NONET_VGG_OK; i++)
        status = read_storage(t, &keys.as.items->at[i], &at, err);
    return status == NONET_VGG_OK ? take_state_dict(t, &root, net, err) : status;
}

nonet_vgg_status vgg_read_torch(vgg_model *model, const char *net, nonet_vgg_error *err)
{
    torch_file t = {.model = model};
    int archive = model->map_size >= 4 && memcmp(model->map, "PK\3\4", 4) == 0;
    nonet_vgg_status status = archive ? read_zip(&t, net, err) : read_stream(&t, net, err);
    free(t.tensors.items);
    vgg_pickle_clear(&t.p);
    return status;
}
