/* transpose.c - see transpose.h. Plain C in vectors of four, which every compiler has an instruction for. */
#include <string.h>
#include "engine/transpose.h"

typedef float v4 __attribute__((vector_size(16)));
enum { SIDE = 16, V = 4 };

static inline v4 load4(const float *p)
{
    v4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* 4x4: from[j*step + s] to to[s*16 + j]. */
static inline void transpose4(const float *from, size_t step, float *to)
{
    v4 a = load4(from), b = load4(from + step), c = load4(from + 2 * step), d = load4(from + 3 * step);
    v4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    v4 cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    v4 r[V] = {
        __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5), __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7),
        __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5), __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7),
    };
    for (int s = 0; s < V; s++)
        memcpy(to + s * SIDE, &r[s], sizeof r[s]);
}

static void transpose_part(const float *from, size_t step, int have, int length, float *to)
{
    for (int s = 0; s < SIDE; s++)
        for (int j = 0; j < SIDE; j++)
            to[s * SIDE + j] = s < length && j < have ? from[(size_t)j * step + (size_t)s] : 0;
}

void nonet_transpose16(const float *from, size_t step, int have, int length, float *to)
{
    if (have < SIDE || length < SIDE) {
        transpose_part(from, step, have, length, to);
        return;
    }
    for (int s = 0; s < SIDE; s += V)
        for (int j = 0; j < SIDE; j += V)
            transpose4(from + (size_t)j * step + s, step, to + s * SIDE + j);
}

/* Adding half of what is cut off, or a little less where that would round a tie to odd, carries into the upper half. */
void nonet_bf16_round16(const float *from, uint16_t *to)
{
    for (int j = 0; j < SIDE; j++) {
        uint32_t bits;
        memcpy(&bits, from + j, sizeof bits);
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
        to[j] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded);
    }
}
