/* watch.c - /proc/stat, resource usage, throttle counters and the clock. */
#include "bench/watch.h"
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "arch/cgroup.h"
#include "bench/timer.h"

#define OTHER_CPUS 0.10         /* of one CPU: daemons of a quiet machine stay below */
#define TICK_ERROR 0.04         /* seconds: /proc/stat counts in ticks of 10 ms, for each CPU */
#define STEAL_SHARE 0.01
#define SWITCHES_A_SECOND 40    /* and thread, in our samples: a system's own daemons make some 20; who shares a CPU takes turns
                                 * of a few ms */
#define CLOCK_CHANGE 0.03
#define PEAK_CHANGE 0.05

enum { CLOCK_TRIES = 8, CLOCK_ROUNDS = 20000, CLOCK_STEPS = 64 };

int bench_watch_parse(const char *line, double ticks, bench_watch *watch)
{
    double user, nice, system, idle, iowait, irq, softirq, steal;
    if (sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal) != 8)
        return 0;
    watch->busy = (user + nice + system + irq + softirq) / ticks;
    watch->steal = steal / ticks;
    return 1;
}

/* ---- throttling ---- */

static long read_number(const char *root, int cpu, const char *name)
{
    char path[PATH_MAX];
    long value = 0;
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/%s", root, cpu, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%ld", &value) != 1)
        value = 0;
    fclose(file);
    return value;
}

/* Every CPU has its core's counter, and its package's, which counts once. */
static long heat_throttled(const char *root, const cpu_set_t *cpus)
{
    uint64_t packages = 0;
    long sum = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, cpus))
            continue;
        uint64_t package = (uint64_t)1 << (read_number(root, cpu, "topology/physical_package_id") & 63);
        long together = read_number(root, cpu, "thermal_throttle/package_throttle_count");
        sum += read_number(root, cpu, "thermal_throttle/core_throttle_count");
        sum += packages & package ? 0 : together;
        packages |= together ? package : 0;
    }
    return sum;
}

/* The line "nr_throttled N" of a cgroup. */
static long throttled_in(const char *folder)
{
    char line[PATH_MAX + 16];
    long value = 0;
    snprintf(line, sizeof line, "%s/cpu.stat", folder);
    FILE *file = fopen(line, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "nr_throttled %ld", &value) == 1)
            break;
    fclose(file);
    return value;
}

/* Each cgroup counts what its own quota did. */
static void add_throttled(void *sums, nonet_cgroup_tree tree, const char *folder)
{
    long *sum = sums;
    sum[tree] += throttled_in(folder);
}

static long quota_throttled(const char *root)
{
    long sum[NONET_CGROUP_TREES] = { 0 };
    nonet_cgroup_each(root, add_throttled, sum);
    long both = sum[NONET_CGROUP_V1], alone = sum[NONET_CGROUP_V1_CPU];
    return sum[NONET_CGROUP_V2] + (both > alone ? both : alone);
}

long bench_throttled(const char *root, const cpu_set_t *cpus)
{
    return heat_throttled(root, cpus) + quota_throttled(root);
}

/* ---- the rest of a moment ---- */

static void read_stat(bench_watch *watch)
{
    char line[256];
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return;
    if (fgets(line, sizeof line, file))
        bench_watch_parse(line, (double)sysconf(_SC_CLK_TCK), watch);
    fclose(file);
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

double bench_own_cpu(const bench_helpers *helpers)
{
    struct rusage ended;
    double own = bench_cpu_time();
    if (getrusage(RUSAGE_CHILDREN, &ended) == 0)
        own += seconds_of(&ended.ru_utime) + seconds_of(&ended.ru_stime);
    for (int i = 0; i < helpers->count; i++) {
        clockid_t clock;
        struct timespec t;
        if (clock_getcpuclockid(helpers->pid[i], &clock) == 0 && clock_gettime(clock, &t) == 0)
            own += (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    }
    return own;
}

void bench_watch_read(bench_watch *watch, const bench_helpers *helpers, const cpu_set_t *cpus)
{
    *watch = (bench_watch){ .seconds = bench_now(), .own = bench_own_cpu(helpers) };
    read_stat(watch);
    watch->throttled = bench_throttled("", cpus);
}

void bench_watch_add(bench_watch *sum, const bench_watch *start, const bench_watch *now)
{
    sum->seconds += now->seconds - start->seconds;
    sum->busy += now->busy - start->busy;
    sum->steal += now->steal - start->steal;
    sum->own += now->own - start->own;
    sum->throttled += now->throttled - start->throttled;
}

static long switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

bench_turn bench_turn_begin(void)
{
    return (bench_turn){ .switches = switches(), .start = bench_now() };
}

void bench_turn_end(const bench_turn *turn, bench_watch *sum)
{
    sum->ours += bench_now() - turn->start;
    sum->switches += switches() - turn->switches;
}

/* Exclusive or of two registers depends on the one before and takes one cycle; no CPU folds two of them into one. */
#define CLOCK_STEP x ^= y; __asm__ volatile("" : "+r"(x), "+r"(y));
#define CLOCK_EIGHT CLOCK_STEP CLOCK_STEP CLOCK_STEP CLOCK_STEP CLOCK_STEP CLOCK_STEP CLOCK_STEP CLOCK_STEP

static double clock_run(void)
{
    unsigned long x = 1, y = 3;
    double start = bench_now();
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT CLOCK_EIGHT
    }
    return 1e-6 * CLOCK_ROUNDS * CLOCK_STEPS / (bench_now() - start);
}

double bench_clock_mhz(void)
{
    double best = 0;
    for (int i = 0; i < CLOCK_TRIES; i++) {
        double mhz = clock_run();
        best = mhz > best ? mhz : best;
    }
    return best;
}

static void blame(bench_verdict *verdict, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void blame(bench_verdict *verdict, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(verdict->reason[verdict->count++], sizeof verdict->reason[0], format, args);
    va_end(args);
}

static int changed(double before, double after, double share)
{
    return fabs(before - after) > share * fmax(before, after);
}

void bench_judge(const bench_evidence *e, bench_verdict *verdict)
{
    const bench_watch *s = &e->sum;
    double other = s->busy - s->own;
    *verdict = (bench_verdict){ 0 };
    if (other > OTHER_CPUS * s->seconds + TICK_ERROR * e->threads)
        blame(verdict, "other load: %.2f CPUs on average", other / s->seconds);
    if (s->steal > STEAL_SHARE * s->seconds * e->threads + TICK_ERROR)
        blame(verdict, "steal time: the hypervisor took %.2f s of %.2f s", s->steal, s->seconds);
    if ((double)s->switches > SWITCHES_A_SECOND * s->ours * e->threads)
        blame(verdict, "involuntary switches: %ld in %.2f s of our own, to other programs or a peer's threads", s->switches,
              s->ours);
    if (s->throttled > 0)
        blame(verdict, "throttling: %ld times, by heat or by the cgroup's quota", s->throttled);
    if (changed(e->mhz_before, e->mhz_after, CLOCK_CHANGE))
        blame(verdict, "clock: %.0f MHz before, %.0f MHz after", e->mhz_before, e->mhz_after);
    if (changed(e->before.fma_gflops, e->after.fma_gflops, PEAK_CHANGE))
        blame(verdict, "FMA peak: %.1f GFLOP/s before, %.1f after", e->before.fma_gflops, e->after.fma_gflops);
    if (changed(e->before.read_gbps, e->after.read_gbps, PEAK_CHANGE))
        blame(verdict, "read bandwidth: %.1f GB/s before, %.1f after", e->before.read_gbps, e->after.read_gbps);
}
