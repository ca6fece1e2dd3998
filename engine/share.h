/* share.h - numbered items shared out to threads, with work stealing. Each thread takes its own, which are neighbours, one by one;
 * then what the others have not begun, from the end at which they will come last. */
#ifndef NONET_ENGINE_SHARE_H
#define NONET_ENGINE_SHARE_H

#include <stdatomic.h>
#include <stdint.h>
#include "kernels/kernels.h"

/* What is left of a thread's items: the first one's number, and in the upper half the end. A line of its own. */
typedef struct nonet_share {
    _Alignas(NONET_ALIGNMENT) _Atomic uint64_t left;
} nonet_share;

static inline void nonet_share_out(nonet_share *shares, int threads, int items)
{
    for (int t = 0; t < threads; t++) {
        uint64_t first = (uint64_t)items * (uint64_t)t / (uint64_t)threads;
        uint64_t end = (uint64_t)items * ((uint64_t)t + 1) / (uint64_t)threads;
        atomic_store_explicit(&shares[t].left, end << 32 | first, memory_order_relaxed);
    }
}

/* One of a share, its first or its last; -1: there is none. */
static inline int nonet_share_take_one(nonet_share *share, int is_first)
{
    uint64_t left = atomic_load_explicit(&share->left, memory_order_relaxed), rest, first, end;
    do {
        first = (uint32_t)left;
        end = left >> 32;
        if (first == end)
            return -1;
        rest = is_first ? end << 32 | (first + 1) : (end - 1) << 32 | first;
    } while (!atomic_compare_exchange_weak_explicit(&share->left, &left, rest, memory_order_relaxed, memory_order_relaxed));
    return (int)(is_first ? first : end - 1);
}

/* meet: threads with odd numbers go down, so that both sides of a border between two threads are done at about the same time; else
 * all go up. */
static inline int nonet_share_goes_up(int thread, int meet)
{
    return !meet || thread % 2 == 0;
}

/* The next item for a thread, -1 when none is left. */
static inline int nonet_share_take(nonet_share *shares, int threads, int thread, int meet)
{
    int item = -1;
    for (int i = 0; item < 0 && i < threads; i++) {
        int from = (thread + i) % threads, goes_up = nonet_share_goes_up(from, meet);
        item = nonet_share_take_one(&shares[from], i == 0 ? goes_up : !goes_up);
    }
    return item;
}

/* What the thread takes next of its own unless another one does so before, -1 for none. */
static inline int nonet_share_peek(nonet_share *shares, int thread, int meet)
{
    uint64_t left = atomic_load_explicit(&shares[thread].left, memory_order_relaxed), first = (uint32_t)left, end = left >> 32;
    return first == end ? -1 : (int)(nonet_share_goes_up(thread, meet) ? first : end - 1);
}

#endif
