/* run.h - Winograd transforms of a run of neighbouring tiles. While one is transformed, the pixels that another of the run reads or
 * writes a few tiles later are fetched into L1; the caller sees to the first of a run. */
#ifndef NONET_TMPL_RUN_H
#define NONET_TMPL_RUN_H
#include "arch/vec.h"
#include "kernels/kernels.h"

/* What becomes of a tile's outputs: stored as they are, pooled, or stored past the caches. */
typedef enum out_kind { OUT_PLAIN, OUT_POOL, OUT_STREAM } out_kind;

/* One tile, VL lanes of it; floor: what an output is at least. */
typedef void in_tile(const float *d, size_t d_row, float *v, size_t v_xi);
typedef void out_tile(const float *m, size_t m_xi, vf bias, vf floor, float *dst, size_t dst_row, out_kind kind);

VINLINE void out_pixel(float *at, vf x, out_kind kind)
{
    if (kind == OUT_STREAM)
        vf_stream(at, x);
    else
        vf_store(at, x);
}

/* ---- fetching: rows x pixels from `at` on ---- */

VINLINE void fetch_to_read(const float *at, size_t row, int rows, int pixels)
{
    for (int y = 0; y < rows; y++, at += row)
        for (int x = 0; x < pixels; x++)
            __builtin_prefetch(at + x * NONET_L);
}

/* A line that another core has is had alone then, and need not be asked for twice. */
VINLINE void fetch_to_write(const float *at, size_t row, int rows, int pixels)
{
    for (int y = 0; y < rows; y++, at += row)
        for (int x = 0; x < pixels; x++)
            __builtin_prefetch(at + x * NONET_L, 1);
}

/* What the tile NONET_READ_AHEAD tiles on reads and its left neighbour does not; near the end of the run, of which `left` tiles are
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

/* ---- runs ---- */

VINLINE void in_run(in_tile in, int m, const float *d, size_t d_row, float *v, size_t v_xi, int tiles)
{
    for (int t = 0; t < tiles; t++, d += m * NONET_L, v += NONET_SUM) {
        fetch_to_read(next_read(d, m, tiles - t), d_row, m + 2, m);
        for (int l = 0; l < NONET_L; l += VL)
            in(d + l, d_row, v + l, v_xi);
    }
}

/* side: pixels of a tile's output, after the pool. */
VINLINE void out_tiles(out_tile out, int side, const float *m, size_t m_xi, size_t m_tile, const float *bias, vf floor, float *dst,
                       size_t dst_row, int tiles, out_kind kind)
{
    for (int t = 0; t < tiles; t++, m += m_tile, dst += side * NONET_L) {
        if (kind != OUT_STREAM)
            fetch_to_write(next_write(dst, side, tiles - t), dst_row, side, side);
        for (int l = 0; l < NONET_L; l += VL)
            out(m + l, m_xi, vf_load(bias + l), floor, dst + l, dst_row, kind);
    }
}

/* A floor of -infinity changes nothing: floor > x ? floor : x is the relu of docs/NUMERICS.md with 0, and x itself with that. */
VINLINE void out_run(out_tile out, int side, const float *m, size_t m_xi, size_t m_tile, const float *bias, float *dst,
                     size_t dst_row, int tiles, unsigned flags)
{
    const vf floor = vf_set1(flags & NONET_RELU ? 0.0f : -__builtin_inff());

    if (flags & NONET_POOL)
        out_tiles(out, side / 2, m, m_xi, m_tile, bias, floor, dst, dst_row, tiles, OUT_POOL);
    else if (flags & NONET_STREAM && VL == NONET_L)
        out_tiles(out, side, m, m_xi, m_tile, bias, floor, dst, dst_row, tiles, OUT_STREAM);
    else
        out_tiles(out, side, m, m_xi, m_tile, bias, floor, dst, dst_row, tiles, OUT_PLAIN);
}

#endif
