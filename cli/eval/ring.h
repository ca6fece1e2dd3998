/* ring.h - a thread that decodes and prepares pictures while others are computed, a bounded number of them ahead. */
#ifndef NONET_CLI_EVAL_RING_H
#define NONET_CLI_EVAL_RING_H

#include "vgg/dataset.h"

/* One picture on its way. input and picture belong to the ring until the slot is taken, then to the taker until the next take. */
typedef struct eval_slot {
    int64_t index;
    char *fault;                /* NULL, or why the picture could not be read */
    vgg_picture picture;        /* what the function below left in it */
    float *input;               /* the slots of one take lie one after another */
} eval_slot;

/* Runs in the ring's thread: fills slot->picture or slot->input for slot->index. */
typedef nonet_vgg_status (*eval_decode)(void *context, eval_slot *slot, nonet_vgg_error *err);

typedef struct eval_ring eval_ring;
/* batch: slots that one take gives at most; floats: of one input, or 0. NULL when there is no memory or no thread to be had. */
eval_ring *eval_ring_open(int batch, size_t floats, eval_decode decode, void *context);
/* Appends pictures to decode; 0 if there is no memory. */
int eval_ring_add(eval_ring *ring, const int64_t *indices, int count);
/* Pictures added and not taken. */
int64_t eval_ring_waiting(eval_ring *ring);
/* Gives back the slots of the last take, then waits for `batch` pictures, or all that were added if they are fewer (0 of none).
 * *seconds grows by the time waited. */
int eval_ring_take(eval_ring *ring, eval_slot **slots, double *seconds);
void eval_ring_close(eval_ring *ring);

#endif
