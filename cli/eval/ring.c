/* ring.c - see ring.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "bench/timer.h"
#include "cli/eval/ring.h"

enum { BATCHES = 3 };           /* one is computed, one is ready, one is being decoded */

struct eval_ring {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t decoded, room;
    eval_decode decode;
    void *context;
    int batch, slots, held;     /* held: slots of the last take */
    int stopped;
    int64_t *queue, added, space;       /* all the pictures that were ever added */
    int64_t done, taken;        /* decoded and taken of them; picture i has slot i % slots */
    eval_slot *slot;
    float *inputs;
};

static void clear_slot(eval_slot *slot)
{
    free(slot->fault);
    slot->fault = NULL;
    vgg_picture_clear(&slot->picture);
}

static void decode_one(eval_ring *ring, eval_slot *slot)
{
    nonet_vgg_error err = {""};
    if (ring->decode(ring->context, slot, &err) != NONET_VGG_OK) {
        slot->fault = strdup(err.text);
        vgg_picture_clear(&slot->picture);
    }
}

static void *decoder(void *argument)
{
    eval_ring *ring = argument;
    pthread_mutex_lock(&ring->lock);
    while (!ring->stopped) {
        if (ring->done == ring->added || ring->done == ring->taken - ring->held + ring->slots) {
            pthread_cond_wait(&ring->room, &ring->lock);
            continue;
        }
        eval_slot *slot = &ring->slot[ring->done % ring->slots];
        slot->index = ring->queue[ring->done];
        pthread_mutex_unlock(&ring->lock);
        decode_one(ring, slot);
        pthread_mutex_lock(&ring->lock);
        ring->done++;
        pthread_cond_signal(&ring->decoded);
    }
    pthread_mutex_unlock(&ring->lock);
    return NULL;
}

static void free_ring(eval_ring *ring)
{
    for (int i = 0; ring->slot && i < ring->slots; i++)
        clear_slot(&ring->slot[i]);
    free(ring->slot);
    free(ring->inputs);
    free(ring->queue);
    pthread_cond_destroy(&ring->decoded);
    pthread_cond_destroy(&ring->room);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

eval_ring *eval_ring_open(int batch, size_t floats, eval_decode decode, void *context)
{
    eval_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return NULL;
    *ring = (eval_ring){.decode = decode, .context = context, .batch = batch, .slots = BATCHES * batch};
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->decoded, NULL);
    pthread_cond_init(&ring->room, NULL);
    ring->slot = calloc((size_t)ring->slots, sizeof *ring->slot);
    ring->inputs = floats ? calloc((size_t)ring->slots, floats * sizeof(float)) : NULL;
    for (int i = 0; ring->slot && ring->inputs && i < ring->slots; i++)
        ring->slot[i].input = ring->inputs + (size_t)i * floats;
    if (!ring->slot || (floats && !ring->inputs) || pthread_create(&ring->thread, NULL, decoder, ring)) {
        free_ring(ring);
        return NULL;
    }
    return ring;
}

int eval_ring_add(eval_ring *ring, const int64_t *indices, int count)
{
    pthread_mutex_lock(&ring->lock);
    if (ring->added + count > ring->space) {
        int64_t space = 2 * (ring->added + count);
        int64_t *queue = realloc(ring->queue, (size_t)space * sizeof *queue);
        if (!queue) {
            pthread_mutex_unlock(&ring->lock);
            return 0;
        }
        ring->queue = queue;
        ring->space = space;
    }
    memcpy(ring->queue + ring->added, indices, (size_t)count * sizeof *indices);
    ring->added += count;
    pthread_cond_signal(&ring->room);
    pthread_mutex_unlock(&ring->lock);
    return 1;
}

int64_t eval_ring_waiting(eval_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    int64_t waiting = ring->added - ring->taken;
    pthread_mutex_unlock(&ring->lock);
    return waiting;
}

/* How many the next take gives. A take never runs past the ring's end, so that its inputs lie together: takes are as large as
 * the batch except where the pictures run out, after which they go on at the next multiple of the batch or before. */
static int next_take(const eval_ring *ring)
{
    int64_t left = ring->added - ring->taken;
    int to_border = ring->batch - (int)(ring->taken % ring->batch);
    return left < to_border ? (int)left : to_border;
}

int eval_ring_take(eval_ring *ring, eval_slot **slots, double *seconds)
{
    pthread_mutex_lock(&ring->lock);
    for (int64_t i = ring->taken - ring->held; i < ring->taken; i++)
        clear_slot(&ring->slot[i % ring->slots]);
    ring->held = 0;
    pthread_cond_signal(&ring->room);
    int count = next_take(ring);
    double start = bench_now();
    while (ring->done < ring->taken + count)
        pthread_cond_wait(&ring->decoded, &ring->lock);
    *seconds += bench_now() - start;
    *slots = &ring->slot[ring->taken % ring->slots];
    ring->taken += count;
    ring->held = count;
    pthread_mutex_unlock(&ring->lock);
    return count;
}

void eval_ring_close(eval_ring *ring)
{
    if (!ring)
        return;
    pthread_mutex_lock(&ring->lock);
    ring->stopped = 1;
    pthread_cond_signal(&ring->room);
    pthread_mutex_unlock(&ring->lock);
    pthread_join(ring->thread, NULL);
    free_ring(ring);
}
