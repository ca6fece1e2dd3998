/* choose.h - which algorithm computes a problem: by its shape alone, never by the CPU, the threads or the batch. */
#ifndef NONET_ENGINE_CHOOSE_H
#define NONET_ENGINE_CHOOSE_H

#include "nonet.h"

/* The most that a problem may have: of each dimension, of a kernel's side. */
enum { NONET_DIM_MAX = 1 << 20, NONET_SIDE_MAX = 1 << 10 };

/* Of a short tile, in the direction in which it is short (wino_tiles.h). */
enum { NONET_SHORT_POINTS = 4, NONET_SHORT_SIDE = 2 };
/* Whether the last tile that covers n outputs of a line is short: F(4)'s (m is 4), where one or two are left. */
static inline int nonet_ends_short(int n, int m)
{
    return m == 4 && n % m > 0 && n % m <= NONET_SHORT_SIDE;
}

/* What the threads share out. */
typedef enum nonet_split {
    NONET_SPLIT_MODEL = 0,
    NONET_SPLIT_TILES,
    NONET_SPLIT_CHANNELS,       /* output channels; each thread has all of V */
    NONET_SPLIT_SHARED,         /* output channels, with one V for all */
    NONET_SPLIT_COUNT
} nonet_split;

/* How a problem is computed where it is not the model that decides. Zeros leave all to the model. Only algo has a say in bits. */
typedef struct nonet_choice {
    nonet_algo algo;            /* AUTO: the model's */
    nonet_isa isa;              /* AUTO: the plan's; else one below it, whose kernels then serve the plan */
    int block;                  /* Winograd: tiles of a block; 0: the model's */
    nonet_split split;          /* Winograd */
    nonet_weight_form weights;  /* Winograd */
    int rows;                   /* DIRECT: output rows of a strip; 0: the model's */
    int cchunk;                 /* DIRECT: channel blocks of a multiply call; 0: the model's */
    int threads;                /* that run, of those which the plan may use; 0: all */
} nonet_choice;

static inline int nonet_choice_equal(const nonet_choice *a, const nonet_choice *b)
{
    return a->algo == b->algo && a->isa == b->isa && a->block == b->block && a->split == b->split && a->weights == b->weights &&
           a->rows == b->rows && a->cchunk == b->cchunk && a->threads == b->threads;
}

/* "auto", "tiles", "channels" or "shared". */
const char *nonet_split_name(int split);

/* The m of Winograd's F(m x m,3x3); 0 for others. */
int nonet_algo_tile(nonet_algo algo);
/* Multiply-adds of the multiply stage of one image, tile waste included. */
double nonet_algo_macs(const nonet_conv *p, nonet_algo algo, int oh, int ow);
int nonet_algo_applies(const nonet_conv *p, nonet_algo algo);
nonet_algo nonet_algo_choose(const nonet_conv *p, int oh, int ow);
/* Of a Winograd algorithm: never AUTO. */
nonet_weight_form nonet_form_choose(const nonet_conv *p, nonet_algo algo, nonet_isa isa, int oh, int ow);

#endif
