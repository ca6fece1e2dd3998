/* sweep_data.c - random numbers, and buffers that lie against unmapped pages. */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cli/sweep.h"

enum { MARGIN = 64 };   /* floats of sentinels on each side */

const uint32_t sweep_nan_bits = 0x7fe0beef;

uint64_t sweep_next(sweep_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int sweep_between(sweep_random *random, int low, int high)
{
    return low + (int)(sweep_next(random) % (uint64_t)(high - low + 1));
}

float sweep_uniform(sweep_random *random)
{
    return (float)(int64_t)((sweep_next(random) >> 40) - 0x800000) * 0x1p-23f;
}

static float one_value(sweep_random *random, sweep_data data)
{
    float u = sweep_uniform(random);

    switch (data) {
    case SWEEP_RELU:
        return u < 0 ? 0 : u;
    case SWEEP_WIDE:
        return ldexpf(u, sweep_between(random, -12, 12));
    case SWEEP_INTEGERS:
        return (float)sweep_between(random, -3, 3);
    case SWEEP_TINY:
        return u < -0.5f ? u : u < 0 ? -0.0f : u < 0.5f ? u * 0x1p-126f : 0;
    case SWEEP_IMPULSE:
        return 0;
    default:
        return u;
    }
}

void sweep_fill(sweep_random *random, float *x, size_t floats, sweep_data data)
{
    for (size_t i = 0; i < floats; i++)
        x[i] = one_value(random, data);
    if (data == SWEEP_IMPULSE && floats)
        x[sweep_next(random) % floats] = 1;
}

static void fill_bits(float *from, float *to)
{
    while (from < to)
        memcpy(from++, &sweep_nan_bits, sizeof *from);
}

static int are_bits(const float *from, const float *to)
{
    for (; from < to; from++)
        if (memcmp(from, &sweep_nan_bits, sizeof *from))
            return 0;
    return 1;
}

/* The mapped floats round the buffer that carry sentinels. */
static void margins(const sweep_slot *slot, float **low, float **high)
{
    float *first = (float *)(slot->map + getpagesize()), *end = (float *)(slot->map + getpagesize() + slot->bytes);

    *low = slot->data - first > MARGIN ? slot->data - MARGIN : first;
    *high = end - (slot->data + slot->floats) > MARGIN ? slot->data + slot->floats + MARGIN : end;
}

static int map_slot(sweep_slot *slot, size_t bytes)
{
    size_t page = (size_t)getpagesize(), size = (bytes + page - 1) / page * page * 2;
    char *map = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    sweep_slot_free(slot);
    if (map == MAP_FAILED)
        return 0;
    if (mprotect(map + page, size, PROT_READ | PROT_WRITE)) {
        munmap(map, size + 2 * page);
        return 0;
    }
    slot->map = map;
    slot->bytes = size;
    return 1;
}

float *sweep_place(sweep_slot *slot, size_t floats, sweep_side side, int askew)
{
    size_t room = (floats + 2 * MARGIN) * sizeof(float), page = (size_t)getpagesize();
    float *low, *high;

    if (slot->bytes < room && !map_slot(slot, room))
        return NULL;
    slot->floats = floats;
    slot->data = (float *)(slot->map + page);
    if (side == SWEEP_END)
        slot->data = (float *)(slot->map + page + slot->bytes) - floats;
    else if (side == SWEEP_ASKEW)
        slot->data += MARGIN + (askew & 15);
    margins(slot, &low, &high);
    fill_bits(low, high);
    return slot->data;
}

int sweep_unharmed(const sweep_slot *slot)
{
    float *low, *high;

    margins(slot, &low, &high);
    return are_bits(low, slot->data) && are_bits(slot->data + slot->floats, high);
}

void sweep_slot_free(sweep_slot *slot)
{
    if (slot->map)
        munmap(slot->map, slot->bytes + 2 * (size_t)getpagesize());
    memset(slot, 0, sizeof *slot);
}

int sweep_same(float a, float b)
{
    return !memcmp(&a, &b, sizeof a) || (isnan(a) && isnan(b));
}
