/* wino_multiply.c - the multiply calls of a block, point by point. They fetch what comes after them: the weights, the V of the next
 * point, and in the last calls of a block what the thread will transform next. */
#include "arch/cpu.h"
#include "engine/wino_task.h"

/* What is fetched a share with each call. */
typedef struct ahead {
    uintptr_t u;                /* the weights that the calls to come read */
    int calls, call;            /* for each channel block of the next input, 0 for none; those made */
    size_t step;                /* floats of that for each channel */
} ahead;

/* The next input is shared out to all calls of this loop over the points, as many for each channel block. */
static void share_input(const nonet_wino_task *t, int channels, ahead *f)
{
    f->calls = t->next.cblocks ? (int)(nonet_tile_calls(&t->block) / t->next.cblocks) : 0;
    if (f->calls)
        f->step = (t->next.floats - 1) / ((size_t)f->calls * (size_t)channels) + 1;
}

/* What a call fetches besides U: its share of the next input, or else the V of the next point. */
static nonet_lines also(const nonet_wino_task *t, const nonet_wino_gemm_args *a, ahead *f)
{
    int call = f->call++, cb = f->calls ? call / f->calls : 0;
    if (!f->calls || cb >= t->next.cblocks)
        return (nonet_lines){ (uintptr_t)a->v + t->plan->wino.v_xi * sizeof(float), (size_t)a->tiles, a->v_cblock };
    size_t from = (size_t)cb * t->next.plane + (size_t)(call % f->calls) * (size_t)a->channels * f->step;
    return (nonet_lines){ t->next.at + from * sizeof(float), f->step, NONET_SUM * f->step };
}

/* One point of tiles `with`, channels from c on. */
static void multiply_point(const nonet_wino_task *t, const nonet_tile_groups *with, int xi, int c, nonet_wino_gemm_args *a, ahead *f)
{
    const nonet_wino_plan *w = &t->plan->wino;
    const size_t width = (size_t)(a->kblocks * NONET_L), share = (size_t)a->channels * a->fetch_step * sizeof(float);
    a->m = t->m + (size_t)xi * w->m_xi + (size_t)with->first * width;
    a->v = t->v + (size_t)xi * w->v_xi + (size_t)(c / NONET_SUM) * w->v_cblock + (size_t)with->first * NONET_SUM;
    for (int g = 0; g < with->groups; g++) {
        a->tiles = with->tiles + (g >= with->groups - with->more);
        a->fetch = f->u;
        a->also = also(t, a, f);
        t->plan->multiply->fn.wino_gemm(a);
        a->m += (size_t)a->tiles * width;
        a->v += (size_t)a->tiles * NONET_SUM;
        f->u += share;
    }
}

/* Each point fetches the next one's U, which follows its own; the last of all fetches the first, for the next block. */
static void multiply_packed(const nonet_wino_task *t, int q, nonet_wino_gemm_args *a)
{
    const nonet_plan *plan = t->plan;
    int width = a->kblocks * NONET_L, points = plan->wino.points, side = plan->wino.a, is_last = q == plan->kq - 1;
    size_t channels = (size_t)plan->cb * NONET_L, chunk = channels * (size_t)width;
    const float *u = t->weights->data + (size_t)q * (size_t)points * channels * (size_t)plan->nr;
    ahead f = { 0 };
    a->channels = plan->cb * NONET_L;
    a->fetch_once = nonet_cpu_streams_through_l2();     /* U does, so that V and M stay */
    if (is_last)
        share_input(t, a->channels, &f);
    for (int xi = 0; xi < points; xi++, u += chunk) {
        const nonet_tile_groups *with = &t->block.with[nonet_point_kind(xi / side, xi % side)];
        a->u = u;
        a->fetch_step = with->groups ? (size_t)nonet_ceil_div(width, with->groups) : 0;
        f.u = (uintptr_t)(is_last && xi == points - 1 ? t->weights->data : u + chunk);
        multiply_point(t, with, xi, 0, a, &f);
    }
}

/* `columns` filters of 16 output channels each, g to u; the weights of the next ones are on their way to L1 meanwhile. */
static void expand(const nonet_plan *plan, const float *g, int columns, float *u)
{
    enum { COLUMN = NONET_TAPS * NONET_L, SOON = 2 * COLUMN };
    for (int i = 0; i < columns; i++, g += COLUMN, u += NONET_L) {
        for (int line = 0; line < COLUMN; line += NONET_L)
            __builtin_prefetch((const void *)((uintptr_t)g + (size_t)(SOON + line) * sizeof *g));
        plan->filter->fn.wino_filter(g, u, plan->wino.u_xi);
    }
}

/* The channels of one sum after another: their U, then all points. Each call fetches its share of the next channels' weights. */
static void multiply_expanded(const nonet_wino_task *t, int q, nonet_wino_gemm_args *a)
{
    const nonet_plan *plan = t->plan;
    int channels = plan->cb * NONET_L, shares = (int)nonet_tile_calls(&t->block), side = plan->wino.a;
    const float *g = t->weights->data + (size_t)q * (size_t)channels * NONET_TAPS * (size_t)plan->nr;
    for (int c = 0; c < channels; c += NONET_SUM) {
        a->channels = channels - c < NONET_SUM ? channels - c : NONET_SUM;
        int columns = a->channels * a->kblocks;
        expand(plan, g, columns, t->u);
        g += (size_t)columns * NONET_TAPS * NONET_L;
        a->fetch_step = (size_t)nonet_ceil_div(columns * NONET_TAPS, shares * a->channels) * NONET_L;
        a->add = c > 0;
        ahead f = { .u = (uintptr_t)g };
        for (int xi = 0; xi < plan->wino.points; xi++) {
            a->u = t->u + (size_t)xi * plan->wino.u_xi;
            multiply_point(t, &t->block.with[nonet_point_kind(xi / side, xi % side)], xi, c, a, &f);
        }
    }
}

void nonet_wino_multiply(const nonet_wino_task *t, int q)
{
    const nonet_plan *plan = t->plan;
    nonet_wino_gemm_args a = { .v_cblock = plan->wino.v_cblock, .kblocks = nonet_kblocks(plan, q) };
    if (plan->packing.expanded)
        multiply_expanded(t, q, &a);
    else
        multiply_packed(t, q, &a);
}
