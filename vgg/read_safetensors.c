/* read_safetensors.c - .safetensors: 8 bytes length, a JSON header with name, type, shape and bytes of every tensor, data. */
#include "vgg/model.h"

#ifdef NONET_HAVE_CJSON

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/layers.h"
#include "vgg/tensors.h"

/* The format allows 100 MB, of which a parser makes several gigabytes; the header of a VGG has some thousand bytes. */
enum { HEADER_MAX = 10 * 1000 * 1000 };

typedef struct span { uint64_t begin, end; } span;

typedef struct safetensors {
    vgg_model *model;
    const unsigned char *data;  /* behind the header */
    uint64_t size;              /* bytes of data */
    vgg_tensor_list tensors;
    span *spans;                /* of all entries, used or not */
    int count;
} safetensors;

/* JSON numbers are doubles here: whole numbers up to 2^53 are exact, and no file is larger. */
static int whole_number(const cJSON *json, uint64_t *value)
{
    if (!cJSON_IsNumber(json) || !(json->valuedouble >= 0 && json->valuedouble <= 9007199254740992.0))
        return 0;
    *value = (uint64_t)json->valuedouble;
    return (double)*value == json->valuedouble;
}

static nonet_vgg_status bad_entry(const safetensors *st, const char *name, const char *fault, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the tensor '%.100s' %s", st->model->path, name, fault);
}

static nonet_vgg_status read_span(safetensors *st, const cJSON *entry, span *s, nonet_vgg_error *err)
{
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole_number(cJSON_GetArrayItem(offsets, 0), &s->begin) || !whole_number(cJSON_GetArrayItem(offsets, 1), &s->end))
        return bad_entry(st, entry->string, "has no pair of data_offsets", err);
    if (s->begin > s->end)
        return bad_entry(st, entry->string, "ends before it begins", err);
    if (s->end > st->size)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the tensor '%.100s' ends at byte %llu of the data, but there are only %llu",
                        st->model->path, entry->string, (unsigned long long)s->end, (unsigned long long)st->size);
    return NONET_VGG_OK;
}

static nonet_vgg_status read_shape(safetensors *st, const cJSON *entry, vgg_tensor *t, nonet_vgg_error *err)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), *item;
    if (!cJSON_IsArray(shape))
        return bad_entry(st, entry->string, "has no shape", err);
    cJSON_ArrayForEach(item, shape) {
        uint64_t dim;
        if (!whole_number(item, &dim))
            return bad_entry(st, entry->string, "has a shape that is not made of whole numbers", err);
        if (t->ndim == 4)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the tensor '%.100s' has more than 4 dimensions", st->model->path,
                            entry->string);
        t->dim[t->ndim++] = (int64_t)dim;
    }
    if (vgg_tensor_numbers(t) == 0)
        return bad_entry(st, entry->string, "has an impossible shape", err);
    return NONET_VGG_OK;
}

/* In the map, or a copy where the header's length leaves the data unaligned. */
static const float *place_data(safetensors *st, span s)
{
    const unsigned char *at = st->data + s.begin;
    if ((uintptr_t)at % sizeof(float) == 0)
        return (const float *)(const void *)at;
    float *copy = vgg_model_alloc(st->model, s.end - s.begin);
    if (copy)
        memcpy(copy, at, s.end - s.begin);
    return copy;
}

static nonet_vgg_status read_used(safetensors *st, const cJSON *entry, span s, nonet_vgg_error *err)
{
    vgg_tensor t = {.dim = {1, 1, 1, 1}};
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    if (!cJSON_IsString(dtype))
        return bad_entry(st, entry->string, "has no dtype", err);
    if (strcmp(dtype->valuestring, "F32") != 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the tensor '%.100s' is %.20s; only F32 is read", st->model->path,
                        entry->string, dtype->valuestring);
    if (strlen(entry->string) >= sizeof t.name)
        return bad_entry(st, entry->string, "has too long a name", err);
    strcpy(t.name, entry->string);
    nonet_vgg_status status = read_shape(st, entry, &t, err);
    if (status != NONET_VGG_OK)
        return status;
    if (s.end - s.begin != vgg_tensor_numbers(&t) * sizeof(float))
        return bad_entry(st, t.name, "has a byte range that its shape does not fill", err);
    t.data = place_data(st, s);
    if (!t.data || !vgg_tensor_add(&st->tensors, &t))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the tensor '%s'", st->model->path, t.name);
    return NONET_VGG_OK;
}

