/* predict.c - a model of work and traffic. It ranks the ways to compute one problem well enough to know which of them are worth
 * measuring, and is not meant for more: what it leaves out (latencies, cache sets, prefetching) is what is measured for. */
#include "autotune/predict.h"
#include <math.h>
#include "engine/plan.h"

/* Of what a call of the multiply kernel with few rows loses: the part of its time that does not depend on the rows. */
#define CALL_SHARE 0.5
/* Vector operations a point, tile and channel of a transform; a point of a filter. */
#define TRANSFORM_OPS 5.0
#define FILTER_OPS 2.0
/* Multiply-adds in whose time a float is copied. */
#define COPY_OPS 4.0
/* Of the smaller of arithmetic and traffic, that which does not hide behind the larger. */
#define EXPOSED 0.25
/* Seconds to start a team and to wait for its last thread. */
#define TEAM_SECONDS 4e-6

/* What rows cost that are spread over calls of at most mr rows, in rows of full calls. */
static double cost_of_rows(int rows, int mr)
{
    return (1 - CALL_SHARE) * rows + CALL_SHARE * nonet_ceil_div(rows, mr) * mr;
}

/* The part of the busiest thread, times threads, of `parts` equal parts. */
static double imbalance(int parts, int threads)
{
    return (double)nonet_ceil_div(parts, threads) * threads / parts;
}

static double map_bytes(const nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    return (double)sizeof(float) * (double)(nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w) +
                                            nonet_tensor_floats(p->dst_layout, p->n, p->k, plan->dh, plan->dw));
}

/* Bytes that are read `passes` times: from memory each time, or the first time only if the cache keeps them. */
static void add_passes(const tune_machine *m, double bytes, double passes, tune_guess *g)
{
    int kept = bytes < 0.75 * (double)m->last_cache;
    g->memory += bytes * (kept ? 1 : passes);
    g->cache += kept && bytes > (double)m->core_cache / 2 ? bytes * (passes - 1) : 0;
}

static void predict_winograd(const nonet_plan *plan, const tune_machine *m, tune_guess *g)
{
    const nonet_wino_plan *w = &plan->wino;
    double c = plan->cb * NONET_L, k = plan->kb * NONET_L, tiles = w->tiles, points = w->points;
    double uneven = w->by_channels ? imbalance(plan->kq, plan->threads) : imbalance(w->blocks, plan->threads);
    double v = (double)w->points * (double)w->v_xi * sizeof(float), floats = (double)plan->weight_floats;
    int mr = plan->multiply->mr, last = w->tiles - (w->blocks - 1) * w->block;
    double rows = (w->blocks - 1) * cost_of_rows(w->block, mr) + cost_of_rows(last, mr);
    g->macs = rows * points * c * k * uneven;
    double transformed = (c + k) * uneven;
    if (w->by_channels)
        transformed = w->shares_v ? c + k : c * plan->threads + k;
    g->transforms = tiles * points * TRANSFORM_OPS * transformed;
    if (plan->packing.expanded)
        g->transforms += w->blocks * points * FILTER_OPS * c * k * uneven;
    /* Threads with blocks of their own run through the weights together; the last cache serves all but the first. */
    double rounds = w->by_channels ? w->blocks : nonet_ceil_div(w->blocks, plan->threads);
    add_passes(m, floats * sizeof(float), rounds, g);
    double held = v + (double)w->points * (double)(w->m_xi + w->u_xi) * sizeof(float);
    if (held > 0.9 * (double)m->core_cache || w->shares_v)          /* V comes anew for each call */
        g->cache += v * plan->kq * w->blocks * fmin(1, held / (double)m->core_cache);
}

static void predict_strips(const nonet_plan *plan, const tune_machine *m, tune_guess *g)
{
    const nonet_strip_plan *s = &plan->strip;
    int tasks = plan->p.n * s->count * s->ksplit, runs = nonet_ceil_div(plan->ow, plan->multiply->mr);
    double inputs = plan->nest == NEST_IC ? plan->taps : (double)plan->cb * NONET_L * plan->taps;
    double pixels = (double)plan->p.n * s->count * s->rows * plan->ow, k = plan->kb * NONET_L;
    int mr = plan->multiply->mr, run = nonet_ceil_div(plan->ow, runs);
    g->macs = pixels * inputs * k * cost_of_rows(run, mr) / run * imbalance(tasks, plan->threads);
    /* A strip is copied, rows at its edges twice; results between calls are written and read. */
    double copied = (double)tasks * s->in_rows * s->in_w * (plan->nest == NEST_IC ? plan->p.c : plan->cb * NONET_L);
    double between = pixels * k * 2 * (nonet_ceil_div(plan->cb, s->cchunk) - 1);
    g->transforms = COPY_OPS * (copied + between);
    add_passes(m, (double)plan->weight_floats * sizeof(float), (double)plan->p.n * nonet_ceil_div(s->count, plan->threads), g);
    double chunk = (double)s->cchunk * NONET_L * plan->taps * plan->nr * sizeof(float);
    if (chunk > 0.7 * (double)m->core_cache)    /* a call's weights come anew for each band */
        g->cache += (double)plan->weight_floats * sizeof(float) * plan->p.n * s->count * (s->rows / (double)s->band);
}

void tune_predict(const nonet_plan *plan, const tune_machine *m, tune_guess *g)
{
    *g = (tune_guess){.macs = (double)plan->p.n * plan->kb * plan->cb * NONET_L * NONET_L * plan->taps *
                              imbalance(plan->kq, plan->threads)};
    if (plan->nest == NEST_WINOGRAD)
        predict_winograd(plan, m, g);
    else if (plan->nest == NEST_DIRECT || plan->nest == NEST_IC)
        predict_strips(plan, m, g);
    else
        g->memory = (double)plan->weight_floats * sizeof(float);
    double maps = map_bytes(plan), peak = m->macs[plan->isa] > 0 ? m->macs[plan->isa] : m->macs[NONET_ISA_C];
    if (maps > (double)m->last_cache)
        g->memory += maps;
    else
        g->cache += maps;
    double share = (double)plan->threads / m->threads;
    double arithmetic = peak > 0 ? (g->macs + g->transforms) / (peak * share) : 0;
    double traffic = g->memory / m->memory + g->cache / (m->cache * share);
    g->seconds = fmax(arithmetic, traffic) + EXPOSED * fmin(arithmetic, traffic) + (plan->threads > 1 ? TEAM_SECONDS : 0);
}
