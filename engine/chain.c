/* chain.c - plans a chain: which convolutions are a pair, what the threads share out, and what may start before what is over.
 *
 * A thread that finds nothing left of a layer goes on to the next one, and waits there for no more than what its block of tiles
 * reads. It writes where the layer before the last was read from, so that one has to be over. Where the threads share a V, it is
 * one V for all layers: such a layer starts when all before it is over, and so does what follows it. */
#include <stdlib.h>
#include "engine/chain.h"

static int follows(const nonet_plan *a, const nonet_plan *b)
{
    return a->p.dst_layout == NONET_NCHW16C && b->p.src_layout == NONET_NCHW16C && a->p.n == b->p.n && a->p.k == b->p.c &&
           a->dh == b->p.h && a->dw == b->p.w && a->threads == b->threads;
}

static int applies(const nonet_chain *chain, const nonet_plan *const *plans, int count)
{
    for (int i = 0; i < count; i++)
        if ((i > 0 && !follows(plans[i - 1], plans[i])) || (plans[i]->nest != NEST_WINOGRAD && !(i == 0 && chain->pair.first)))
            return 0;
    return 1;
}

static int count_stages(const nonet_plan *const *plans, int count)
{
    int stages = 0;
    for (int i = 0; i < count; i++)
        stages += plans[i]->wino.by_channels ? (1 + plans[i]->wino.shares_v) * plans[i]->wino.blocks : 1;
    return stages;
}

static void add_link(nonet_chain *chain, const nonet_plan *plan, const nonet_pair *pair)
{
    int units = pair ? plan->p.n * plan->wino.ty : plan->wino.blocks, parts = pair ? 1 : plan->kq;
    chain->link[chain->links++] = (chain_link){ .plan = plan, .pair = pair, .parts = parts, .marks = chain->marks };
    chain->marks += (size_t)units * (size_t)parts;
}

static void add_stage(nonet_chain *chain, chain_kind kind, int link, int block, int items)
{
    int s = chain->stages++, shared = chain->link[link].plan->wino.shares_v;
    int was_shared = s > 0 && chain->link[chain->stage[s - 1].link].plan->wino.shares_v;
    chain->stage[s] = (chain_stage){ kind, link, block, items, shared || was_shared ? s - 1 : s - 2 };
}

static void add_stages(nonet_chain *chain, int i)
{
    const nonet_plan *plan = chain->link[i].plan;
    const nonet_pair *pair = chain->link[i].pair;
    if (pair)
        add_stage(chain, CHAIN_RUNS, i, 0, plan->p.n * pair->runs);
    else if (!plan->wino.by_channels)
        add_stage(chain, CHAIN_BLOCKS, i, 0, plan->wino.blocks);
    else
        for (int block = 0; block < plan->wino.blocks; block++) {
            if (plan->wino.shares_v)
                add_stage(chain, CHAIN_TRANSFORM, i, block, plan->cb);
            add_stage(chain, CHAIN_MULTIPLY, i, block, plan->kq);
        }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void plan_workspace(nonet_chain *chain)
{
    size_t threads = (size_t)chain->threads, shared = 0;
    for (int i = 0; i < chain->links; i++) {
        const chain_link *link = &chain->link[i];
        if (link->plan->wino.shares_v)
            shared = larger(shared, link->plan->shared_floats + link->plan->thread_floats * threads);
        else
            chain->thread_floats = larger(chain->thread_floats, link->pair ? link->pair->thread_floats : link->plan->thread_floats);
    }
    chain->work_floats = larger(shared, chain->thread_floats * threads);
}

static void fill_plan(nonet_chain *chain, const nonet_plan *const *plans, int count)
{
    int pair = chain->pair.first != NULL;
    chain->threads = plans[0]->threads;
    for (int i = pair; i < count; i++) {
        add_link(chain, plans[i], pair && i == 1 ? &chain->pair : NULL);
        add_stages(chain, chain->links - 1);
    }
    plan_workspace(chain);
}

nonet_status nonet_chain_create(nonet_chain **out, const nonet_plan *const *plans, int count)
{
    if (!out || !plans || count < 1)
        return NONET_BAD_ARGUMENT;
    *out = NULL;
    for (int i = 0; i < count; i++)
        if (!plans[i])
            return NONET_BAD_ARGUMENT;
    nonet_chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return NONET_NO_MEMORY;
    if (count < 2 || !nonet_pair_plan(&chain->pair, plans[0], plans[1]))
        chain->pair.first = NULL;
    nonet_status status = applies(chain, plans, count) ? NONET_OK : NONET_NOT_APPLICABLE;
    if (status == NONET_OK) {
        chain->link = calloc((size_t)count, sizeof *chain->link);
        chain->stage = calloc((size_t)count_stages(plans, count), sizeof *chain->stage);
        status = chain->link && chain->stage ? NONET_OK : NONET_NO_MEMORY;
    }
    if (status != NONET_OK) {
        nonet_chain_destroy(chain);
        return status;
    }
    fill_plan(chain, plans, count);
    *out = chain;
    return NONET_OK;
}

void nonet_chain_destroy(nonet_chain *chain)
{
    if (!chain)
        return;
    free(chain->link);
    free(chain->stage);
    free(chain);
}

size_t nonet_chain_workspace(const nonet_chain *chain)
{
    return nonet_chain_sync_bytes(chain) + chain->work_floats * sizeof(float);
}

int nonet_chain_is_paired(const nonet_chain *chain)
{
    return chain->pair.first != NULL;
}
