/* isa.c - which instruction set plans get: detected, lowered by the limit. There is one limit for the process; the environment
 * gives its first value, nonet_isa_limit replaces it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "arch/cpu.h"
#include "nonet.h"

/* Values of the limit beside those of nonet_isa (NONET_ISA_AUTO: no limit). */
enum { LIMIT_UNREAD = -2, LIMIT_BAD = -1 };

static _Atomic int limit = LIMIT_UNREAD;

static const char *const names[NONET_ISA_COUNT] = { "auto", "c", "avx2", "avx512", "neon" };

/* Threads that come here first at once all store the same value. */
static unsigned supported(void)
{
    static _Atomic unsigned known;      /* 0: not asked yet */
    unsigned isas = atomic_load_explicit(&known, memory_order_relaxed);

    if (!isas) {
        isas = nonet_cpu_isas();
        atomic_store_explicit(&known, isas, memory_order_relaxed);
    }
    return isas;
}

static int limit_from_name(const char *name)
{
    if (!name || !*name)
        return NONET_ISA_AUTO;
    for (int isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        if (!strcmp(name, names[isa]) && supported() >> isa & 1)
            return isa;
    return LIMIT_BAD;
}

/* The exchange fails if another thread set the limit meanwhile: its value stands. */
static int current_limit(void)
{
    int value = atomic_load(&limit);

    if (value == LIMIT_UNREAD) {
        int wanted = limit_from_name(getenv("NONET_ISA"));
        if (atomic_compare_exchange_strong(&limit, &value, wanted))
            value = wanted;
    }
    return value;
}

nonet_status nonet_isa_limit(const char *name)
{
    int wanted = limit_from_name(name);

    if (wanted == LIMIT_BAD)
        return NONET_BAD_ISA;
    atomic_store(&limit, wanted);
    return NONET_OK;
}

/* The sets of one architecture are in rising order in nonet_isa. */
nonet_isa nonet_isa_detected(void)
{
    int isa = NONET_ISA_COUNT - 1;

    while (isa > NONET_ISA_C && !(supported() >> isa & 1))
        isa--;
    return (nonet_isa)isa;
}

/* A limit is a set that this CPU has, so it is never above what was detected. */
nonet_status nonet_isa_current(nonet_isa *isa)
{
    int value = current_limit();

    if (!isa)
        return NONET_BAD_ARGUMENT;
    if (value == LIMIT_BAD)
        return NONET_BAD_ISA;
    *isa = value == NONET_ISA_AUTO ? nonet_isa_detected() : (nonet_isa)value;
    return NONET_OK;
}

const char *nonet_isa_name(nonet_isa isa)
{
    return (unsigned)isa < NONET_ISA_COUNT ? names[isa] : "unknown";
}

int nonet_isa_supported(nonet_isa isa)
{
    return isa == NONET_ISA_AUTO || ((unsigned)isa < NONET_ISA_COUNT && (supported() >> isa & 1));
}
