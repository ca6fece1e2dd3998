/* write_nonet.c - writes the project's container: the head with its tables is made in memory, checksums first, then everything
 * goes out in one pass. What is written here is what read_nonet.c accepts. */
#include <stdlib.h>
#include <string.h>
#include "vgg/checksum.h"
#include "vgg/container.h"
#include "vgg/file.h"
#include "vgg/random.h"

enum { PART_FLOATS = 1 << 20, ROW_STEP = 16 };     /* of random weights made at a time; rows whose bytes are a multiple of 64 */

/* What a tensor is written from. */
typedef struct writer_tensor {
    const float *data;          /* NULL: random, part by part */
    int layer, role;
} writer_tensor;

typedef struct writer {
    const vgg_model *model;
    unsigned char *head;        /* head, tables and labels */
    writer_tensor *from;        /* of each tensor */
    float *part;                /* PART_FLOATS, or a step of rows where that is more; only for random weights */
    container_layer *layers;    /* into head */
    container_tensor *tensors;
    uint32_t tensor_count;
    const vgg_packed *packed;
    uint32_t packed_count;
    container_section *sections;    /* into head */
    size_t head_bytes, label_bytes;
    uint64_t file_bytes;
} writer;

/* The layer's tensors in the order of their roles. */
static void layer_tensors(const vgg_layer *l, const float *data[ROLES])
{
    const float *all[ROLES] = {l->weight, l->bias, l->gamma, l->beta, l->mean, l->var};
    memcpy(data, all, sizeof(all));
}

static container_layer make_layer(const vgg_layer *l)
{
    container_layer to = {
        .type = (uint32_t)l->type, .k = l->k, .c = l->c, .r = l->r, .s = l->s, .stride = l->stride, .pad = l->pad,
        .eps = l->eps, .size = l->size, .alpha = l->alpha, .lrn_beta = l->lrn_beta, .lrn_k = l->lrn_k,
        .ceil = l->ceil != 0, .oh = l->oh, .ow = l->ow,
    };
    memcpy(to.name, l->name, strnlen(l->name, VGG_NAME - 1));
    return to;
}

static container_head make_head(const vgg_model *model)
{
    container_head head = {
        .version = CONTAINER_VERSION, .layers = (uint32_t)model->count, .labels = (uint32_t)model->nlabels,
        .kind = (uint32_t)model->kind, .c = (uint32_t)model->c, .h = (uint32_t)model->h, .w = (uint32_t)model->w,
    };
    memcpy(head.magic, CONTAINER_MAGIC, sizeof(head.magic));
    memcpy(head.mean, model->mean, sizeof(head.mean));
    memcpy(head.std, model->std, sizeof(head.std));
    return head;
}

/* Whether a tensor that is not there is made from the model's seed. */
static int is_random(const writer *w, const vgg_layer *l, int role)
{
    return w->model->random && (l->type == VGG_CONV || l->type == VGG_FC) && (role == ROLE_WEIGHT || role == ROLE_BIAS);
}

/* Checks a layer and counts its tensors. One that a layer of this type does not use is left out. */
static nonet_vgg_status measure_layer(writer *w, const vgg_layer *from, nonet_vgg_error *err)
{
    const float *data[ROLES];
    container_layer layer = make_layer(from);
    const char *fault = vgg_container_layer_fault(&layer);
    if (fault)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer '%s' %s", w->model->path, layer.name, fault);
    layer_tensors(from, data);
    for (int role = 0; role < ROLES; role++) {
        int there = data[role] || is_random(w, from, role);
        if (!there && vgg_container_requires(layer.type, role))
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: layer '%s' has no %s", w->model->path, layer.name,
                            vgg_container_role_name(role));
        w->tensor_count += there && vgg_container_numbers(&layer, role) > 0;
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status measure(writer *w, nonet_vgg_error *err)
{
    const vgg_model *model = w->model;
    container_head head = make_head(model);
    const char *fault = vgg_container_head_fault(&head);
    if (fault)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: %s", model->path, fault);
    for (int i = 0; i < model->nlabels; i++)
        w->label_bytes += strlen(model->labels[i]) + 1;
    if (model->count > CONTAINER_LAYERS || model->nlabels > CONTAINER_LABELS || w->label_bytes > CONTAINER_LABEL_BYTES)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: has more layers or labels than a .nonet file holds", model->path);
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < model->count && status == NONET_VGG_OK; i++)
        status = measure_layer(w, &model->layers[i], err);
    return status;
}

