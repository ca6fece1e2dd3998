/* peak.h - two loops that measure the machine rather than compute: arithmetic from registers, and reading memory.
 * Compiled per instruction set from kernels/tmpl/peak.c; bench/ runs them. Pure, like every kernel. */
#ifndef NONET_PEAK_H
#define NONET_PEAK_H

#include <stddef.h>
#include "nonet.h"

enum { NONET_READ_STEP = 8 * NONET_LANES };    /* nonet_read_f32 reads whole steps of this many floats */

/* Runs `rounds` rounds of independent FMA chains that never leave the registers; writes NONET_LANES floats to sink.
 * Returns the multiply-adds of one round. */
typedef size_t nonet_peak_fn(size_t rounds, float *sink);
/* Reads floats floats (a multiple of NONET_READ_STEP) from front to back and returns a sum of them. */
typedef float nonet_read_fn(const float *x, size_t floats);

nonet_peak_fn nonet_peak_f32_c, nonet_peak_f32_avx2, nonet_peak_f32_avx512, nonet_peak_f32_neon;
nonet_read_fn nonet_read_f32_c, nonet_read_f32_avx2, nonet_read_f32_avx512, nonet_read_f32_neon;

#endif
