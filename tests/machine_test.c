/* machine_test.c - what a run is told of its machine: disturbances, caches, throttling, CPUs, the work of helpers. */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/peers/threads.h"
#include "bench/pin.h"
#include "bench/report.h"
#include "bench/timer.h"
#include "tests/support.h"
#include "tests/support_files.h"

/* ---- disturbances ---- */

START_TEST(quiet_runs_are_not_blamed)
{
    bench_evidence e = { .threads = 2, .mhz_before = 3700, .mhz_after = 3650,
                         .before = { .fma_gflops = 230, .read_gbps = 20 }, .after = { .fma_gflops = 225, .read_gbps = 20.5 },
                         .sum = { .seconds = 2, .busy = 4.1, .own = 3.95, .ours = 2, .switches = 150 } };
    bench_verdict verdict;

    bench_judge(&e, &verdict);
    support_need(verdict.count == 0, "%s", verdict.reason[0]);
}
END_TEST

START_TEST(every_disturbance_has_its_reason)
{
    bench_evidence e = { .threads = 2, .mhz_before = 3700, .mhz_after = 2600,
                         .before = { .fma_gflops = 230, .read_gbps = 20 }, .after = { .fma_gflops = 160, .read_gbps = 14 },
                         .sum = { .seconds = 2, .busy = 4.9, .own = 3.9, .steal = 0.5, .ours = 2, .switches = 170, .throttled = 1 } };
    static const char *const words[] = { "other load: 0.50 CPUs", "steal time", "switches", "throttling", "clock: 3700",
                                         "FMA peak", "read bandwidth" };
    bench_verdict verdict;

    bench_judge(&e, &verdict);
    ck_assert_int_eq(verdict.count, 7);
    for (int i = 0; i < verdict.count; i++)
        support_need(strstr(verdict.reason[i], words[i]) != NULL, "'%s' where '%s' was expected", verdict.reason[i], words[i]);
}
END_TEST

START_TEST(proc_stat_is_read)
{
    bench_watch watch = { .busy = 0 };

    ck_assert(bench_watch_parse("cpu  100 20 30 4000 5 6 7 8 9 10\n", 100, &watch));
    ck_assert_double_eq_tol(watch.busy, 1.63, 1e-12);
    ck_assert_double_eq_tol(watch.steal, 0.08, 1e-12);
    ck_assert(!bench_watch_parse("intr 1 2 3 4 5 6 7 8", 100, &watch));
}
END_TEST

/* ---- whose turn it is ---- */

enum { POOL = 3 };              /* threads on one CPU: they take turns of a few milliseconds */
static const double POOL_SECONDS = 0.3;

static void *spin(void *cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(*(const int *)cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    for (double end = bench_now() + POOL_SECONDS; bench_now() < end;)
        ;
    return NULL;
}

static void run_pool(void)
{
    pthread_t pool[POOL];
    int cpu = sched_getcpu();
    for (int i = 0; i < POOL; i++)
        ck_assert_int_eq(pthread_create(&pool[i], NULL, spin, &cpu), 0);
    for (int i = 0; i < POOL; i++)
        pthread_join(pool[i], NULL);
}

/* A peer's pool may have more threads than there are CPUs: what it does in its own turn is no disturbance. */
START_TEST(switches_count_in_our_samples)
{
    bench_watch sum = { .ours = 0 };
    bench_turn turn = bench_turn_begin();
    run_pool();
    bench_turn_end(&turn, &sum);
    long in_it = sum.switches;
    support_need(in_it >= 6, "%ld switches of three threads on one CPU", in_it);
    ck_assert_double_ge(sum.ours, POOL_SECONDS);
    run_pool();
    turn = bench_turn_begin();
    bench_turn_end(&turn, &sum);
    support_need(sum.switches - in_it < in_it / 2, "%ld switches after those of a pool, %ld within", sum.switches - in_it, in_it);
}
END_TEST

/* Until who asks lets go of the mutex: one thread computes, the other sleeps. */
static void *spin_on(void *mutex)
{
    while (pthread_mutex_trylock(mutex) != 0)
        ;
    pthread_mutex_unlock(mutex);
    return NULL;
}

static void *sleep_on(void *mutex)
{
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
    return NULL;
}

/* The fewest threads that were seen to run at a time, for half of POOL_SECONDS: one that begins or ends is seen for a moment, a
 * joined one as well. */
static int fewest_running(const bench_helpers *helpers)
{
    int fewest = INT_MAX;
    for (double end = bench_now() + POOL_SECONDS / 2; bench_now() < end;) {
        usleep(10000);
        int seen = bench_running_threads(helpers);
        fewest = seen < fewest ? seen : fewest;
    }
    return fewest;
}

/* The same, beside a thread that does `work` all the time. */
static int seen_beside(void *(*work)(void *), const bench_helpers *helpers)
{
    pthread_t thread;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    ck_assert_int_eq(pthread_create(&thread, NULL, work, &mutex), 0);
    int fewest = fewest_running(helpers);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    return fewest;
}

/* While one spins, even if its CPU time is told later; not one that sleeps, nor who asks. */
START_TEST(threads_at_rest_are_told)
{
    static const bench_helpers nobody;
    ck_assert_int_eq(seen_beside(spin_on, &nobody), 1);
    ck_assert_int_eq(seen_beside(sleep_on, &nobody), 0);
    bench_helpers child = { .count = 1, .pid = { fork() } };
    if (child.pid[0] == 0)
        for (;;)
            ;
    ck_assert_int_gt(child.pid[0], 0);
    int with_child = seen_beside(sleep_on, &child);
    kill(child.pid[0], SIGKILL);
    waitpid(child.pid[0], NULL, 0);
    ck_assert_int_eq(with_child, 1);
    ck_assert_int_eq(fewest_running(&child), 0);
}
END_TEST

/* ---- caches, throttling, CPUs, helpers ---- */

static size_t caches_of(const char *root, int threads, int count, const int *list)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    for (int i = 0; i < count; i++)
        CPU_SET(list[i], &cpus);
    return bench_host_caches(root, &cpus, threads);
}
#define CPUS(...) (int)(sizeof(int[]){ __VA_ARGS__ } / sizeof(int)), (const int[]){ __VA_ARGS__ }

