/* pair.h - a first layer and the Winograd layer behind it in one pass, tile row by tile row. */
#ifndef NONET_ENGINE_PAIR_H
#define NONET_ENGINE_PAIR_H

#include "engine/wino_task.h"

typedef struct nonet_pair {
    const nonet_plan *first, *second;
    nonet_view window;
    int runs, rows;             /* of an image; tile rows of each */
    int block;                  /* tiles; blocks never go past a row of tiles */
    size_t window_floats, thread_floats;
} nonet_pair;

/* A thread at work. */
typedef struct nonet_pair_task {
    const nonet_pair *pair;
    const nonet_weights *weights;   /* the first one's */
    const float *src;
    float *window, *strip;
    nonet_wino_task second;
    int timed;
    double first_seconds;       /* in the first convolution */
} nonet_pair_task;

/* 1 if the two run in one pass: they join, and it is the better way. */
int nonet_pair_plan(nonet_pair *pair, const nonet_plan *first, const nonet_plan *second);
/* A thread's task: pair, weights, src, and of second plan, weights and dst are set; work: thread_floats of it. */
void nonet_pair_bind(nonet_pair_task *t, float *work);
/* Row `row` of tiles of image n, of a run that starts with row `from`; the rows of a run one after the other. */
void nonet_pair_row(nonet_pair_task *t, int n, int row, int from);

#endif
