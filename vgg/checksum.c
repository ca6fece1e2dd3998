/* checksum.c - see checksum.h. */
#include "vgg/checksum.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are taken from memory as they stand");

enum { LANES = 8, BLOCK = 64 };
static const uint64_t P = 0x9e3779b97f4a7c15, Q = 0x243f6a8885a308d3;

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void vgg_checksum_start(vgg_checksum_state *state)
{
    state->bytes = 0;
    for (int i = 0; i < LANES; i++)
        state->lane[i] = (uint64_t)(i + 1) * P;
}

/* The lanes live in a local array, which compilers keep in registers. */
static void add_blocks(uint64_t *lanes, const unsigned char *at, size_t blocks)
{
    uint64_t lane[LANES], word[LANES];
    memcpy(lane, lanes, sizeof(lane));
    for (; blocks > 0; blocks--, at += BLOCK) {
        memcpy(word, at, BLOCK);
        for (int i = 0; i < LANES; i++)
            lane[i] = rotl(lane[i] + word[i] * Q, 31) * P;
    }
    memcpy(lanes, lane, sizeof(lane));
}

void vgg_checksum_add(vgg_checksum_state *state, const void *bytes, size_t size)
{
    unsigned char tail[BLOCK] = {0};
    size_t rest = size % BLOCK;
    add_blocks(state->lane, bytes, size / BLOCK);
    if (rest) {
        memcpy(tail, (const unsigned char *)bytes + size - rest, rest);
        add_blocks(state->lane, tail, 1);
    }
    state->bytes += size;
}

uint64_t vgg_checksum_end(const vgg_checksum_state *state)
{
    uint64_t h = state->bytes * P;
    for (int i = 0; i < LANES; i++)
        h = rotl(h ^ state->lane[i], 27) * P + Q;
    h = (h ^ h >> 33) * Q;
    h = (h ^ h >> 29) * P;
    return h ^ h >> 32;
}

uint64_t vgg_checksum(const void *bytes, size_t size)
{
    vgg_checksum_state state;
    vgg_checksum_start(&state);
    vgg_checksum_add(&state, bytes, size);
    return vgg_checksum_end(&state);
}
