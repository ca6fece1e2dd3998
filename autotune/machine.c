/* machine.c - see machine.h. */
#include "autotune/machine.h"
#include "bench/host.h"
#include "bench/peak.h"

/* Caches where the system does not tell; of memory, so much is read at least. */
enum { CORE_CACHE = 512 << 10, LAST_CACHE = 4 << 20, MEMORY = 64 << 20 };

nonet_isa tune_lower_isa(nonet_isa isa)
{
    return isa == NONET_ISA_AVX512 && nonet_isa_supported(NONET_ISA_AVX2) ? NONET_ISA_AVX2 : NONET_ISA_AUTO;
}

/* *all: of those that a team of these threads has together. */
static void read_caches(tune_machine *m, size_t *all)
{
    cpu_set_t cpus;
    bench_host host;
    bench_host_read(&host);
    m->last_cache = bench_host_last_cache(&host);
    for (int i = 0; i < host.caches; i++)
        if (host.cache[i].level == 2 && host.cache[i].size > m->core_cache)
            m->core_cache = host.cache[i].size;
    m->core_cache = m->core_cache ? m->core_cache : CORE_CACHE;
    m->last_cache = m->last_cache ? m->last_cache : LAST_CACHE;
    *all = sched_getaffinity(0, sizeof cpus, &cpus) ? 0 : bench_host_caches("", &cpus, m->threads);
    *all = *all > m->last_cache ? *all : m->last_cache;
}

/* For isa and the one below. Some half a second. 0 when there is no memory. */
static int measure(tune_machine *m, nonet_isa isa, int threads)
{
    nonet_isa lower = tune_lower_isa(isa);
    size_t all;
    *m = (tune_machine){ .threads = threads };
    read_caches(m, &all);
    m->macs[isa] = 0.5e9 * bench_fma_gflops(isa, threads);
    if (lower != NONET_ISA_AUTO)
        m->macs[lower] = 0.5e9 * bench_fma_gflops(lower, threads);
    if (m->macs[lower] > m->macs[isa])      /* something else ran meanwhile: the wider set is not slower */
        m->macs[isa] = m->macs[lower];
    m->memory = 1e9 * bench_read_gbps(isa, threads, all > MEMORY / 2 ? 2 * all : MEMORY);
    m->cache = 1e9 * bench_read_gbps(isa, threads, all / 4);
    m->cache = m->cache > m->memory ? m->cache : m->memory;
    return m->memory > 0;
}

const tune_machine *tune_machine_of(tune_machines *machines, nonet_isa isa, int threads)
{
    for (int i = 0; i < machines->count; i++)
        if (machines->items[i].threads == threads)
            return &machines->items[i];
    if (isa == NONET_ISA_AUTO && nonet_isa_current(&isa) != NONET_OK)
        return NULL;
    tune_machine *m = &machines->items[machines->count];
    if (machines->count == TUNE_MACHINES || !measure(m, isa, threads))
        return NULL;
    machines->count++;
    return m;
}
