/* tensors.h - the list of named tensors that the readers of state dicts fill. */
#ifndef NONET_VGG_TENSORS_H
#define NONET_VGG_TENSORS_H

#include "vgg/model.h"

/* Weights are used where they lie in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are little endian");

typedef struct vgg_tensor_list {
    vgg_tensor *items;          /* from malloc */
    int count;
} vgg_tensor_list;

/* Whether inference needs it: BatchNorm's num_batches_tracked, an int64, is the one thing it does not. */
int vgg_tensor_is_used(const char *name);
/* Product of the dimensions; 0 when one is not in 1 .. 2^31-1 or the product passes 2^40. */
uint64_t vgg_tensor_numbers(const vgg_tensor *t);
/* Appends a copy; 0 when there is no memory, or when the list is absurdly long already (4096 tensors; a VGG-19 with BatchNorm has
 * 102, the counters included). */
int vgg_tensor_add(vgg_tensor_list *list, const vgg_tensor *t);

#endif
