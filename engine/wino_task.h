/* wino_task.h - a Winograd plan at work: what its transforms, its multiply and its loop nests (pair.c, chain_run.c) share. */
#ifndef NONET_ENGINE_WINO_TASK_H
#define NONET_ENGINE_WINO_TASK_H

#include "engine/view.h"
#include "engine/wino_tiles.h"

/* What a block of tiles reads of a blocked map: a piece of each channel block. Of another one, no channel blocks. */
typedef struct nonet_wino_input {
    uintptr_t at;               /* the first piece */
    size_t floats, plane;       /* of a piece; from one to the next */
    int cblocks;
} nonet_wino_input;

/* A thread's, for one block of tiles. */
typedef struct nonet_wino_task {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src;
    float *dst;
    float *v, *m, *u;           /* u: expanded weights */
    nonet_tile *tiles;          /* room for the block's */
    nonet_view in, out;         /* in: of src, which is the map or a window that moves over it, padding and all */
    nonet_tile origin;          /* where in the map src starts */
    nonet_tile_block block;
    nonet_wino_input next;      /* what the thread will read after this block, as far as it is known */
    nonet_wino_laps *laps;      /* of all threads, or NULL */
} nonet_wino_task;

/* The parts of a thread's workspace, which starts at own; v: the V that the threads share, or NULL. */
void nonet_wino_bind(nonet_wino_task *t, float *v, float *own);
/* Sets the tiles of block `block`. */
void nonet_wino_take_block(nonet_wino_task *t, int block);
/* What block `block` of a plan reads of its input src. */
nonet_wino_input nonet_wino_input_of(const nonet_plan *plan, const nonet_view *in, const float *src, int block);
/* All tiles of the block, channel block cb of the input: V. */
void nonet_wino_in(const nonet_wino_task *t, int cb);
/* M of multiply call q: the results of all tiles. */
void nonet_wino_out(const nonet_wino_task *t, int q);
/* All points of multiply call q. */
void nonet_wino_multiply(const nonet_wino_task *t, int q);
/* Both. */
void nonet_wino_multiply_out(const nonet_wino_task *t, int q);

/* The time since the last lap belongs to this phase, if anyone measures. */
void nonet_wino_lap(const nonet_wino_task *t, nonet_wino_phase phase);

#endif
