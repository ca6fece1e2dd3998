/* transpose.h - weights from rows of one output channel each into rows of many: what packing spends its time on. */
#ifndef NONET_ENGINE_TRANSPOSE_H
#define NONET_ENGINE_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

/* 16 output channels: element s of channel j is at from[j*step + s]; channels past `have` (0..16) and elements past `length`
 * count as zeros. to[s*16 + j] for s < 16. */
void nonet_transpose16(const float *from, size_t step, int have, int length, float *to);

/* Sixteen f32 to bf16, nearest even; NaN stays NaN. */
void nonet_bf16_round16(const float *from, uint16_t *to);

#endif
