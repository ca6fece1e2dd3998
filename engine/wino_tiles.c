/* wino_tiles.c - sorts the tiles of a block by how they are short. */
#include "engine/wino_tiles.h"

enum { KINDS = 4 };
static const unsigned kinds[KINDS] = { NONET_SHORT_W, 0, NONET_SHORT_H, NONET_SHORT_H | NONET_SHORT_W };

/* Number `tile` of the batch, row by row. */
static nonet_tile tile_at(const nonet_wino_plan *w, int tile)
{
    int per = w->ty * w->tx, i = tile % per, row = i / w->tx, column = i % w->tx;
    unsigned is_short = (row == w->short_y ? NONET_SHORT_H : 0u) | (column == w->short_x ? NONET_SHORT_W : 0u);
    return (nonet_tile){ tile / per, row * w->m, column * w->m, is_short };
}

static nonet_tile_groups groups_of(int first, int end, int mr)
{
    int tiles = end - first, groups = nonet_ceil_div(tiles, mr);
    return (nonet_tile_groups){ first, groups, groups ? tiles / groups : 0, groups ? tiles % groups : 0 };
}

nonet_tile_block nonet_tile_block_of(const nonet_wino_plan *wino, int first, int tiles, int mr, nonet_tile *room)
{
    int slot = 0;
    int start[KINDS + 1];       /* slots where each kind starts, and their end */
    nonet_tile_block b = { .side = wino->a, .tiles = tiles, .tile = room };
    for (int kind = 0; kind < KINDS; kind++) {
        start[kind] = slot;
        for (int i = first; i < first + b.tiles; i++) {
            nonet_tile tile = tile_at(wino, i);
            if (tile.is_short == kinds[kind])
                room[slot++] = tile;
        }
    }
    start[KINDS] = slot;
    for (int kind = 0; kind < KINDS; kind++) {
        int whole_h = kind / 2, whole_w = kind % 2;
        b.with[kind] = groups_of(start[whole_w ? 1 : 0], start[whole_h ? 2 : whole_w ? 3 : KINDS], mr);
    }
    return b;
}

static int clamp(int x, int most)
{
    return x < 0 ? 0 : x < most ? x : most;
}

nonet_tile_rows nonet_tile_rows_of(const nonet_plan *plan, int block)
{
    const nonet_wino_plan *w = &plan->wino;
    int first = block * w->block, end = first + w->block < w->tiles ? first + w->block : w->tiles, pad = plan->p.pad;
    int top = first / w->tx, bottom = (end - 1) / w->tx, most = plan->p.h - 1;     /* rows of tiles of the batch */
    return (nonet_tile_rows){ .n_first = top / w->ty, .first = clamp(top % w->ty * w->m - pad, most),
                              .n_last = bottom / w->ty, .last = clamp(bottom % w->ty * w->m - pad + w->a - 1, most) };
}

int nonet_tile_run(const nonet_tile_block *b, int slot, int most, int m)
{
    const nonet_tile *first = &b->tile[slot];
    int run = 0;
    while (run < most && slot + run < b->tiles && !first[run].is_short && first[run].n == first->n && first[run].y == first->y &&
           first[run].x == first->x + run * m)
        run++;
    return run;
}

long nonet_tile_calls(const nonet_tile_block *b)
{
    long calls = 0;
    for (int i = 0; i < b->side; i++)
        for (int j = 0; j < b->side; j++)
            calls += b->with[nonet_point_kind(i, j)].groups;
    return calls;
}
