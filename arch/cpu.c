/* cpu.c - detection. A set counts only if every bit that its files are compiled with is there (arch.mk), and if the operating
 * system saves its registers. */
#include "arch/cpu.h"
#include "nonet.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* What the operating system saves: XCR0. Only where CPUID reports OSXSAVE: elsewhere the instruction faults. */
static unsigned saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static unsigned vector_isas(void)
{
    const unsigned fma_osxsave_avx = 1u << 12 | 1u << 27 | 1u << 28;    /* leaf 1, ECX */
    const unsigned avx2 = 1u << 5;                                      /* leaf 7, EBX */
    const unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    const unsigned ymm = 0x06, zmm = 0xe6;                              /* XCR0: XMM, YMM; masks, ZMM0-15, ZMM16-31 */
    unsigned a, b, c, d, state;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & fma_osxsave_avx) != fma_osxsave_avx)
        return 0;
    state = saved_state();
    if ((state & ymm) != ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & avx2))
        return 0;
    if ((state & zmm) != zmm || (b & f_dq_bw_vl) != f_dq_bw_vl)
        return 1u << NONET_ISA_AVX2;
    return 1u << NONET_ISA_AVX2 | 1u << NONET_ISA_AVX512;
}

#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

static unsigned vector_isas(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMD ? 1u << NONET_ISA_NEON : 0;
}

#else

static unsigned vector_isas(void)
{
    return 0;
}
#endif

unsigned nonet_cpu_isas(void)
{
    return 1u << NONET_ISA_C | vector_isas();
}
