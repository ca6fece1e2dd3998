/* pair.c - a first layer and the Winograd layer behind it in one pass. Rows of the map between them are computed into a window, as
 * high as two rows of tiles, just before a row of tiles is transformed out of it; then the window moves down, and keeps the rows
 * that two rows of tiles share. The threads take runs of tile rows, each with a window of its own.
 *
 *   window [C/16][rows][pixels across, padding and all][16] */
#include <omp.h>
#include <string.h>
#include "engine/pair.h"

enum {
    WINDOW_BYTES = 1 << 20,     /* at most: it wants to stay in L2 */
    THREAD_BYTES = 2 << 20,     /* at most, of a thread's workspace in all: as for a plan */
    SLOTS = 2,                  /* rows of tiles in a window: when the last one is done, the rows that it shares are copied */
    ACROSS = 14,                /* tiles at least: fewer make blocks too small to share the weights */
    RUNS = 4                    /* a thread, where there are several: each run computes anew the rows that it shares with another */
};

static int joins(const nonet_plan *a, const nonet_plan *b)
{
    return a->nest == NEST_IC && a->p.stride == 1 && !a->p.pool && a->p.dst_layout == NONET_NCHW16C && b->nest == NEST_WINOGRAD &&
           b->p.src_layout == NONET_NCHW16C && a->p.n == b->p.n && a->p.k == b->p.c && a->oh == b->p.h && a->ow == b->p.w;
}

static void fill_plan(nonet_pair *pair)
{
    const nonet_plan *second = pair->second;
    const nonet_wino_plan *w = &second->wino;
    int tiles = (w->tx - 1) * w->m + w->a, map = second->p.pad + second->p.w;   /* a pool may leave a column of the map unused */
    pair->window = (nonet_view){ NONET_NCHW16C, second->p.c, (SLOTS - 1) * w->m + w->a, tiles > map ? tiles : map };
    pair->window_floats = (size_t)second->cb * (size_t)pair->window.h * (size_t)pair->window.w * NONET_L;
    int runs = second->threads > 1 ? nonet_ceil_div(RUNS * second->threads, second->p.n) : 1;
    pair->rows = nonet_ceil_div(w->ty, runs);
    pair->runs = nonet_ceil_div(w->ty, pair->rows);
    pair->block = nonet_ceil_div(w->tx, nonet_ceil_div(w->tx, w->block));
    pair->thread_floats = pair->window_floats + pair->first->thread_floats + second->thread_floats;
}

int nonet_pair_plan(nonet_pair *pair, const nonet_plan *first, const nonet_plan *second)
{
    *pair = (nonet_pair){ .first = first, .second = second };
    if (!joins(first, second) || second->wino.by_channels || second->wino.tx < ACROSS)
        return 0;
    fill_plan(pair);
    return pair->window_floats * sizeof(float) <= WINDOW_BYTES && pair->thread_floats * sizeof(float) <= THREAD_BYTES;
}

/* The rows that the last row of tiles in the window shares with the next one, which will be the first. */
static void keep_rows(const nonet_pair_task *t)
{
    const nonet_view *v = &t->pair->window;
    const nonet_wino_plan *w = &t->pair->second->wino;
    int kept = w->a - w->m;
    size_t row = (size_t)v->w * NONET_L;
    for (int cb = 0; cb < t->pair->second->cb; cb++) {
        float *to = t->window + nonet_blocked_at(v, 0, cb, 0);
        memcpy(to, to + (size_t)(v->h - kept) * row, (size_t)kept * row * sizeof *to);
    }
}

/* Zeros in all pixels left and right of the map; what computes rows does not touch them. */
static void clear_sides(const nonet_pair_task *t)
{
    const nonet_view *v = &t->pair->window;
    int left = t->pair->second->p.pad, right = left + t->pair->first->ow;
    float *row = t->window;
    for (int i = 0; i < t->pair->second->cb * v->h; i++, row += (size_t)v->w * NONET_L) {
        memset(row, 0, (size_t)left * NONET_L * sizeof *row);
        memset(row + (size_t)right * NONET_L, 0, (size_t)(v->w - right) * NONET_L * sizeof *row);
    }
}

/* Zeros in rows [from, to) of the window: above the map, or below it. */
static void clear_rows(const nonet_pair_task *t, int from, int to)
{
    const nonet_view *v = &t->pair->window;
    for (int cb = 0; from < to && cb < t->pair->second->cb; cb++)
        memset(t->window + nonet_blocked_at(v, 0, cb, from), 0, (size_t)(to - from) * (size_t)v->w * NONET_L * sizeof(float));
}

/* Rows [from, to) of the window. */
static void compute_rows(const nonet_pair_task *t, int from, int to)
{
    const nonet_plan *first = t->pair->first;
    const nonet_view *v = &t->pair->window;
    int top = t->second.origin.y, left = -t->second.origin.x;
    int y0 = top + from > 0 ? top + from : 0, y1 = top + to < first->oh ? top + to : first->oh;
    nonet_rows rows = {
        .n = t->second.origin.n, .y0 = y0, .y1 = y1, .row = (size_t)v->w * NONET_L,
        .kblock = (size_t)v->h * (size_t)v->w * NONET_L,
        .out = t->window + nonet_blocked_at(v, 0, 0, y0 - top) + (size_t)left * NONET_L,
    };
    clear_rows(t, from, y0 - top);
    nonet_direct_rows(first, t->weights, t->src, &rows, t->strip);
    clear_rows(t, y1 - top > from ? y1 - top : from, to);
}

/* What row `row` of tiles reads, `slot` tiles down in the window. The first row of a run has all of it computed, the others what
 * they do not share. */
static void fill_window(nonet_pair_task *t, int n, int row, int slot, int is_first)
{
    const nonet_plan *second = t->pair->second;
    const nonet_wino_plan *w = &second->wino;
    t->second.origin = (nonet_tile){ .n = n, .y = (row - slot) * w->m - second->p.pad, .x = -second->p.pad };
    if (is_first)
        clear_sides(t);
    else if (slot == 0)
        keep_rows(t);
    compute_rows(t, slot * w->m + (is_first ? 0 : w->a - w->m), slot * w->m + w->a);
}

/* The second convolution of a row of tiles. */
static void convolve_row(nonet_pair_task *t, int n, int row)
{
    const nonet_pair *pair = t->pair;
    const nonet_wino_plan *w = &pair->second->wino;
    nonet_wino_task *second = &t->second;
    for (int x = 0; x < w->tx; x += pair->block) {
        int tiles = w->tx - x < pair->block ? w->tx - x : pair->block;
        second->block = nonet_tile_block_of(w, (n * w->ty + row) * w->tx + x, tiles, pair->second->multiply->mr, second->tiles);
        for (int cb = 0; cb < second->plan->cb; cb++)
            nonet_wino_in(second, cb);
        for (int q = 0; q < second->plan->kq; q++)
            nonet_wino_multiply_out(second, q);
    }
}

void nonet_pair_row(nonet_pair_task *t, int n, int row, int from)
{
    double start = t->timed ? omp_get_wtime() : 0;
    fill_window(t, n, row, (row - from) % SLOTS, row == from);
    t->first_seconds += t->timed ? omp_get_wtime() - start : 0;
    convolve_row(t, n, row);
}

void nonet_pair_bind(nonet_pair_task *t, float *work)
{
    t->window = work;
    t->strip = work + t->pair->window_floats;
    t->second.in = t->pair->window;
    t->second.src = t->window;
    nonet_wino_bind(&t->second, NULL, t->strip + t->pair->first->thread_floats);
}
