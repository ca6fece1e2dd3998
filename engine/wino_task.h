/* wino_task.h - a Winograd plan at work: what its transforms, its multiply and its loop nests share. */
#ifndef NONET_ENGINE_WINO_TASK_H
#define NONET_ENGINE_WINO_TASK_H

#include "engine/view.h"
#include "engine/wino_tiles.h"

enum { NONET_TAPS = 9 };        /* of a 3x3 filter */

/* A thread's, for one block of tiles. */
typedef struct nonet_wino_task {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src;
    float *dst;
    float *v, *m, *u;           /* u: expanded weights */
    nonet_tile *tiles;          /* room for the block's */
    nonet_view in, out;
    nonet_tile_block block;
    nonet_wino_laps *laps;      /* of all threads, or NULL */
} nonet_wino_task;

/* All tiles of the block, channel block cb of the input: V. */
void nonet_wino_in(const nonet_wino_task *t, int cb);
/* M of multiply call q: the results of all tiles. */
void nonet_wino_out(const nonet_wino_task *t, int q);
/* All points of multiply call q. */
void nonet_wino_multiply(const nonet_wino_task *t, int q);

#endif