/* Two caches of 32 MiB, CPUs 0, 1, 8 and 2, 3, 10, one of 96 MiB for CPU 4; of CPU 5 only the L2 is told, of CPU 6 nothing. */
START_TEST(caches_of_a_team)
{
#define CACHE(cpu, index, name) "sys/devices/system/cpu/cpu" cpu "/cache/index" index "/" name
    static const support_file files[] = {
        { CACHE("0", "2", "size"), "1024K\n" }, { CACHE("0", "2", "shared_cpu_list"), "0\n" },
        { CACHE("0", "3", "size"), "32768K\n" }, { CACHE("0", "3", "shared_cpu_list"), "0-1,8\n" },
        { CACHE("1", "3", "size"), "32768K\n" }, { CACHE("1", "3", "shared_cpu_list"), "0-1,8\n" },
        { CACHE("2", "3", "size"), "32768K\n" }, { CACHE("2", "3", "shared_cpu_list"), "2-3,10\n" },
        { CACHE("3", "3", "size"), "32768K\n" }, { CACHE("3", "3", "shared_cpu_list"), "2-3,10\n" },
        { CACHE("4", "3", "size"), "96M\n" }, { CACHE("4", "3", "shared_cpu_list"), "4\n" },
        { CACHE("5", "2", "size"), "2048K\n" },
    };
    const char *root = support_plant(files, sizeof files / sizeof files[0]);
    const size_t mib = 1 << 20;

    ck_assert_uint_eq(caches_of(root, 1, CPUS(0)), 32 * mib);
    ck_assert_uint_eq(caches_of(root, 2, CPUS(0, 1)), 32 * mib);
    ck_assert_uint_eq(caches_of(root, 3, CPUS(0, 1, 2)), 64 * mib);
    ck_assert_uint_eq(caches_of(root, 4, CPUS(0, 1, 2, 3)), 64 * mib);
    ck_assert_uint_eq(caches_of(root, 5, CPUS(0, 1, 2, 3, 4)), 160 * mib);
    ck_assert_uint_eq(caches_of(root, 1, CPUS(0, 1, 2, 3)), 32 * mib);      /* one thread that may run anywhere */
    ck_assert_uint_eq(caches_of(root, 3, CPUS(2, 5, 6)), 34 * mib);
    ck_assert_uint_eq(caches_of(root, 1, CPUS(6)), 0);
    support_uproot(root);
    ck_assert_uint_eq(caches_of("/nonexistent", 2, CPUS(0, 1)), 0);
}
END_TEST

