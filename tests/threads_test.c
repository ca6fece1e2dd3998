/* threads_test.c - how many threads there are for a process, by its cgroups and by what OpenMP was told; and networks give the same
 * bits with several of them, whatever stands before their convolutions. */
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "arch/threads.h"
#include "tests/support.h"
#include "tests/support_files.h"
#include "tests/support_net.h"
#include "vgg/net.h"

/* ---- quotas: files planted below a folder ---- */

static int quota_of(const support_file *files, size_t count)
{
    const char *root = support_plant(files, count);
    int quota = nonet_threads_quota(root);

    support_uproot(root);
    return quota;
}
#define FILES(...) (const support_file[]){ __VA_ARGS__ }
#define QUOTA(...) quota_of(FILES(__VA_ARGS__), sizeof FILES(__VA_ARGS__) / sizeof(support_file))
#define CGROUP(text) { "proc/self/cgroup", text }
#define V2 "sys/fs/cgroup/"
#define V1 "sys/fs/cgroup/cpu,cpuacct/"

START_TEST(quota_of_version_2)
{
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "250000 100000\n" }), 3);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "200000 100000\n" }), 2);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "1000 100000\n" }), 1);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "max 100000\n" }), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/\n"), { V2 "cpu.max", "400000 100000\n" }), 4);
}
END_TEST

/* The smallest on the way up counts; of the levels that a container has not mounted nothing is known. */
START_TEST(quota_of_levels_above)
{
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "max 100000\n" }, { V2 "a/cpu.max", "500000 100000\n" }), 5);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "600000 100000\n" }, { V2 "a/cpu.max", "500000 100000\n" }),
                     5);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a/b\n"), { V2 "a/b/cpu.max", "200000 100000\n" }, { V2 "a/cpu.max", "500000 100000\n" }),
                     2);
    ck_assert_int_eq(QUOTA(CGROUP("0::/host/only\n"), { V2 "cpu.max", "300000 100000\n" }), 3);
}
END_TEST

START_TEST(quota_of_version_1)
{
    const support_file me = CGROUP("12:cpuset:/x\n3:cpu,cpuacct:/a\n1:name=systemd:/y\n");

    ck_assert_int_eq(QUOTA(me, { V1 "a/cpu.cfs_quota_us", "150000\n" }, { V1 "a/cpu.cfs_period_us", "50000\n" }), 3);
    ck_assert_int_eq(QUOTA(me, { V1 "a/cpu.cfs_quota_us", "-1\n" }, { V1 "a/cpu.cfs_period_us", "100000\n" }), INT_MAX);
    ck_assert_int_eq(QUOTA(me, { "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n" },
                           { "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n" }), 1);
    ck_assert_int_eq(QUOTA(CGROUP("3:cpuset:/a\n"), { "sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n" },
                           { "sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n" }), INT_MAX);
}
END_TEST

/* Files that are not there, empty, cut off or full of other things say nothing. */
START_TEST(no_quota)
{
    ck_assert_int_eq(nonet_threads_quota("/nonexistent"), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("")), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a")), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("nothing\n:\n::\n0::\n0::relative\n")), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a\n"), { V2 "a/cpu.max", "" }), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a\n"), { V2 "a/cpu.max", "200000\n" }), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a\n"), { V2 "a/cpu.max", "200000 0\n" }), INT_MAX);
    ck_assert_int_eq(QUOTA(CGROUP("0::/a\n"), { V2 "a/cpu.max", "-5 100000\n" }), INT_MAX);
}
END_TEST

/* ---- what is asked for ---- */

START_TEST(asked_and_told)
{
    int available = nonet_threads_available();

    ck_assert_int_ge(available, 1);
    ck_assert_int_eq(nonet_threads_for(1), 1);
    ck_assert_int_eq(nonet_threads_for(1 << 20), available);
    omp_set_num_threads(1);
    ck_assert_int_eq(nonet_threads_for(0), 1);
    omp_set_num_threads(1 << 20);
    ck_assert_int_eq(nonet_threads_for(0), available);
    omp_set_num_threads(1);
    ck_assert_int_eq(nonet_threads_for(2), available < 2 ? 1 : 2);
}
END_TEST

/* ---- networks ---- */

enum { SIDE = 56, CONVS = 4, CHANNELS = 32, RUNS = 20 };

static nonet_vgg *open_net(const char *path, int batch, int threads)
{
    nonet_vgg_options o = { .batch = batch, .keep_threads = 1, .conv.threads = threads };
    nonet_vgg_error err = { "" };
    nonet_vgg *net;

    support_need(nonet_vgg_open(&net, path, &o, &err) == NONET_VGG_OK, "%s", err.text);
    return net;
}

/* A pair reads its source to the end. Where that is one of the buffers by turns, nothing may run beside it that writes there. */
static void check_chains(const nonet_vgg *net)
{
    int chained = 0;

    for (int i = 0; i < net->count; i++) {
        const vgg_step *s = &net->steps[i];
        chained += s->chain != NULL;
        support_need(!s->chain || i == 0 || s->chained == 2 || !nonet_chain_is_paired(s->chain), "step %d", i);
    }
    ck_assert_int_ge(chained, 1);
}

static void check_bits(vgg_layer_type first, int batch, sweep_random *random)
{
    size_t inputs = (size_t)batch * 3 * SIDE * SIDE, outputs = (size_t)batch * CHANNELS * SIDE * SIDE;
    float *x = malloc(inputs * sizeof *x), *want = malloc(outputs * sizeof *want), *got = malloc(outputs * sizeof *got);
    nonet_vgg_error err = { "" };
    char path[64];

    support_need(x && want && got, "no memory");
    support_net_convs(path, first, SIDE, CONVS, CHANNELS, random);
    sweep_fill(random, x, inputs, SWEEP_UNIFORM);
    nonet_vgg *one = open_net(path, batch, 1), *all = open_net(path, batch, 1 << 10);
    check_chains(one);
    check_chains(all);
    memset(want, 0, outputs * sizeof *want);
    memset(got, 0, outputs * sizeof *got);
    support_need(nonet_vgg_forward(one, x, want, NULL, &err) == NONET_VGG_OK, "%s", err.text);
    for (int run = 0; run < RUNS; run++) {
        support_need(nonet_vgg_forward(all, x, got, NULL, &err) == NONET_VGG_OK, "%s", err.text);
        support_need(!memcmp(want, got, outputs * sizeof *got), "layer type %d first, batch %d, run %d: other bits", (int)first,
                     batch, run);
    }
    nonet_vgg_close(one);
    nonet_vgg_close(all);
    unlink(path);
    free(x);
    free(want);
    free(got);
}

START_TEST(bits_of_a_network)
{
    const vgg_layer_type first[] = { VGG_CONV, VGG_RELU, VGG_MAXPOOL };
    sweep_random random = { support_seed() };

    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        for (int batch = 1; batch <= 4; batch += 3)
            check_bits(first[i], batch, &random);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tcase = tcase_create("threads");

    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, quota_of_version_2);
    tcase_add_test(tcase, quota_of_levels_above);
    tcase_add_test(tcase, quota_of_version_1);
    tcase_add_test(tcase, no_quota);
    tcase_add_test(tcase, asked_and_told);
    tcase_add_test(tcase, bits_of_a_network);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
