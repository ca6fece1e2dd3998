/* threads.c - how many threads the process may run: CPU affinity and cgroup quotas. */
#include <errno.h>
#include <limits.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "arch/cgroup.h"
#include "arch/threads.h"
#include "nonet.h"

/* quota microseconds of each period, rounded up to whole CPUs. */
static int cpus_of(long long quota, long long period)
{
    long long cpus;

    if (quota < 1 || period < 1)
        return INT_MAX;
    cpus = (quota - 1) / period + 1;
    return cpus < INT_MAX ? (int)cpus : INT_MAX;
}

static FILE *open_in(const char *folder, const char *file)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, file);

    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* The first number in a file; -1 if there is no file or no number. */
static long long number_in(const char *folder, const char *file)
{
    long long value = -1;
    FILE *f = open_in(folder, file);

    if (!f)
        return -1;
    if (fscanf(f, "%18lld", &value) != 1)
        value = -1;
    fclose(f);
    return value;
}

/* cgroup v2: "QUOTA PERIOD", or "max PERIOD" for none. */
static int quota_v2(const char *folder)
{
    long long quota = -1, period = -1;
    FILE *f = open_in(folder, "cpu.max");

    if (!f)
        return INT_MAX;
    if (fscanf(f, "%18lld %18lld", &quota, &period) != 2)
        quota = -1;
    fclose(f);
    return cpus_of(quota, period);
}

/* cgroup v1: -1 for none. */
static int quota_v1(const char *folder)
{
    return cpus_of(number_in(folder, "cpu.cfs_quota_us"), number_in(folder, "cpu.cfs_period_us"));
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

static void take_quota(void *least, nonet_cgroup_tree tree, const char *folder)
{
    int *so_far = least;

    *so_far = least_of(*so_far, tree == NONET_CGROUP_V2 ? quota_v2(folder) : quota_v1(folder));
}

/* A quota may stand at any level, and the smallest counts. */
int nonet_threads_quota(const char *root)
{
    int least = INT_MAX;

    nonet_cgroup_each(root, take_quota, &least);
    return least;
}

/* The set is enlarged until the kernel's fits: machines with more CPUs than cpu_set_t has bits exist. INT_MAX: unknown.
 * Where OpenMP binds threads (OMP_PROC_BIND), this one has a single place of the process's set, which OpenMP remembers. */
static int affinity(void)
{
    if (omp_get_proc_bind() != omp_proc_bind_false)
        return omp_get_num_procs();
    for (int cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        size_t size = CPU_ALLOC_SIZE(cpus);
        int failed, count;

        if (!set)
            return INT_MAX;
        failed = sched_getaffinity(0, size, set) ? errno : 0;
        count = failed ? INT_MAX : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (failed != EINVAL)
            return count;
    }
    return INT_MAX;
}

/* The quota of this process. It is remembered for a second: a network asks once for each of its plans, and each walk through the
 * files takes longer than making a plan. */
static int quota_lately(void)
{
    static _Atomic uint64_t memory;     /* the second, from 1 on, above the quota */
    struct timespec t;
    uint64_t kept = memory, second;

    clock_gettime(CLOCK_MONOTONIC, &t);
    second = (uint64_t)t.tv_sec + 1;
    if (kept >> 32 != second)
        memory = kept = second << 32 | (uint32_t)nonet_threads_quota("");
    return (int)(kept & UINT32_MAX);
}

int nonet_threads_available(void)
{
    int threads = least_of(affinity(), quota_lately());

    return threads < 1 || threads == INT_MAX ? 1 : threads;
}

int nonet_threads_for(int asked)
{
    int wanted = asked > 0 ? asked : omp_get_max_threads();

    return wanted <= 1 ? 1 : least_of(wanted, nonet_threads_available());
}
