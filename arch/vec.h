/* vec.h - the vector vocabulary: one spelling of f32 vectors for kernels/tmpl, compiled once per instruction set.
 *
 * A file that includes this is compiled with the flags of one ISA bundle (arch/arch.mk) and with NONET_TMPL_<ISA> defined.
 *   VL            lanes of a vf: 16, 8, 4, or 1 for portable C. NONET_LANES is a multiple of it.
 *   VSUFFIX(name) name_avx512, name_avx2, name_neon, name_c
 *   VINLINE       what a helper begins with: it is inlined even where nothing is optimised
 *   vf_load vf_store vf_set1 vf_zero vf_add vf_sub vf_mul vf_div vf_sqrt
 *   vf_fma(a,b,c)  = a*b + c, one rounding      vf_fnma(a,b,c) = c - a*b, one rounding
 *   vf_max(a,b)    = a > b ? a : b              vf_relu(x)     = x < 0 ? 0 : x (NaN and -0 stay)
 *   vf_zero_lt(a,b,y) = a < b ? +0 : y          vf_zero_eq(a,b,y) = a == b ? +0 : y (a NaN in a or b: y)
 *   vf_pow2(t)     = 2^n for t = n + 12582912.0f (1.5*2^23), n in -126..127: an integer in the low bits of t
 *   vf_stream(p,x) = vf_store(p,x), in AVX-512 past the caches; there p is aligned to VL floats (arch/stores.h)
 * Loads and other stores take any address that is 4-byte aligned. */
#ifndef NONET_VEC_H
#define NONET_VEC_H
#define VINLINE static inline __attribute__((always_inline))
#if defined(NONET_TMPL_AVX512)
#include "arch/vec_avx512.h"
#elif defined(NONET_TMPL_AVX2)
#include "arch/vec_avx2.h"
#elif defined(NONET_TMPL_NEON)
#include "arch/vec_neon.h"
#elif defined(NONET_TMPL_C)
#include "arch/vec_c.h"
#else
#error "one of NONET_TMPL_C, _AVX2, _AVX512, _NEON must be defined"
#endif
#endif
