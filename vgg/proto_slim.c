/* proto_slim.c - walks protobuf's wire format and takes the payloads out. Nothing in a file is believed: each varint ends within
 * ten bytes and the message, each length within the message around it. */
#include "vgg/proto_slim.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
/* A network's structure takes some ten kB. These bounds keep a hostile file from taking the machine's memory. */
enum { SLIM_MAX = 64 << 20, UNPACK_SLACK = 1 << 20 };

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

typedef struct field {
    uint32_t number, wire;
    const uint8_t *start;       /* of the tag */
    const uint8_t *data;        /* of the value, after a length */
    size_t size;                /* of the value */
} field;

static int read_varint(cursor *in, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 1;
    }
    return 0;
}

/* The next field of a message; 0 when it is damaged. Groups (wire types 3 and 4) are in neither format. */
static int read_field(cursor *in, field *f)
{
    uint64_t tag, value = 0;
    f->start = in->at;
    if (!read_varint(in, &tag) || tag >> 32 || tag >> 3 == 0)
        return 0;
    f->number = (uint32_t)(tag >> 3);
    f->wire = tag & 7;
    f->data = in->at;
    switch (f->wire) {
    case WIRE_VARINT:
        if (!read_varint(in, &value))
            return 0;
        f->size = (size_t)(in->at - f->data);
        return 1;
    case WIRE_BYTES:
        if (!read_varint(in, &value))
            return 0;
        f->data = in->at;
        break;
    case WIRE_64:
        value = 8;
        break;
    case WIRE_32:
        value = 4;
        break;
    default:
        return 0;
    }
    if (value > (uint64_t)(in->end - in->at))
        return 0;
    f->size = (size_t)value;
    in->at += value;
    return 1;
}

static nonet_vgg_status append(vgg_slim *slim, const void *data, size_t size)
{
    if (size > SLIM_MAX - slim->size)
        return NONET_VGG_UNSUPPORTED;
    if (slim->size + size > slim->capacity) {
        size_t capacity = slim->capacity ? slim->capacity : 4096;
        while (capacity < slim->size + size)
            capacity *= 2;
        uint8_t *bytes = realloc(slim->bytes, capacity);
        if (!bytes)
            return NONET_VGG_NO_MEMORY;
        slim->bytes = bytes;
        slim->capacity = capacity;
    }
    if (size)
        memcpy(slim->bytes + slim->size, data, size);
    slim->size += size;
    return NONET_VGG_OK;
}

/* Visits a field's pieces in a message that was walked before: sums their bytes, copies them if dst is given. Returns their
 * number; *piece is the last one. */
static size_t gather(const vgg_slim_payload *p, uint8_t *dst, size_t *bytes, const uint8_t **piece)
{
    cursor in = { p->message, p->message + p->message_size };
    field f;
    size_t pieces = 0;
    *bytes = 0;
    while (in.at < in.end && read_field(&in, &f)) {
        if (f.number != p->field)
            continue;
        if (dst && f.size)
            memcpy(dst + *bytes, f.data, f.size);
        *bytes += f.size;
        *piece = f.data;
        pieces++;
    }
    return pieces;
}

static nonet_vgg_status add_payload(vgg_slim *slim, const vgg_slim_payload *payload, uint32_t to)
{
    if (slim->count == slim->room) {
        uint32_t room = slim->room ? 2 * slim->room : 64;
        vgg_slim_payload *payloads = realloc(slim->payloads, room * sizeof *payloads);
        if (!payloads)
            return NONET_VGG_NO_MEMORY;
        slim->payloads = payloads;
        slim->room = room;
    }
    /* The tag as a varint of three bytes: numbers of ours are below 2^17. */
    uint32_t tag = to << 3 | WIRE_32, i = slim->count;
    uint8_t text[7] = { tag | 128, tag >> 7 | 128, tag >> 14, i & 255, i >> 8 & 255, i >> 16 & 255, i >> 24 };
    slim->payloads[slim->count++] = *payload;
    return append(slim, text, sizeof text);
}

/* Leaves an index for each payload that the rules take out of this message. */
static nonet_vgg_status take_payloads(vgg_slim *slim, cursor message, const vgg_slim_rule *rules, int type)
{
    for (const vgg_slim_rule *rule = rules; rule->type >= 0; rule++) {
        if (rule->type != type || rule->action != VGG_SLIM_TAKE)
            continue;
        vgg_slim_payload p = { message.at, (size_t)(message.end - message.at), rule->field, 0, NULL };
        size_t pieces = gather(&p, NULL, &p.bytes, &p.whole);
        if (pieces != 1)
            p.whole = NULL;
        nonet_vgg_status status = pieces ? add_payload(slim, &p, rule->to) : NONET_VGG_OK;
        if (status)
            return status;
    }
    return NONET_VGG_OK;
}

static const vgg_slim_rule *find_rule(const vgg_slim_rule *rules, int type, uint32_t number)
{
    static const vgg_slim_rule drop = { 0, 0, VGG_SLIM_DROP, 0 };
    if (number >= VGG_SLIM_OWN)
        return &drop;
    while (rules->type >= 0 && (rules->type != type || rules->field != number))
        rules++;
    return rules->type >= 0 ? rules : NULL;
}