static void fill_tensor(writer *w, int index, int role, const float *data)
{
    container_layer *layer = &w->layers[index];
    uint64_t numbers = vgg_container_numbers(layer, role);
    if ((!data && !is_random(w, &w->model->layers[index], role)) || numbers == 0)
        return;
    container_tensor *t = &w->tensors[w->tensor_count];
    *t = (container_tensor){.offset = w->file_bytes, .numbers = numbers, .type = CONTAINER_F32};
    w->from[w->tensor_count] = (writer_tensor){data, index, role};
    layer->tensor[role] = ++w->tensor_count;
    w->file_bytes += container_round(numbers * sizeof(float));
}

/* Packed weights stand on pages of their own. */
static void fill_sections(writer *w)
{
    w->sections = (container_section *)(w->tensors + w->tensor_count);
    for (uint32_t i = 0; i < w->packed_count; i++) {
        const vgg_packed *p = &w->packed[i];
        uint64_t offset = (w->file_bytes + CONTAINER_PAGE - 1) / CONTAINER_PAGE * CONTAINER_PAGE;
        w->sections[i] = (container_section){
            .kind = CONTAINER_PACKED, .flags = (uint32_t)p->layer << CONTAINER_LAYER_SHIFT, .offset = offset, .bytes = p->bytes,
            .checksum = vgg_checksum(p->block, p->bytes),
        };
        w->file_bytes = offset + p->bytes;
    }
}

/* Places everything; the checksums of tensors are still missing. */
static void fill_head(writer *w)
{
    const vgg_model *model = w->model;
    container_head *head = (container_head *)w->head;
    *head = make_head(model);
    head->head_bytes = (uint32_t)w->head_bytes;
    head->label_bytes = (uint32_t)w->label_bytes;
    head->tensors = w->tensor_count;
    w->layers = (container_layer *)(head + 1);
    w->tensors = (container_tensor *)(w->layers + model->count);
    w->tensor_count = 0;        /* counted again as they are placed */
    w->file_bytes = w->head_bytes;
    for (int i = 0; i < model->count; i++) {
        const float *data[ROLES];
        w->layers[i] = make_layer(&model->layers[i]);
        layer_tensors(&model->layers[i], data);
        for (int role = 0; role < ROLES; role++)
            fill_tensor(w, i, role, data[role]);
    }
    fill_sections(w);
    head->sections = w->packed_count;
    head->file_bytes = w->file_bytes;
    char *label = (char *)(w->sections + w->packed_count);
    for (int i = 0; i < model->nlabels; i++)
        label = stpcpy(label, model->labels[i]) + 1;
}

/* Outputs of a layer whose random weights are made at a time: all that fit into a part, but at least a step of them. */
static int rows_at_once(const vgg_layer *l)
{
    size_t row = (size_t)l->c * (size_t)(l->type == VGG_CONV ? l->r * l->s : 1), rows = PART_FLOATS / row / ROW_STEP * ROW_STEP;
    return rows < ROW_STEP ? ROW_STEP : rows < (size_t)l->k ? (int)rows : l->k;
}

static nonet_vgg_status alloc_part(writer *w, nonet_vgg_error *err)
{
    size_t most = 0;
    for (int i = 0; i < w->model->count && w->model->random; i++) {
        const vgg_layer *l = &w->model->layers[i];
        size_t row = (size_t)l->c * (size_t)(l->type == VGG_CONV ? l->r * l->s : 1);
        if ((l->type == VGG_CONV || l->type == VGG_FC) && row * (size_t)rows_at_once(l) > most)
            most = row * (size_t)rows_at_once(l);
    }
    w->part = most ? malloc(most * sizeof(float)) : NULL;
    return most && !w->part ? vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its weights", w->model->path) : NONET_VGG_OK;
}

/* Gives a tensor to `take`, whole or in parts whose bytes, but for the last, are a multiple of 64. */
typedef nonet_vgg_status (*part_taker)(void *to, const float *data, size_t bytes, nonet_vgg_error *err);
static nonet_vgg_status each_part(const writer *w, uint32_t tensor, part_taker take, void *to, nonet_vgg_error *err)
{
    const writer_tensor *from = &w->from[tensor];
    const vgg_layer *l = &w->model->layers[from->layer];
    size_t bytes = w->tensors[tensor].numbers * sizeof(float), row = bytes / (size_t)(l->k > 0 ? l->k : 1);
    nonet_vgg_status status = NONET_VGG_OK;
    if (from->data)
        return take(to, from->data, bytes, err);
    for (int first = 0, count = rows_at_once(l); first < l->k && status == NONET_VGG_OK; first += count) {
        if (count > l->k - first)
            count = l->k - first;
        vgg_random_rows(l, w->model->seed, from->layer, first, count, from->role == ROLE_WEIGHT ? w->part : NULL,
                        from->role == ROLE_BIAS ? w->part : NULL);
        status = take(to, w->part, row * (size_t)count, err);
    }
    return status;
}

