/* read_nonet.c - reads the project's container. Nothing in the file is trusted: every count, offset and string is checked against
 * the size of the file before it is used, and every byte that is used against a checksum. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vgg/checksum.h"
#include "vgg/container.h"

enum { PART_BYTES = 4 << 20 };      /* of a tensor, checked at a time */

/* The tables of a file that is being read; they point into the map. */
typedef struct tables {
    const container_head *head;
    const container_layer *layers;
    const container_tensor *tensors;
    const container_section *sections;
    const char *labels;
} tables;

static nonet_vgg_status bad(const vgg_model *model, nonet_vgg_error *err, const char *why)
{
    return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: %s", model->path, why);
}

/* Bytes of head, tables and labels as the counts have them. The counts are within their bounds. */
static uint64_t head_bytes(const container_head *head)
{
    return container_round(sizeof(container_head) + (uint64_t)head->layers * sizeof(container_layer) +
                           (uint64_t)head->tensors * sizeof(container_tensor) +
                           (uint64_t)head->sections * sizeof(container_section) + head->label_bytes);
}

static nonet_vgg_status check_size(const vgg_model *model, const container_head *head, nonet_vgg_error *err)
{
    unsigned long long size = model->map_size, says = head->file_bytes;
    if (size < says)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the file is cut short: %llu of %llu bytes are there", model->path, size,
                        says);
    if (size > says)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the file has %llu bytes more than its head says", model->path, size - says);
    if (head->layers > CONTAINER_LAYERS || head->tensors > CONTAINER_TENSORS || head->sections > CONTAINER_SECTIONS ||
        head->labels > CONTAINER_LABELS || head->label_bytes > CONTAINER_LABEL_BYTES)
        return bad(model, err, "a count in its head is out of range");
    if (head->head_bytes != head_bytes(head) || head->head_bytes > head->file_bytes)
        return bad(model, err, "its tables do not have the size that its head says");
    if (vgg_container_head_checksum(head, head->head_bytes) != head->checksum)
        return bad(model, err, "the checksum of its head is wrong");
    return NONET_VGG_OK;
}

static nonet_vgg_status find_tables(const vgg_model *model, tables *t, nonet_vgg_error *err)
{
    const container_head *head = model->map;
    if (model->map_size < sizeof(*head) || memcmp(head->magic, CONTAINER_MAGIC, 8) != 0)
        return bad(model, err, "it has no head");
    if (head->version != CONTAINER_VERSION)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is version %u of the .nonet format; this build reads version %d",
                        model->path, head->version, CONTAINER_VERSION);
    nonet_vgg_status status = check_size(model, head, err);
    if (status != NONET_VGG_OK)
        return status;
    t->head = head;
    t->layers = (const container_layer *)(head + 1);
    t->tensors = (const container_tensor *)(t->layers + head->layers);
    t->sections = (const container_section *)(t->tensors + head->tensors);
    t->labels = (const char *)(t->sections + head->sections);
    return NONET_VGG_OK;
}

/* Gives whole pages of the map back: packing reads them again, one layer at a time, and a model of half a gigabyte is then
 * never resident together with its packed form. The kernel keeps them in its cache. */
static void let_go(const unsigned char *bytes, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)bytes + page - 1) / page;
    uintptr_t to = ((uintptr_t)bytes + size) / page;
    if (to > from)
        (void)madvise((void *)(from * page), (to - from) * page, MADV_DONTNEED);
}

static uint64_t checksum_parts(const unsigned char *bytes, uint64_t size)
{
    vgg_checksum_state state;
    vgg_checksum_start(&state);
    while (size > 0) {
        size_t part = size < PART_BYTES ? (size_t)size : PART_BYTES;
        vgg_checksum_add(&state, bytes, part);
        let_go(bytes, part);
        bytes += part;
        size -= part;
    }
    return vgg_checksum_end(&state);
}

/* Whether the tensor lies in the file behind what is already spoken for. */
static int lies_within(const container_tensor *tensor, uint64_t free_from, uint64_t size)
{
    return tensor->offset % CONTAINER_ALIGN == 0 && tensor->offset >= free_from && tensor->offset <= size &&
           tensor->numbers <= (size - tensor->offset) / 4 && container_round(tensor->numbers * 4) <= size - tensor->offset;
}

