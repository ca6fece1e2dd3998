/* fetch.h - has the pixels that a transform reads or writes a few tiles later fetched into L1: those of its run of tiles; the
 * caller sees to the first of a run. */
#ifndef NONET_TMPL_FETCH_H
#define NONET_TMPL_FETCH_H
#include "arch/vec.h"
#include "kernels/kernels.h"

/* rows x pixels from `at` on, to be read. */
VINLINE void fetch_to_read(const float *at, size_t row, int rows, int pixels)
{
    for (int y = 0; y < rows; y++, at += row)
        for (int x = 0; x < pixels; x++)
            __builtin_prefetch(at + x * NONET_L);
}

/* The same, to be written: a line that another core has comes alone, and need not be asked for twice. */
VINLINE void fetch_to_write(const float *at, size_t row, int rows, int pixels)
{
    for (int y = 0; y < rows; y++, at += row)
        for (int x = 0; x < pixels; x++)
            __builtin_prefetch(at + x * NONET_L, 1);
}

/* What the tile NONET_READ_AHEAD tiles on reads and its left neighbour does not; past the run's last tile, of which `left` are
 * left, pixels of this one, which cost nothing. */
VINLINE const float *next_read(const float *d, int m, int left)
{
    return left > NONET_READ_AHEAD ? d + (NONET_READ_AHEAD * m + 2) * NONET_L : d;
}

/* What the tile NONET_WRITE_AHEAD tiles on writes. */
VINLINE const float *next_write(const float *dst, int side, int left)
{
    return left > NONET_WRITE_AHEAD ? dst + NONET_WRITE_AHEAD * side * NONET_L : dst;
}

#endif
