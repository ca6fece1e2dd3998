/* checksum.h - a 64-bit checksum against damage by accident (not against forgery), several bytes a cycle in plain C.
 *
 * Bytes are taken in blocks of 64, the last one filled up with zeros; a block is eight 64-bit words, little endian, one a lane:
 *     lane[i] = rotl(lane[i] + word[i] * Q, 31) * P        from lane[i] = (i + 1) * P
 * with P = 0x9e3779b97f4a7c15 (golden ratio) and Q = 0x243f6a8885a308d3 (pi), both odd. At the end, with n the number of bytes
 * that were given:
 *     h = n * P;  for each lane in order: h = rotl(h ^ lane[i], 27) * P + Q
 *     h ^= h >> 33;  h *= Q;  h ^= h >> 29;  h *= P;  h ^= h >> 32
 * Every step can be undone, so damage inside one word is always found; other damage escapes once in about 2^64. */
#ifndef NONET_VGG_CHECKSUM_H
#define NONET_VGG_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct vgg_checksum_state {
    uint64_t lane[8], bytes;
} vgg_checksum_state;

void vgg_checksum_start(vgg_checksum_state *state);
/* Any alignment. Only the last call may give a size that is no multiple of 64. */
void vgg_checksum_add(vgg_checksum_state *state, const void *bytes, size_t size);
uint64_t vgg_checksum_end(const vgg_checksum_state *state);
/* The three in one. */
uint64_t vgg_checksum(const void *bytes, size_t size);

#endif