static nonet_vgg_status check_sum(const vgg_model *model, const char *what, uint32_t i, uint64_t offset, uint64_t bytes,
                                  uint64_t sum, nonet_vgg_error *err)
{
    if (checksum_parts((const unsigned char *)model->map + offset, bytes) == sum)
        return NONET_VGG_OK;
    return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: the checksum of %s %u is wrong", model->path, what, i);
}

static nonet_vgg_status check_tensor(const vgg_model *model, const tables *t, uint32_t i, nonet_vgg_error *err)
{
    const container_tensor *tensor = &t->tensors[i];
    return check_sum(model, "tensor", i, tensor->offset, container_round(tensor->numbers * 4), tensor->checksum, err);
}

/* Tensors stand in the file in the order of the table and do not overlap, so checking them all reads no byte twice. */
static nonet_vgg_status check_tensors(const vgg_model *model, const tables *t, nonet_vgg_error *err)
{
    uint64_t free_from = t->head->head_bytes;
    for (uint32_t i = 0; i < t->head->tensors; i++) {
        const container_tensor *tensor = &t->tensors[i];
        if (tensor->type != CONTAINER_F32)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: tensor %u is of type %u; this build reads float32 (1)", model->path,
                            i, tensor->type);
        if (!lies_within(tensor, free_from, t->head->file_bytes))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: tensor %u does not lie within it", model->path, i);
        nonet_vgg_status status = model->unchecked ? NONET_VGG_OK : check_tensor(model, t, i, err);
        if (status != NONET_VGG_OK)
            return status;
        free_from = tensor->offset + container_round(tensor->numbers * 4);
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status check_sections(const vgg_model *model, const tables *t, nonet_vgg_error *err)
{
    for (uint32_t i = 0; i < t->head->sections; i++) {
        const container_section *s = &t->sections[i];
        if (s->offset % CONTAINER_ALIGN != 0 || s->offset < t->head->head_bytes || s->offset > t->head->file_bytes ||
            s->bytes > t->head->file_bytes - s->offset)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: section %u does not lie within it", model->path,
                            i);
        if (s->kind != CONTAINER_PACKED && (s->flags & CONTAINER_NEEDED))
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: needs a newer build: section %u is of kind %u, unknown to this one",
                            model->path, i, s->kind);
    }
    return NONET_VGG_OK;
}

/* Packed weights replace the tensors they were made from, so those need no check until they are used. BatchNorm is not folded
 * into what is packed: such a file is read as if it had no packed weights. */
static int uses_packed(const tables *t)
{
    for (uint32_t i = 0; i < t->head->layers; i++)
        if (t->layers[i].type == VGG_BATCHNORM)
            return 0;
    for (uint32_t i = 0; i < t->head->sections; i++)
        if (t->sections[i].kind == CONTAINER_PACKED)
            return 1;
    return 0;
}

static void take_packed(const vgg_model *model, const tables *t, uint32_t layer, vgg_layer *to)
{
    for (uint32_t i = 0; model->unchecked && i < t->head->sections; i++) {
        const container_section *s = &t->sections[i];
        if (s->kind != CONTAINER_PACKED || s->flags >> CONTAINER_LAYER_SHIFT != layer)
            continue;
        to->packed = (const unsigned char *)model->map + s->offset;
        to->packed_bytes = s->bytes;
    }
}

/* Points the layer at a tensor of the file. */
static nonet_vgg_status take_tensor(const vgg_model *model, const tables *t, const container_layer *from, int role,
                                    const float **to, nonet_vgg_error *err)
{
    uint32_t index = from->tensor[role];
    uint64_t numbers = vgg_container_numbers(from, role);
    if (index == 0 && !vgg_container_requires(from->type, role))
        return NONET_VGG_OK;
    if (index == 0 || index > t->head->tensors || numbers == 0 || t->tensors[index - 1].numbers != numbers)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: the %s of layer '%s' is missing or of the wrong size",
                        model->path, vgg_container_role_name(role), from->name);
    *to = (const float *)((const unsigned char *)model->map + t->tensors[index - 1].offset);
    return NONET_VGG_OK;
}