START_TEST(throttling_is_looked_for_everywhere)
{
#define HEAT(cpu, name) "sys/devices/system/cpu/cpu" cpu "/" name
#define V2 "sys/fs/cgroup/"
#define STAT(n) "usage_usec 5\nnr_periods 9\nnr_throttled " n "\nthrottled_usec 7\n"
    static const support_file heat[] = {
        { HEAT("1", "thermal_throttle/core_throttle_count"), "3\n" }, { HEAT("1", "topology/physical_package_id"), "0\n" },
        { HEAT("1", "thermal_throttle/package_throttle_count"), "100\n" },
        { HEAT("2", "thermal_throttle/core_throttle_count"), "4\n" }, { HEAT("2", "topology/physical_package_id"), "0\n" },
        { HEAT("2", "thermal_throttle/package_throttle_count"), "100\n" },
        { HEAT("5", "thermal_throttle/package_throttle_count"), "1000\n" }, { HEAT("5", "topology/physical_package_id"), "1\n" },
    };
    static const support_file quotas[][3] = {
        { { "proc/self/cgroup", "0::/a/b\n" }, { V2 "a/b/cpu.stat", STAT("5") }, { V2 "a/cpu.stat", STAT("20") } },
        { { "proc/self/cgroup", "0::/\n" }, { V2 "cpu.stat", STAT("6") }, { V2 "a/cpu.stat", STAT("20") } },
        { { "proc/self/cgroup", "0::/host/only\n" }, { V2 "cpu.stat", STAT("7") }, { V2 "a/cpu.stat", STAT("20") } },
        { { "proc/self/cgroup", "4:cpu,cpuacct:/a\n3:cpuset:/b\n" }, { V2 "cpu,cpuacct/a/cpu.stat", STAT("8") },
          { V2 "cpuset/b/cpu.stat", STAT("20") } },
        { { "proc/self/cgroup", "4:cpuacct:/a\nnonsense\n:::\n" }, { V2 "cpu.stat", STAT("9") }, { V2 "x/y", "" } },
    };
    static const long want[] = { 25, 6, 7, 8, 0 };
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    ck_assert_int_eq(bench_throttled("/nonexistent", &cpus), 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const char *root = support_plant(quotas[i], 3);
        support_need(bench_throttled(root, &cpus) == want[i], "case %zu: %ld times", i, bench_throttled(root, &cpus));
        support_uproot(root);
    }
    const char *root = support_plant(heat, sizeof heat / sizeof heat[0]);
    for (int cpu = 0; cpu < 4; cpu++)
        CPU_SET(cpu, &cpus);
    ck_assert_int_eq(bench_throttled(root, &cpus), 107);
    CPU_SET(5, &cpus);
    ck_assert_int_eq(bench_throttled(root, &cpus), 1107);
    support_uproot(root);
}
END_TEST

START_TEST(cpus_are_told_in_full)
{
    static const int few[] = { 0, 1, 2, 7, 7, 8, 5 };
    int many[CPU_SETSIZE];
    char text[PIN_TEXT], small[6];

    bench_cpu_list(few, 7, text, sizeof text);
    ck_assert_str_eq(text, "0-2,7,7-8,5");
    bench_cpu_list(few, 1, text, sizeof text);
    ck_assert_str_eq(text, "0");
    bench_cpu_list(few, 0, text, sizeof text);
    ck_assert_str_eq(text, "");
    bench_cpu_list(few, 7, small, sizeof small);
    ck_assert_str_eq(small, "0-2,7");
    for (int i = 0; i < 128; i++)
        many[i] = i < 64 ? i : 64 + i;
    bench_cpu_list(many, 128, text, sizeof text);
    ck_assert_str_eq(text, "0-63,128-191");
    for (int i = 0; i < CPU_SETSIZE; i++)
        many[i] = CPU_SETSIZE - 1 - i;
    bench_cpu_list(many, CPU_SETSIZE, text, sizeof text);
    ck_assert_str_eq(text + strlen(text) - 6, ",2,1,0");
}
END_TEST

/* What a helper computes is ours while it runs, and when it is over. */
START_TEST(work_of_a_helper_is_our_own)
{
    const double work = 0.05;
    bench_helpers none = { 0 }, helpers = { .count = 1 };
    int done[2];
    char byte;

    ck_assert_int_eq(pipe(done), 0);
    helpers.pid[0] = fork();
    if (helpers.pid[0] == 0) {
        while (bench_cpu_time() < work)
            ;
        _exit(write(done[1], "", 1) != 1 || pause());
    }
    double before = bench_own_cpu(&none);
    ck_assert_int_eq((int)read(done[0], &byte, 1), 1);
    ck_assert_double_ge(bench_own_cpu(&helpers) - before, work);
    ck_assert_double_lt(bench_own_cpu(&none) - before, work);
    kill(helpers.pid[0], SIGKILL);
    ck_assert_int_eq(waitpid(helpers.pid[0], NULL, 0), helpers.pid[0]);
    double after = bench_own_cpu(&helpers) - before;
    support_need(after >= work && after < 2 * work, "%g s", after);     /* counted, and not twice */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine");
    TCase *tcase = tcase_create("machine");

    tcase_add_test(tcase, quiet_runs_are_not_blamed);
    tcase_add_test(tcase, every_disturbance_has_its_reason);
    tcase_add_test(tcase, proc_stat_is_read);
    tcase_add_test(tcase, switches_count_in_our_samples);
    tcase_add_test(tcase, threads_at_rest_are_told);
    tcase_add_test(tcase, caches_of_a_team);
    tcase_add_test(tcase, throttling_is_looked_for_everywhere);
    tcase_add_test(tcase, cpus_are_told_in_full);
    tcase_add_test(tcase, work_of_a_helper_is_our_own);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
