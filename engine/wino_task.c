/* wino_task.c - what a thread does with a block of tiles, and where in its workspace. */
#include <omp.h>
#include "engine/wino_task.h"

void nonet_wino_bind(nonet_wino_task *t, float *v, float *own)
{
    const nonet_wino_plan *w = &t->plan->wino;
    t->v = v ? v : own;
    t->m = v ? own : own + (size_t)w->points * w->v_xi;
    t->u = t->m + (size_t)w->points * w->m_xi;
    t->tiles = (nonet_tile *)(void *)(t->u + (size_t)w->points * w->u_xi);
}

void nonet_wino_lap(const nonet_wino_task *t, nonet_wino_phase phase)
{
    if (!t->laps)
        return;
    nonet_wino_laps *laps = &t->laps[omp_get_thread_num()];
    double now = laps->now();
    laps->seconds[phase] += now - laps->last;
    laps->last = now;
}

void nonet_wino_multiply_out(const nonet_wino_task *t, int q)
{
    nonet_wino_multiply(t, q);
    nonet_wino_lap(t, NONET_WINO_MULTIPLY);
    nonet_wino_out(t, q);
    nonet_wino_lap(t, NONET_WINO_OUT);
}

void nonet_wino_take_block(nonet_wino_task *t, int block)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = block * w->block, left = w->tiles - first;
    t->block = nonet_tile_block_of(w, first, left < w->block ? left : w->block, t->plan->multiply->mr, t->tiles);
}

/* Whole rows, which stand one behind the other; of several images, those of the first. */
nonet_wino_input nonet_wino_input_of(const nonet_plan *plan, const nonet_view *in, const float *src, int block)
{
    nonet_tile_rows rows = nonet_tile_rows_of(plan, block);
    int end = rows.n_last == rows.n_first ? rows.last + 1 : in->h;
    size_t row = (size_t)in->w * NONET_L;
    if (in->layout != NONET_NCHW16C)
        return (nonet_wino_input){ 0 };
    return (nonet_wino_input){ .at = (uintptr_t)(src + nonet_blocked_at(in, rows.n_first, 0, rows.first)), .cblocks = plan->cb,
                               .floats = (size_t)(end - rows.first) * row, .plane = (size_t)in->h * row };
}
