/* weights.c - the memory of packed weights: a head that says what they were packed for, the weights, and the bias, in one block
 * that can be stored and mapped again. */
#include <stdlib.h>
#include <string.h>
#include "engine/plan.h"

/* Counted up when the order of packed weights or a filter transform changes. */
enum { PACKED_VERSION = 2 };
#define PACKED_MAGIC "nonet w"      /* 8 bytes with its zero */

/* 64 bytes, so that the weights behind it start at a cache line. */
typedef struct block_head {
    char magic[8];
    uint32_t version, nr;
    nonet_packing packing;
    uint32_t reserved;
    uint64_t bytes;             /* of weights and bias */
} block_head;
_Static_assert(sizeof(nonet_packing) == 9 * sizeof(int32_t) && sizeof(block_head) == NONET_ALIGNMENT,
               "packed weights are stored with this head");
enum { HEAD_FLOATS = sizeof(block_head) / sizeof(float) };

static size_t bias_floats(const nonet_plan *plan)
{
    return (size_t)plan->kb * NONET_L;
}

static block_head head_of(const nonet_plan *plan)
{
    block_head head = {
        .magic = PACKED_MAGIC, .version = PACKED_VERSION, .nr = (uint32_t)plan->nr, .packing = plan->packing,
        .bytes = (plan->weight_floats + bias_floats(plan)) * sizeof(float),
    };
    return head;
}

/* Points w at a block. */
static void set_block(nonet_weights *w, const nonet_plan *plan, const float *block, float *own)
{
    *w = (nonet_weights){
        .packing = plan->packing, .bytes = (plan->weight_floats + bias_floats(plan)) * sizeof(float),
        .bias = block + HEAD_FLOATS + plan->weight_floats, .data = block + HEAD_FLOATS, .block = own,
    };
}

nonet_status nonet_weights_alloc(nonet_weights **out, const nonet_plan *plan)
{
    if (!out || !plan)
        return NONET_BAD_ARGUMENT;
    *out = NULL;
    nonet_weights *w = calloc(1, sizeof *w);
    float *block = w ? nonet_alloc(sizeof(block_head) + (plan->weight_floats + bias_floats(plan)) * sizeof(float)) : NULL;
    if (!block) {
        free(w);
        return NONET_NO_MEMORY;
    }
    block_head head = head_of(plan);
    memcpy(block, &head, sizeof head);
    memset(block + HEAD_FLOATS + plan->weight_floats, 0, bias_floats(plan) * sizeof *block);
    set_block(w, plan, block, block);
    *out = w;
    return NONET_OK;
}

const void *nonet_weights_view(const nonet_weights *weights, size_t *bytes)
{
    *bytes = sizeof(block_head) + weights->bytes;
    return weights->data - HEAD_FLOATS;
}

nonet_status nonet_weights_import(nonet_weights **out, const nonet_plan *plan, const void *block, size_t bytes)
{
    if (!out)
        return NONET_BAD_ARGUMENT;
    *out = NULL;
    if (!plan || !block || (uintptr_t)block % NONET_ALIGNMENT)
        return NONET_BAD_ARGUMENT;
    block_head head = head_of(plan);
    if (bytes != sizeof head + head.bytes || memcmp(block, &head, sizeof head))
        return NONET_MISMATCH;
    nonet_weights *w = calloc(1, sizeof *w);
    if (!w)
        return NONET_NO_MEMORY;
    set_block(w, plan, block, NULL);
    *out = w;
    return NONET_OK;
}

void nonet_weights_destroy(nonet_weights *weights)
{
    if (weights)
        nonet_free(weights->block, sizeof(block_head) + weights->bytes);
    free(weights);
}
