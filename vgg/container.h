/* container.h - the records of a .nonet file; docs/FORMAT.md describes them for people.
 *
 * head | layers | tensors | sections | label strings | zeros up to a multiple of 64 | tensor data ... | section data ...
 * All numbers are little endian. The records stand in the file as they stand in memory; their sizes keep every field aligned. */
#ifndef NONET_VGG_CONTAINER_H
#define NONET_VGG_CONTAINER_H

#include "vgg/model.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "containers are mapped as they stand");

#define CONTAINER_MAGIC "NONET\0\r\n"   /* 8 bytes */
enum { CONTAINER_VERSION = 1, CONTAINER_ALIGN = 64, CONTAINER_CHECK_AT = 24 };

/* Bounds of what a file may hold; they keep every sum of sizes far from overflow. */
enum {
    CONTAINER_LAYERS = 4096, CONTAINER_TENSORS = 6 * CONTAINER_LAYERS, CONTAINER_SECTIONS = 4096, CONTAINER_LABELS = 1 << 20,
    CONTAINER_LABEL_BYTES = 1 << 24, CONTAINER_CHANNELS = 1 << 30, CONTAINER_SIDE = 1 << 16
};

typedef struct container_head {
    char magic[8];
    uint32_t version;
    uint32_t head_bytes;        /* from the start of the file to the tensor data: head, tables and labels */
    uint64_t file_bytes;
    uint64_t checksum;          /* of head_bytes bytes, with this field taken as zero */
    uint32_t layers, tensors, sections, labels;     /* counts */
    uint32_t label_bytes;
    uint32_t kind;              /* nonet_vgg_kind */
    uint32_t c, h, w;           /* input; h = w = 0: not fixed */
    float mean[4], std[4];
    uint32_t reserved[7];
} container_head;

enum { ROLE_WEIGHT, ROLE_BIAS, ROLE_GAMMA, ROLE_BETA, ROLE_MEAN, ROLE_VAR, ROLES };

typedef struct container_layer {
    char name[VGG_NAME];
    uint32_t type;              /* vgg_layer_type */
    int32_t k, c, r, s, stride, pad;
    float eps;
    int32_t size;
    float alpha, lrn_beta, lrn_k;
    int32_t ceil, oh, ow;
    uint32_t tensor[ROLES];     /* index into the table of tensors + 1; 0: none */
    uint32_t reserved[3];
} container_layer;

typedef struct container_tensor {
    uint64_t offset;            /* from the start of the file, a multiple of 64 */
    uint64_t numbers;
    uint64_t checksum;          /* of its bytes and the zeros up to the next multiple of 64 */
    uint32_t type;              /* CONTAINER_F32 */
    uint32_t reserved;
} container_tensor;
enum { CONTAINER_F32 = 1 };

/* Besides the tensors. A reader passes over kinds that it does not know. */
typedef struct container_section {
    uint32_t kind;
    uint32_t flags;             /* CONTAINER_NEEDED: a reader that does not know the kind must refuse the file */
    uint64_t offset, bytes;     /* offset: a multiple of 64 */
    uint64_t checksum;
} container_section;
enum { CONTAINER_NEEDED = 1 };
/* Kind: weights packed for one kind of machine, of the layer whose number is in flags from bit 8 on. Page-aligned. */
enum { CONTAINER_PACKED = 1, CONTAINER_LAYER_SHIFT = 8, CONTAINER_PAGE = 4096 };

_Static_assert(sizeof(container_head) == 128 && sizeof(container_layer) == 160 && sizeof(container_tensor) == 32 &&
               sizeof(container_section) == 32, "records are as docs/FORMAT.md has them");
_Static_assert(offsetof(container_head, checksum) == CONTAINER_CHECK_AT, "as docs/FORMAT.md has it");

static inline uint64_t container_round(uint64_t bytes)
{
    return (bytes + CONTAINER_ALIGN - 1) / CONTAINER_ALIGN * CONTAINER_ALIGN;
}

/* The checksum that belongs into a head of head_bytes bytes. */
uint64_t vgg_container_head_checksum(const void *head, size_t head_bytes);
/* Numbers that the tensor of a role must hold in this layer; 0 if the layer has no such tensor, UINT64_MAX if there is no such
 * number of numbers. The layer's dimensions are >= 0. */
uint64_t vgg_container_numbers(const container_layer *layer, int role);
/* 1 if a layer of this type cannot be without it. */
int vgg_container_requires(uint32_t type, int role);
const char *vgg_container_role_name(int role);
/* What is wrong with the input that the head describes, or NULL. */
const char *vgg_container_head_fault(const container_head *head);
/* The sentence for a layer whose numbers are out of range, or NULL. */
const char *vgg_container_layer_fault(const container_layer *layer);

#endif
