/* host.h - which machine this is, as the kernel tells it. Nothing here fails: what is not known is empty or zero. */
#ifndef NONET_BENCH_HOST_H
#define NONET_BENCH_HOST_H

#include <sched.h>
#include <stddef.h>

enum { HOST_CACHES = 8 };

typedef struct bench_cache {
    int level, sharing;         /* CPUs that share one */
    char type[16];              /* Data, Instruction, Unified */
    size_t size;                /* bytes */
} bench_cache;

typedef struct bench_host {
    char name[64];              /* of the host */
    char cpu[96];               /* AMD EPYC ..., Cortex-A72, or the vendor and part numbers */
    char vendor[32];
    int family, model, stepping;    /* x86; -1 if unknown */
    unsigned midr;              /* Arm's main ID register; 0 if unknown */
    char microcode[24];
    int hypervisor;             /* 1: runs in a virtual machine that says so */
    char hypervisor_name[24];   /* as it calls itself: KVMKVMKVM, VMwareVMware, xen; "" if unknown */
    char os[160];               /* kernel: name, release, version, machine */
    int sockets, cores, threads_per_core, numa_nodes;   /* of CPUs that are online; 0 if unknown */
    int cpus;                   /* online */
    int allowed;                /* in the affinity of this process */
    double mhz;                 /* now, of the first CPU */
    char governor[32];
    bench_cache cache[HOST_CACHES];
    int caches;
    double load[3];             /* averages over 1, 5 and 15 minutes */
} bench_host;

void bench_host_read(bench_host *host);
/* Bytes of the first CPU's largest cache; 0 if unknown. What one thread can keep. */
size_t bench_host_last_cache(const bench_host *host);
/* Bytes of the largest caches of these CPUs, a shared one once, but no more caches than threads: what a team can keep. An EPYC
 * 9654 has 12 of 32 MiB. 0 if unknown. root is put before /sys: "" is this system. */
size_t bench_host_caches(const char *root, const cpu_set_t *cpus, int threads);

#endif