static int compare_spans(const void *left, const void *right)
{
    const span *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* The format asks for data without gaps or overlaps, up to the end of the file. */
static nonet_vgg_status check_spans(safetensors *st, nonet_vgg_error *err)
{
    qsort(st->spans, (size_t)st->count, sizeof *st->spans, compare_spans);
    uint64_t at = 0;
    for (int i = 0; i < st->count; i++) {
        if (st->spans[i].begin != at)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: its tensors overlap or leave a gap at byte %llu of the data",
                            st->model->path, (unsigned long long)at);
        at = st->spans[i].end;
    }
    if (at != st->size)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the data goes on behind the last tensor (by %llu)", st->model->path,
                        (unsigned long long)(st->size - at));
    return NONET_VGG_OK;
}

static nonet_vgg_status read_entries(safetensors *st, const cJSON *header, nonet_vgg_error *err)
{
    const cJSON *entry;
    int entries = cJSON_GetArraySize(header);
    st->spans = calloc((size_t)entries + 1, sizeof *st->spans);
    if (!st->spans)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its %d tensors", st->model->path, entries);
    cJSON_ArrayForEach(entry, header) {
        if (strcmp(entry->string, "__metadata__") == 0)
            continue;
        if (!cJSON_IsObject(entry))
            return bad_entry(st, entry->string, "is not described by an object", err);
        span *s = &st->spans[st->count++];
        nonet_vgg_status status = read_span(st, entry, s, err);
        if (status == NONET_VGG_OK && vgg_tensor_is_used(entry->string))
            status = read_used(st, entry, *s, err);
        if (status != NONET_VGG_OK)
            return status;
    }
    return check_spans(st, err);
}

static int says_bgr(const cJSON *header)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(header, "__metadata__");
    const cJSON *channels = cJSON_GetObjectItemCaseSensitive(metadata, "channels");
    return cJSON_IsString(channels) && strstr(channels->valuestring, "BGR") != NULL;
}

static nonet_vgg_status read_header(safetensors *st, const cJSON *header, const char *net, nonet_vgg_error *err)
{
    nonet_vgg_status status = read_entries(st, header, err);
    if (status == NONET_VGG_OK)
        status = vgg_model_from_tensors(st->model, st->tensors.items, st->tensors.count, net, err);
    if (status == NONET_VGG_OK && says_bgr(header) && st->model->c == 3)
        vgg_set_preparation(st->model, NONET_VGG_CAFFE);
    free(st->tensors.items);
    free(st->spans);
    return status;
}

static int only_spaces(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p == end;
}

nonet_vgg_status vgg_read_safetensors(vgg_model *model, const char *net, nonet_vgg_error *err)
{
    const unsigned char *file = model->map;
    uint64_t length = 0;
    if (model->map_size < 8)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the file is too short for safetensors", model->path);
    memcpy(&length, file, sizeof length);
    if (length > HEADER_MAX || length > model->map_size - 8)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the header has %llu bytes by its own account, more than %s", model->path,
                        (unsigned long long)length, length > HEADER_MAX ? "a VGG network needs" : "the file has");
    const char *text = (const char *)file + 8, *end = NULL;
    cJSON *header = cJSON_ParseWithLengthOpts(text, (size_t)length, &end, 0);
    if (!cJSON_IsObject(header) || !only_spaces(end, text + length)) {
        cJSON_Delete(header);
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the header is not a JSON object", model->path);
    }
    safetensors st = {.model = model, .data = file + 8 + length, .size = model->map_size - 8 - length};
    nonet_vgg_status status = read_header(&st, header, net, err);
    cJSON_Delete(header);
    return status;
}

#else

nonet_vgg_status vgg_read_safetensors(vgg_model *model, const char *net, nonet_vgg_error *err)
{
    (void)net;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED,
                    "%s: this build has no safetensors reader (cJSON was not found when it was built)", model->path);
}

#endif
