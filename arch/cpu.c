/* cpu.c - detection. A set counts only if every bit that its files are compiled with is there (arch.mk), and if the operating
 * system saves its registers. */
#include "arch/cpu.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
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

/* The name that CPUID gives, 48 bytes in three leaves; "" if it gives none. */
static void brand_of(char brand[49])
{
    unsigned r[12] = { 0 };
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]))
            break;
    memcpy(brand, r, 48);
    brand[48] = '\0';
}

/* The maker's name and the signature: family, model, stepping; "" and 0 if CPUID gives none. */
static unsigned signature_of(char vendor[13])
{
    unsigned most, signature = 0, b, c, d, unused;
    memset(vendor, 0, 13);
    if (__get_cpuid(0, &most, &b, &c, &d)) {
        memcpy(vendor, &b, 4);
        memcpy(vendor + 4, &d, 4);
        memcpy(vendor + 8, &c, 4);
        __get_cpuid(1, &signature, &unused, &unused, &unused);
    }
    return signature;
}

static void identify(char *text, size_t size)
{
    char vendor[13], brand[49];
    unsigned signature = signature_of(vendor);
    brand_of(brand);
    snprintf(text, size, "%s %08x %s", vendor, signature, brand);
}

static int is_zen5(void)
{
    char vendor[13];
    unsigned signature = signature_of(vendor), base = signature >> 8 & 0xf, extended = signature >> 20 & 0xff;
    return !strcmp(vendor, "AuthenticAMD") && base == 15 && base + extended == 26;
}

#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

static unsigned vector_isas(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMD ? 1u << NONET_ISA_NEON : 0;
}

/* The kernel answers for the register where it says that it does. */
static void identify(char *text, size_t size)
{
    unsigned long midr = 0;
    if (getauxval(AT_HWCAP) & HWCAP_CPUID)
        __asm__("mrs %0, MIDR_EL1" : "=r"(midr));
    snprintf(text, size, "aarch64 %08lx", midr & 0xffffffff);
}

#else

static void identify(char *text, size_t size)
{
    snprintf(text, size, "generic");
}

static unsigned vector_isas(void)
{
    return 0;
}
#endif

#if !defined(__x86_64__)
static int is_zen5(void)
{
    return 0;
}
#endif

/* Without spaces at the ends, so that it stays as it is when it is written and read again. */
void nonet_cpu_identity(char *text, size_t size)
{
    identify(text, size);
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ')
        text[--length] = '\0';
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

unsigned nonet_cpu_isas(void)
{
    return 1u << NONET_ISA_C | vector_isas();
}

/* Remembered, for a hypervisor answers CPUID: threads that come here first at once all store the same. */
static int is_known_zen5(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int known = UNKNOWN;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == UNKNOWN) {
        answer = is_zen5() ? YES : NO;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == YES;
}

int nonet_cpu_streams_through_l2(void)
{
    return is_known_zen5();
}

int nonet_cpu_writes_past_caches(void)
{
    return is_known_zen5();
}
