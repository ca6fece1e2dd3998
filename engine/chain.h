/* chain.h - what a chain of convolutions is inside. */
#ifndef NONET_ENGINE_CHAIN_H
#define NONET_ENGINE_CHAIN_H

#include <stdatomic.h>
#include "engine/pair.h"
#include "engine/share.h"

/* A Winograd convolution; with `pair`, one that the direct convolution before it runs inside of. Progress is marked by units, blocks
 * of tiles (of a pair: rows of tiles), and in each by parts, the multiply calls (of a pair: one part). */
typedef struct chain_link {
    const nonet_plan *plan;
    const nonet_pair *pair;     /* or NULL */
    int parts;
    size_t marks;               /* those of earlier links, which stand before this one's */
} chain_link;

typedef enum chain_kind { CHAIN_RUNS, CHAIN_BLOCKS, CHAIN_TRANSFORM, CHAIN_MULTIPLY } chain_kind;

/* Work that is shared out to the threads: runs of a pair, blocks of tiles, or the multiply calls of one block, after the channel
 * blocks to transform where the threads share its V. */
typedef struct chain_stage {
    chain_kind kind;
    int link, block, items;
    int after;                  /* the last stage that is over before this one starts, -1 for none */
} chain_stage;

/* Items of a stage that are not done. */
typedef struct chain_counter {
    _Alignas(NONET_ALIGNMENT) _Atomic int left;
} chain_counter;

typedef _Atomic unsigned char chain_mark;   /* 1: this part of a unit stands in memory */

struct nonet_chain {
    nonet_pair pair;            /* of the first two, if the first link is one */
    int links, stages, threads;
    chain_link *link;
    chain_stage *stage;
    size_t marks;
    size_t thread_floats;       /* of a thread's workspace where it has V to itself */
    size_t work_floats;         /* of all threads' */
};

/* ---- the workspace: shares [stage][thread], counters [stage], marks [link][unit][part], work ---- */

static inline size_t nonet_chain_shares(const nonet_chain *chain)
{
    return (size_t)chain->stages * (size_t)chain->threads;
}

/* Bytes of what the threads tell each other. */
static inline size_t nonet_chain_sync_bytes(const nonet_chain *chain)
{
    size_t bytes = nonet_chain_shares(chain) * sizeof(nonet_share) + (size_t)chain->stages * sizeof(chain_counter) + chain->marks;
    return (bytes + NONET_ALIGNMENT - 1) / NONET_ALIGNMENT * NONET_ALIGNMENT;
}

#endif
