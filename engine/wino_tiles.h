/* wino_tiles.h - the tiles of a block in the order in which V and M hold them.
 *
 * F(4x4) covers what is left at the right and lower edge, one or two outputs, with short tiles, which lack the points of b and -b in
 * that direction. Sorted so:   short across | whole | short down | short both ways
 * the tiles that have a point are consecutive, whichever point it is. */
#ifndef NONET_ENGINE_WINO_TILES_H
#define NONET_ENGINE_WINO_TILES_H

#include "engine/plan.h"

enum { NONET_SHORT_POINTS = 4, NONET_SHORT_SIDE = 2 };  /* of a short tile, in the direction in which it is short */

/* Where a tile's output starts, before the pool. */
typedef struct nonet_tile { int n, y, x; } nonet_tile;

typedef struct nonet_tile_block {
    const nonet_wino_plan *wino;
    int first, tiles;           /* of the whole batch, row by row */
    int start[5];               /* slots where each of the four kinds starts, and their end */
    int *tile;                  /* of each slot */
} nonet_tile_block;

/* Slots lo .. hi-1. */
typedef struct nonet_slots { int lo, hi; } nonet_slots;

/* room: for the tiles of a block. */
nonet_tile_block nonet_tile_block_of(const nonet_wino_plan *wino, int block, int *room);
nonet_tile nonet_tile_at(const nonet_wino_plan *wino, int tile);
/* How the tile in a slot is short: NONET_SHORT_W, NONET_SHORT_H, both or 0. */
unsigned nonet_tile_short(const nonet_tile_block *b, int slot);
/* The tiles that have point xi. */
nonet_slots nonet_tiles_with(const nonet_tile_block *b, int xi);

#endif
