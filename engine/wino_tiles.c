/* wino_tiles.c - sorts the tiles of a block by how they are short. */
#include "engine/wino_tiles.h"

enum { KINDS = 4 };
static const unsigned kinds[KINDS] = { NONET_SHORT_W, 0, NONET_SHORT_H, NONET_SHORT_H | NONET_SHORT_W };

static unsigned short_of(const nonet_wino_plan *w, int tile)
{
    int i = tile % (w->ty * w->tx);
    return (i / w->tx == w->short_y ? NONET_SHORT_H : 0u) | (i % w->tx == w->short_x ? NONET_SHORT_W : 0u);
}

nonet_tile_block nonet_tile_block_of(const nonet_wino_plan *wino, int block, int *room)
{
    int first = block * wino->block, left = wino->tiles - first, slot = 0;
    nonet_tile_block b = { .wino = wino, .first = first, .tiles = left < wino->block ? left : wino->block, .tile = room };
    for (int kind = 0; kind < KINDS; kind++) {
        b.start[kind] = slot;
        for (int i = first; i < first + b.tiles; i++)
            if (short_of(wino, i) == kinds[kind])
                room[slot++] = i;
    }
    b.start[KINDS] = slot;
    return b;
}

nonet_tile nonet_tile_at(const nonet_wino_plan *wino, int tile)
{
    int per = wino->ty * wino->tx, i = tile % per;
    return (nonet_tile){ tile / per, i / wino->tx * wino->m, i % wino->tx * wino->m };
}

unsigned nonet_tile_short(const nonet_tile_block *b, int slot)
{
    int kind = 0;
    while (slot >= b->start[kind + 1])
        kind++;
    return kinds[kind];
}

/* Points 3 and 4 of a line of F(4) are b and -b. No tile of another algorithm is short: all have every point. */
nonet_slots nonet_tiles_with(const nonet_tile_block *b, int xi)
{
    int i = xi / b->wino->a, j = xi % b->wino->a, whole_h = i == 3 || i == 4, whole_w = j == 3 || j == 4;
    return (nonet_slots){ b->start[whole_w ? 1 : 0], b->start[whole_h ? 2 : whole_w ? 3 : KINDS] };
}