static nonet_vgg_status walk(vgg_slim *slim, cursor *in, const vgg_slim_rule *rules, int type);

/* Copies a message in a field; its new length is a varint of always five bytes, filled in when it is known. */
static nonet_vgg_status enter(vgg_slim *slim, const field *f, const vgg_slim_rule *rules, const vgg_slim_rule *rule, cursor *in)
{
    cursor message = { f->data, f->data + f->size };
    size_t tag_size = 0;
    while (f->start[tag_size++] >= 128)
        ;
    nonet_vgg_status status = append(slim, f->start, tag_size);
    if (!status)
        status = append(slim, "\0\0\0\0\0", 5);
    size_t begin = slim->size;
    if (!status)
        status = walk(slim, &message, rules, (int)rule->to);
    if (status) {
        in->at = message.at;
        return status;
    }
    size_t size = slim->size - begin;
    for (int i = 0; i < 5; i++)
        slim->bytes[begin - 5 + i] = (size >> 7 * i & 127) | (i < 4 ? 128 : 0);
    return NONET_VGG_OK;
}

/* On failure in->at is near the fault. */
static nonet_vgg_status walk(vgg_slim *slim, cursor *in, const vgg_slim_rule *rules, int type)
{
    const cursor message = *in;
    while (in->at < in->end) {
        field f;
        if (!read_field(in, &f))
            return NONET_VGG_BAD_FILE;
        const vgg_slim_rule *rule = find_rule(rules, type, f.number);
        nonet_vgg_status status = NONET_VGG_OK;
        if (!rule)
            status = append(slim, f.start, (size_t)(in->at - f.start));
        else if (rule->action == VGG_SLIM_ENTER)
            status = f.wire == WIRE_BYTES ? enter(slim, &f, rules, rule, in) : NONET_VGG_BAD_FILE;
        else if (rule->action == VGG_SLIM_TAKE && f.wire != WIRE_BYTES && f.wire != WIRE_32)
            status = NONET_VGG_BAD_FILE;
        if (status)
            return status;
    }
    return take_payloads(slim, message, rules, type);
}

nonet_vgg_status vgg_slim_make(vgg_slim *slim, const vgg_model *model, const vgg_slim_rule *rules, const char *what,
                               nonet_vgg_error *err)
{
    const uint8_t *file = model->map;
    cursor in = { file, file + model->map_size };
    *slim = (vgg_slim){ .budget = 0 };
    nonet_vgg_status status = walk(slim, &in, rules, 0);
    if (status == NONET_VGG_BAD_FILE)
        return vgg_fail(err, status, "%s: damaged or truncated: no readable %s model at byte %zu of %zu", model->path, what,
                        (size_t)(in.at - file), model->map_size);
    if (status == NONET_VGG_UNSUPPORTED)
        return vgg_fail(err, status, "%s: more than %d MB besides its weights: not a network of this kind", model->path,
                        SLIM_MAX >> 20);
    if (status)
        return vgg_fail(err, status, "%s: not enough memory to read it", model->path);
    return NONET_VGG_OK;
}

/* protobuf-c's structures can be far larger than the bytes that they come from, so its memory has a bound. */
static void *budget_alloc(void *data, size_t size)
{
    vgg_slim *slim = data;
    if (size > slim->budget) {
        slim->budget = 0;
        return NULL;
    }
    slim->budget -= size;
    return malloc(size);
}

static void budget_free(void *data, void *block)
{
    (void)data;
    free(block);
}

nonet_vgg_status vgg_slim_unpack(vgg_slim *slim, const vgg_model *model, const ProtobufCMessageDescriptor *descriptor,
                                 const char *what, ProtobufCMessage **message, nonet_vgg_error *err)
{
    slim->allocator = (ProtobufCAllocator){ budget_alloc, budget_free, slim };
    slim->budget = model->map_size + UNPACK_SLACK;
    *message = protobuf_c_message_unpack(descriptor, &slim->allocator, slim->size, slim->bytes);
    if (!*message && slim->budget == 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: unpacks to far more than its own size: not a network of this kind",
                        model->path);
    if (!*message)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: damaged: its fields are not of the types of %s's", model->path, what);
    return NONET_VGG_OK;
}

void vgg_slim_clear(vgg_slim *slim)
{
    free(slim->bytes);
    free(slim->payloads);
    *slim = (vgg_slim){ .budget = 0 };
}

size_t vgg_slim_bytes(const vgg_slim *slim, uint32_t index)
{
    return index < slim->count ? slim->payloads[index].bytes : (size_t)-1;
}

void vgg_slim_copy(const vgg_slim *slim, uint32_t index, void *dst)
{
    size_t bytes;
    const uint8_t *piece;
    gather(&slim->payloads[index], dst, &bytes, &piece);
}

const float *vgg_slim_floats(const vgg_slim *slim, uint32_t index, vgg_model *model)
{
    const vgg_slim_payload *p = &slim->payloads[index];
    if (p->whole && (uintptr_t)p->whole % _Alignof(float) == 0)
        return (const float *)(const void *)p->whole;
    float *copy = vgg_model_alloc(model, p->bytes);
    if (copy)
        vgg_slim_copy(slim, index, copy);
    return copy;
}