/* The zeros that fill up the last 64 bytes count as data: the reader takes them from the file with the rest. */
static nonet_vgg_status add_to_checksum(void *to, const float *data, size_t bytes, nonet_vgg_error *err)
{
    unsigned char tail[CONTAINER_ALIGN] = {0};
    size_t whole = bytes / CONTAINER_ALIGN * CONTAINER_ALIGN;
    (void)err;
    vgg_checksum_add(to, data, whole);
    if (bytes > whole) {
        memcpy(tail, (const unsigned char *)data + whole, bytes - whole);
        vgg_checksum_add(to, tail, sizeof(tail));
    }
    return NONET_VGG_OK;
}

static uint64_t tensor_checksum(const writer *w, uint32_t tensor)
{
    vgg_checksum_state state;
    vgg_checksum_start(&state);
    each_part(w, tensor, add_to_checksum, &state, NULL);
    return vgg_checksum_end(&state);
}

static nonet_vgg_status write_part(void *to, const float *data, size_t bytes, nonet_vgg_error *err)
{
    return vgg_out_write(to, data, bytes, err);
}

static nonet_vgg_status write_all(writer *w, vgg_out *out, nonet_vgg_error *err)
{
    static const unsigned char zeros[CONTAINER_PAGE];
    uint64_t at = w->head_bytes;
    nonet_vgg_status status = vgg_out_write(out, w->head, w->head_bytes, err);
    for (uint32_t i = 0; i < w->tensor_count && status == NONET_VGG_OK; i++) {
        size_t bytes = w->tensors[i].numbers * sizeof(float);
        status = each_part(w, i, write_part, out, err);
        if (status == NONET_VGG_OK)
            status = vgg_out_write(out, zeros, container_round(bytes) - bytes, err);
        at = w->tensors[i].offset + container_round(bytes);
    }
    for (uint32_t i = 0; i < w->packed_count && status == NONET_VGG_OK; i++) {
        status = vgg_out_write(out, zeros, w->sections[i].offset - at, err);
        if (status == NONET_VGG_OK)
            status = vgg_out_write(out, w->packed[i].block, w->packed[i].bytes, err);
        at = w->sections[i].offset + w->packed[i].bytes;
    }
    return status;
}

static nonet_vgg_status write_file(writer *w, const char *path, nonet_vgg_error *err)
{
    vgg_out out;
    container_head *head = (container_head *)w->head;
    for (uint32_t i = 0; i < w->tensor_count; i++)
        w->tensors[i].checksum = tensor_checksum(w, i);
    head->checksum = vgg_container_head_checksum(head, w->head_bytes);
    nonet_vgg_status status = vgg_out_open(&out, path, err);
    if (status != NONET_VGG_OK)
        return status;
    return vgg_out_close(&out, write_all(w, &out, err), err);
}

nonet_vgg_status vgg_write_nonet(const vgg_model *model, const vgg_packed *packed, int packed_count, const char *path,
                                 nonet_vgg_error *err)
{
    writer w = {.model = model, .packed = packed, .packed_count = (uint32_t)packed_count};
    nonet_vgg_status status = measure(&w, err);
    if (status != NONET_VGG_OK)
        return status;
    w.head_bytes = container_round(sizeof(container_head) + (size_t)model->count * sizeof(container_layer) +
                                   w.tensor_count * sizeof(container_tensor) + w.packed_count * sizeof(container_section) +
                                   w.label_bytes);
    w.head = calloc(1, w.head_bytes);
    w.from = calloc(w.tensor_count + 1, sizeof(*w.from));
    if (w.head && w.from) {
        fill_head(&w);
        status = alloc_part(&w, err);
        if (status == NONET_VGG_OK)
            status = write_file(&w, path, err);
    } else {
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory to write it", path);
    }
    free(w.head);
    free(w.from);
    free(w.part);
    return status;
}
