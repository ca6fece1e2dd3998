/* peak.c - the FMA peak and the read loop, for one instruction set. */
#include "arch/vec.h"
#include "kernels/peak.h"

/* Chains must cover pipes x latency (2 x 5 on Haswell, 4 x 4 on Neoverse-V1) and fit the registers beside two operands: 24 of 32,
 * or 12 of 16. Named variables, not an array: an array may be left in memory by the compiler. */
#define TWELVE(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11)
#if defined(NONET_TMPL_AVX512) || defined(NONET_TMPL_NEON)
#define EACH(f) TWELVE(f) f(12) f(13) f(14) f(15) f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23)
enum { CHAINS = 24 };
#else
#define EACH(f) TWELVE(f)
enum { CHAINS = 12 };
#endif
enum {
    UNROLL = 4,
    PAGE = 4096 / sizeof(float),            /* reading touches a line of each page AHEAD bytes before it: CPUs end their own */
    AHEAD = 4 * 4096                        /* fetching with every page, and reading alone is up to a quarter slower */
};

#define START(i) vf s##i = vf_set1(2.0f + i);
#define STEP(i) s##i = vf_fma(a, b, s##i);           /* the sum is what NEON's FMA adds to: anything else takes a copy */
#define GATHER(i) total = vf_add(total, s##i);

size_t VSUFFIX(nonet_peak_f32)(size_t rounds, float *sink)
{
    volatile float tiny = 1e-20f;                       /* too small to change a sum, which the compiler must not find out */
    const vf a = vf_set1(0.75f), b = vf_set1(tiny);
    vf total = vf_zero();
    EACH(START)
    for (size_t i = 0; i < rounds; i++) {
        EACH(STEP)
        EACH(STEP)
        EACH(STEP)
        EACH(STEP)
    }
    EACH(GATHER)
    for (int i = 0; i < NONET_LANES; i += VL)
        vf_store(sink + i, total);
    return (size_t)CHAINS * UNROLL * VL;
}

float VSUFFIX(nonet_read_f32)(const float *x, size_t floats)
{
    vf s0 = vf_zero(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    float out[VL], sum = 0;
    for (size_t i = 0; i < floats; i += 8 * VL) {
        if (i % PAGE == 0)
            __builtin_prefetch((const void *)((uintptr_t)(x + i) + AHEAD), 0, 2);
        s0 = vf_add(s0, vf_load(x + i));
        s1 = vf_add(s1, vf_load(x + i + VL));
        s2 = vf_add(s2, vf_load(x + i + 2 * VL));
        s3 = vf_add(s3, vf_load(x + i + 3 * VL));
        s4 = vf_add(s4, vf_load(x + i + 4 * VL));
        s5 = vf_add(s5, vf_load(x + i + 5 * VL));
        s6 = vf_add(s6, vf_load(x + i + 6 * VL));
        s7 = vf_add(s7, vf_load(x + i + 7 * VL));
    }
    vf_store(out, vf_add(vf_add(vf_add(s0, s1), vf_add(s2, s3)), vf_add(vf_add(s4, s5), vf_add(s6, s7))));
    for (int i = 0; i < VL; i++)
        sum += out[i];
    return sum;
}
