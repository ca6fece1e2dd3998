/* wino_tiles.h - the tiles of a block in the order in which V and M hold them.
 *
 * F(4x4) covers what is left at the right and lower edge, one or two outputs, with short tiles, which lack the points of b and -b
 * in that direction. Sorted so:   short across | whole | short down | short both ways
 * the tiles that have a point are consecutive, whichever point it is. */
#ifndef NONET_ENGINE_WINO_TILES_H
#define NONET_ENGINE_WINO_TILES_H

#include "engine/plan.h"

typedef struct nonet_tile {
    int n, y, x;                /* where its output starts, before the pool */
    unsigned is_short;          /* NONET_SHORT_W, NONET_SHORT_H, both or 0 */
} nonet_tile;

/* Consecutive slots that a multiply takes in `groups` calls: of `tiles` tiles each, the last `more` of them one tile more. */
typedef struct nonet_tile_groups {
    int first, groups, tiles, more;
} nonet_tile_groups;

typedef struct nonet_tile_block {
    int side, tiles;            /* points a line of a tile; tiles of this block */
    const nonet_tile *tile;     /* of each slot */
    nonet_tile_groups with[4];  /* those that have a point of each kind: nonet_point_kind */
} nonet_tile_block;

/* `tiles` tiles from number `first` of the batch on. room: for as many; mr: the most that a multiply call takes. */
nonet_tile_block nonet_tile_block_of(const nonet_wino_plan *wino, int first, int tiles, int mr, nonet_tile *room);
/* Points 3 and 4 of a line of F(4) are b and -b, which short tiles lack; no tile of another algorithm is short. */
static inline int nonet_point_kind(int row, int column)
{
    int whole_h = row == 3 || row == 4, whole_w = column == 3 || column == 4;
    return 2 * whole_h + whole_w;
}
/* Whole tiles from this slot on, `most` at most, that stand side by side in an image. */
int nonet_tile_run(const nonet_tile_block *b, int slot, int most, int m);
/* The rows of the input that the tiles of block `block` read: from row first of image n_first to row last of image n_last. */
typedef struct nonet_tile_rows {
    int n_first, first, n_last, last;
} nonet_tile_rows;
nonet_tile_rows nonet_tile_rows_of(const nonet_plan *plan, int block);
/* Multiply calls for all points of a block. */
long nonet_tile_calls(const nonet_tile_block *b);

#endif