static nonet_vgg_status take_layer(vgg_model *model, const tables *t, const container_layer *from, nonet_vgg_error *err)
{
    if (!memchr(from->name, 0, sizeof(from->name)))
        return bad(model, err, "the name of a layer does not end");
    const char *fault = vgg_container_layer_fault(from);
    if (fault)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged .nonet file: layer '%s' %s", model->path, from->name, fault);
    vgg_layer *to = vgg_model_add(model, (vgg_layer_type)from->type, from->name);
    if (!to)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its layers", model->path);
    to->k = from->k, to->c = from->c, to->r = from->r, to->s = from->s;
    to->stride = from->stride, to->pad = from->pad;
    to->eps = from->eps;
    to->size = from->size;
    to->alpha = from->alpha, to->lrn_beta = from->lrn_beta, to->lrn_k = from->lrn_k;
    to->ceil = from->ceil, to->oh = from->oh, to->ow = from->ow;
    const float **place[ROLES] = {&to->weight, &to->bias, &to->gamma, &to->beta, &to->mean, &to->var};
    for (int role = 0; role < ROLES; role++) {
        nonet_vgg_status status = take_tensor(model, t, from, role, place[role], err);
        if (status != NONET_VGG_OK)
            return status;
    }
    take_packed(model, t, (uint32_t)(from - t->layers), to);
    return NONET_VGG_OK;
}

static nonet_vgg_status take_labels(vgg_model *model, const tables *t, nonet_vgg_error *err)
{
    const char *at = t->labels, *end = at + t->head->label_bytes;
    if (t->head->labels == 0)
        return t->head->label_bytes ? bad(model, err, "it has label text, but no labels") : NONET_VGG_OK;
    model->labels = calloc(t->head->labels, sizeof(char *));
    if (!model->labels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its labels", model->path);
    for (uint32_t i = 0; i < t->head->labels; i++) {
        const char *stop = memchr(at, 0, (size_t)(end - at));
        if (!stop)
            return bad(model, err, "its labels do not end where they should");
        model->labels[i] = strdup(at);
        if (!model->labels[i])
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its labels", model->path);
        model->nlabels++;
        at = stop + 1;
    }
    return at == end ? NONET_VGG_OK : bad(model, err, "its labels do not end where they should");
}

static nonet_vgg_status take_input(vgg_model *model, const container_head *head, nonet_vgg_error *err)
{
    const char *fault = vgg_container_head_fault(head);
    if (fault)
        return bad(model, err, fault);
    model->c = (int)head->c;
    model->h = (int)head->h;
    model->w = (int)head->w;
    model->kind = (nonet_vgg_kind)head->kind;
    memcpy(model->mean, head->mean, sizeof(model->mean));
    memcpy(model->std, head->std, sizeof(model->std));
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_read_nonet(vgg_model *model, nonet_vgg_error *err)
{
    tables t = {0};
    nonet_vgg_status status = find_tables(model, &t, err);
    if (status == NONET_VGG_OK)
        status = take_input(model, t.head, err);
    if (status == NONET_VGG_OK)
        status = check_sections(model, &t, err);
    if (status == NONET_VGG_OK) {
        model->unchecked = uses_packed(&t);
        status = check_tensors(model, &t, err);
    }
    if (status == NONET_VGG_OK)
        status = take_labels(model, &t, err);
    for (uint32_t i = 0; status == NONET_VGG_OK && i < t.head->layers; i++)
        status = take_layer(model, &t, &t.layers[i], err);
    return status;
}

/* The tables of a model that has been read. */
static tables tables_of(const vgg_model *model)
{
    const container_head *head = model->map;
    tables t = {.head = head, .layers = (const container_layer *)(head + 1)};
    t.tensors = (const container_tensor *)(t.layers + head->layers);
    t.sections = (const container_section *)(t.tensors + head->tensors);
    return t;
}

nonet_vgg_status vgg_nonet_check_tensor(const vgg_model *model, const float *data, nonet_vgg_error *err)
{
    if (!model->unchecked || !data)
        return NONET_VGG_OK;
    tables t = tables_of(model);
    for (uint32_t i = 0; i < t.head->tensors; i++)
        if ((const unsigned char *)model->map + t.tensors[i].offset == (const unsigned char *)data)
            return check_tensor(model, &t, i, err);
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_nonet_check_all(const vgg_model *model, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    if (!model->unchecked)
        return status;
    tables t = tables_of(model);
    for (uint32_t i = 0; i < t.head->tensors && status == NONET_VGG_OK; i++)
        status = check_tensor(model, &t, i, err);
    for (uint32_t i = 0; i < t.head->sections && status == NONET_VGG_OK; i++)
        status = check_sum(model, "section", i, t.sections[i].offset, t.sections[i].bytes, t.sections[i].checksum, err);
    return status;
}
