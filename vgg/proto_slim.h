/* proto_slim.h - protobuf messages without their big payloads.
 *
 * protobuf-c copies every byte of a message into memory of its own: half a gigabyte for a VGG. So the mapped file is walked
 * first, and a slim copy is made in which each payload is replaced by an index; protobuf-c unpacks the slim copy, and the floats
 * stay where they are in the mapping (or are copied once, into the model, where they are not aligned or come in pieces). */
#ifndef NONET_VGG_PROTO_SLIM_H
#define NONET_VGG_PROTO_SLIM_H

#include <protobuf-c/protobuf-c.h>
#include "vgg/model.h"

/* What happens to one field of one type of message; fields without a rule are copied. Message types are numbered by the caller,
 * 0 is the whole file; a type may not contain itself. */
typedef struct vgg_slim_rule {
    int type;                   /* -1 ends a table */
    uint32_t field;
    enum { VGG_SLIM_ENTER, VGG_SLIM_TAKE, VGG_SLIM_DROP } action;
    uint32_t to;                /* ENTER: the type of the message in the field; TAKE: the field that gets the index (fixed32) */
} vgg_slim_rule;

/* Fields with numbers from here on are ours: a file's own are dropped. */
enum { VGG_SLIM_OWN = 50000 };

/* All bytes of one field in one message: packed, single (old files), or both mixed. */
typedef struct vgg_slim_payload {
    const uint8_t *message;     /* the message around it, in the mapping */
    size_t message_size;
    uint32_t field;
    size_t bytes;
    const uint8_t *whole;       /* the bytes where they are one piece, else NULL */
} vgg_slim_payload;

typedef struct vgg_slim {
    uint8_t *bytes;
    size_t size, capacity;
    vgg_slim_payload *payloads;
    uint32_t count, room;
    ProtobufCAllocator allocator;
    size_t budget;              /* bytes that unpacking may still take */
} vgg_slim;

/* Makes the slim copy of the model's mapping. what: "ONNX" or "Caffe", for the sentence. */
nonet_vgg_status vgg_slim_make(vgg_slim *slim, const vgg_model *model, const vgg_slim_rule *rules, const char *what,
                               nonet_vgg_error *err);
/* Unpacks it; protobuf_c_message_free_unpacked(message, &slim->allocator) frees the result, before vgg_slim_clear. */
nonet_vgg_status vgg_slim_unpack(vgg_slim *slim, const vgg_model *model, const ProtobufCMessageDescriptor *descriptor,
                                 const char *what, ProtobufCMessage **message, nonet_vgg_error *err);
void vgg_slim_clear(vgg_slim *slim);

/* Bytes of a payload; (size_t)-1 when there is none with this index. */
size_t vgg_slim_bytes(const vgg_slim *slim, uint32_t index);
/* Copies all bytes of a payload to dst. */
void vgg_slim_copy(const vgg_slim *slim, uint32_t index, void *dst);
/* The payload as floats: in place where it is one aligned piece, else in memory of the model; NULL when there is no memory. */
const float *vgg_slim_floats(const vgg_slim *slim, uint32_t index, vgg_model *model);

#endif
