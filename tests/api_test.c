/* api_test.c - the promises of nonet.h that are not arithmetic: statuses, limits, descriptions, mismatches, several threads at
 * once. */
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/asan.h"
#include "tests/support.h"

static const nonet_conv plain = { 1, 20, 9, 11, 24, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW };

START_TEST(every_status_has_a_sentence)
{
    for (int status = 0; status < NONET_STATUS_COUNT; status++) {
        const char *text = nonet_status_string((nonet_status)status);

        ck_assert_ptr_nonnull(text);
        ck_assert_int_gt((int)strlen(text), 1);
        for (int other = 0; other < status; other++)
            ck_assert_str_ne(text, nonet_status_string((nonet_status)other));
    }
    ck_assert_ptr_nonnull(nonet_status_string((nonet_status)999));
    ck_assert_ptr_nonnull(nonet_status_string((nonet_status)-1));
    ck_assert_str_eq(nonet_version(), NONET_VERSION);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(nonet_isa_name(NONET_ISA_AUTO), "auto");
    ck_assert_str_eq(nonet_isa_name(NONET_ISA_C), "c");
    ck_assert_str_eq(nonet_isa_name(NONET_ISA_AVX2), "avx2");
    ck_assert_str_eq(nonet_isa_name(NONET_ISA_AVX512), "avx512");
    ck_assert_str_eq(nonet_isa_name(NONET_ISA_NEON), "neon");
    ck_assert_str_eq(nonet_algo_name(NONET_AUTO), "auto");
    ck_assert_str_eq(nonet_algo_name(NONET_DIRECT), "direct");
    ck_assert_str_eq(nonet_algo_name(NONET_WINOGRAD_F2), "winograd-f2");
    ck_assert_str_eq(nonet_algo_name(NONET_WINOGRAD_F4), "winograd-f4");
    ck_assert_str_eq(nonet_algo_name(NONET_WINOGRAD_F6), "winograd-f6");
    ck_assert_int_eq(nonet_isa_supported(NONET_ISA_C), 1);
    ck_assert_int_eq(nonet_isa_supported(nonet_isa_detected()), 1);
    ck_assert_int_ge(nonet_threads_available(), 1);
}
END_TEST

START_TEST(memory)
{
    static const size_t sizes[] = { 0, 1, 4096, (1 << 20) - 1, 1 << 20, (3 << 20) + 5 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = nonet_alloc(sizes[i]);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % NONET_ALIGNMENT, 0);
        memset(p, 1, sizes[i]);
        nonet_free(p, sizes[i]);
    }
    ck_assert_ptr_null(nonet_alloc(SIZE_MAX));
    nonet_free(NULL, 0);
    nonet_free(NULL, 1 << 20);
}
END_TEST

/* Bytes from p on that stand in one mapping; 0 where the system does not tell. */
static size_t mapped_from(const void *p)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned long start = 0, end = 0, at = (unsigned long)(uintptr_t)p;
    while (maps && end <= at && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx", &start, &end) != 2)
            end = 0;
    if (maps)
        fclose(maps);
    return start <= at && at < end ? end - at : 0;
}

/* A workspace of a little less than 2 MiB has to fit a huge page. */
START_TEST(half_a_huge_page_is_mapped_whole)
{
    static const size_t huge = 2 << 20, sizes[] = { 1 << 20, (2 << 20) - 4096, (3 << 20) + 5 };
    void *probe = nonet_alloc(huge);
    int told = mapped_from(probe) > 0;
    nonet_free(probe, huge);
    if (NONET_ASAN || !told) {
        support_skip("huge pages", NONET_ASAN ? "AddressSanitizer has all memory" : "/proc/self/maps is not to be read");
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t whole = (sizes[i] + huge - 1) / huge * huge;
        char *p = nonet_alloc(sizes[i]);
        ck_assert_uint_eq((uintptr_t)p % huge, 0);
        ck_assert_uint_ge(mapped_from(p), whole);
        p[whole - 1] = 1;
        nonet_free(p, sizes[i]);
        ck_assert_uint_lt(mapped_from(p), whole);
    }
}
END_TEST

START_TEST(sizes_of_tensors)
{
    float x[2 * NONET_LANES] = { 0 };

    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW, 2, 17, 3, 5), 2 * 17 * 3 * 5);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NHWC, 2, 17, 3, 5), 2 * 17 * 3 * 5);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW16C, 2, 17, 3, 5), 2 * 32 * 3 * 5);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW, 0, 1, 1, 1), 0);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW16C, 1, -1, 1, 1), 0);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW, INT_MAX, INT_MAX, INT_MAX, INT_MAX), SIZE_MAX);
    ck_assert_uint_eq(nonet_tensor_floats(NONET_NCHW16C, 1 << 20, 1 << 20, 1 << 20, 4), SIZE_MAX);
    ck_assert_int_eq(nonet_reorder(1, 1, 1, 1, NONET_NCHW, x, NONET_NCHW16C, x + NONET_LANES), NONET_OK);
    ck_assert_int_eq(nonet_reorder(INT_MAX, INT_MAX, 1, 1, NONET_NCHW, x, NONET_NHWC, x + NONET_LANES), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_reorder(1, 1, 1, (1 << 20) + 1, NONET_NCHW, x, NONET_NHWC, x + NONET_LANES), NONET_BAD_ARGUMENT);
}
END_TEST

static nonet_status try_plan(nonet_conv p, const nonet_options *options)
{
    nonet_plan *plan = NULL;
    nonet_status status = nonet_plan_create(&plan, &p, options);

    if (status == NONET_OK)
        nonet_plan_destroy(plan);
    return status;
}

/* `plain` with one field changed; the fields of nonet_conv before the layouts are ints. */
static nonet_status with(size_t field, int value)
{
    nonet_conv changed = plain;

    memcpy((char *)&changed + field, &value, sizeof value);
    return try_plan(changed, NULL);
}
#define WITH(field, value) with(offsetof(nonet_conv, field), value)

static nonet_status with_layouts(int src, int dst)
{
    nonet_conv changed = plain;

    changed.src_layout = (nonet_layout)src;
    changed.dst_layout = (nonet_layout)dst;
    return try_plan(changed, NULL);
}

START_TEST(bad_problems)
{
    nonet_plan *plan;

    ck_assert_int_eq(try_plan(plain, NULL), NONET_OK);
    ck_assert_int_eq(nonet_plan_create(NULL, &plain, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_plan_create(&plan, NULL, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(n, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(c, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(c, -5), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(h, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(w, -1), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(k, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(r, -3), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(s, 30), NONET_BAD_ARGUMENT);
    ck_assert_int_ne(WITH(stride, 3), NONET_OK);
    ck_assert_int_ne(WITH(stride, -1), NONET_OK);
    ck_assert_int_ne(WITH(pad, 2), NONET_OK);
    ck_assert_int_ne(WITH(pad, -1), NONET_OK);
    ck_assert_int_eq(with_layouts(7, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(with_layouts(0, -1), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(WITH(stride, 0), NONET_OK);
    ck_assert_int_eq(WITH(r, 0), NONET_OK);
}
END_TEST

START_TEST(unsupported_problems)
{
    nonet_conv five = { 1, 8, 9, 9, 8, 5, 5, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW };
    nonet_conv pooled = { 1, 8, 1, 9, 8, 3, 3, 1, 1, 0, 1, NONET_NCHW, NONET_NCHW };

    ck_assert_int_eq(try_plan(five, NULL), NONET_UNSUPPORTED);
    five.pad = 0;
    ck_assert_int_eq(try_plan(five, NULL), NONET_OK);
    five.stride = 2;
    ck_assert_int_eq(try_plan(five, NULL), NONET_UNSUPPORTED);
    ck_assert_int_ne(try_plan(pooled, NULL), NONET_OK);
}
END_TEST

/* Sizes whose product does not fit: refused, not wrapped round. */
START_TEST(huge_problems)
{
    nonet_conv huge = { 1, 1 << 30, 1 << 15, 1 << 15, 1 << 30, 3, 3, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW };

    for (int layout = 0; layout < 3; layout++) {
        huge.src_layout = huge.dst_layout = (nonet_layout)layout;
        ck_assert_int_ne(try_plan(huge, NULL), NONET_OK);
    }
    huge.h = huge.w = 0x7fffffff;
    ck_assert_int_ne(try_plan(huge, NULL), NONET_OK);
}
END_TEST

/* Batches whose strips or tiles cannot be counted in an int: refused, not wrapped. */
START_TEST(uncountable_problems)
{
    const nonet_conv problems[] = {
        { .n = 4, .c = 1, .h = 65536, .w = 65536, .k = 1, .pad = 1 },
        { .n = 4, .c = 5, .h = 131072, .w = 65536, .k = 5, .pad = 1 },
        { .n = 8192, .c = 1, .h = 525311, .w = 6, .k = 1, .r = 1024, .s = 1 },
        { .n = 1, .c = 5, .h = 200000, .w = 200000, .k = 5, .pad = 1 },
    };

    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
        for (int algo = NONET_AUTO; algo < NONET_ALGO_COUNT; algo++) {
            nonet_options options = { .algo = algo };
            ck_assert_int_ne(try_plan(problems[i], &options), NONET_OK);
        }
}
END_TEST

START_TEST(named_algorithms)
{
    nonet_conv one = { 1, 8, 9, 9, 8, 1, 1, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW }, stride2 = plain;
    nonet_options f2 = { .algo = NONET_WINOGRAD_F2 }, f4 = { .algo = NONET_WINOGRAD_F4 };
    nonet_options f6 = { .algo = NONET_WINOGRAD_F6 }, wrong = { .algo = (nonet_algo)9 };
    nonet_options bad_isa = { .isa = (nonet_isa)17 }, bad_threads = { .threads = -1 };

    stride2.stride = 2;
    ck_assert_int_eq(try_plan(one, &f2), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(try_plan(one, &f4), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(try_plan(stride2, &f4), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(try_plan(one, &f6), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(try_plan(stride2, &f6), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(try_plan(one, NULL), NONET_OK);
    ck_assert_int_eq(try_plan(stride2, NULL), NONET_OK);
    ck_assert_int_eq(try_plan(plain, &wrong), NONET_BAD_ARGUMENT);
    ck_assert_int_ne(try_plan(plain, &bad_isa), NONET_OK);
    ck_assert_int_eq(try_plan(plain, &bad_threads), NONET_BAD_ARGUMENT);
}
END_TEST

START_TEST(isa_limits)
{
    nonet_isa isa, isas[NONET_ISA_COUNT];
    int count = support_isas(isas);

    ck_assert_int_eq(nonet_isa_limit("sse9"), NONET_BAD_ISA);
    ck_assert_int_eq(nonet_isa_limit("AVX2"), NONET_BAD_ISA);
    for (int i = 0; i < count; i++) {
        nonet_options named = { .isa = isas[i] };

        ck_assert_int_eq(nonet_isa_limit(nonet_isa_name(isas[i])), NONET_OK);
        ck_assert_int_eq(nonet_isa_current(&isa), NONET_OK);
        ck_assert_int_eq(isa, isas[i]);
        ck_assert_int_eq(try_plan(plain, &named), NONET_OK);
        named.isa = isas[count - 1];
        ck_assert_int_eq(try_plan(plain, &named), i == count - 1 ? NONET_OK : NONET_BAD_ISA);
        ck_assert_int_eq(nonet_isa_limit("sse9"), NONET_BAD_ISA);
        ck_assert_int_eq(nonet_isa_current(&isa), NONET_OK);
        ck_assert_int_eq(isa, isas[i]);
    }
    ck_assert_int_eq(nonet_isa_limit(NULL), NONET_OK);
    ck_assert_int_eq(nonet_isa_current(&isa), NONET_OK);
    ck_assert_int_eq(isa, nonet_isa_detected());
    for (int other = NONET_ISA_C; other < NONET_ISA_COUNT; other++)
        if (!nonet_isa_supported((nonet_isa)other)) {
            ck_assert_int_eq(nonet_isa_limit(nonet_isa_name((nonet_isa)other)), NONET_BAD_ISA);
            ck_assert_int_eq(try_plan(plain, &(nonet_options){ .isa = (nonet_isa)other }), NONET_BAD_ISA);
        }
}
END_TEST

/* Each looped test is a process of its own, so the environment is read anew. */
START_TEST(environment_limit)
{
    static const char *const values[] = { "c", "bogus", "" };
    const char *fork = getenv("CK_FORK");
    nonet_isa isa;

    if (fork && !strcmp(fork, "no")) {
        support_skip("environment_limit", "CK_FORK=no: the environment was read by an earlier test");
        return;
    }
    setenv("NONET_ISA", values[_i], 1);
    if (_i == 1) {
        ck_assert_int_eq(nonet_isa_current(&isa), NONET_BAD_ISA);
        ck_assert_int_eq(try_plan(plain, NULL), NONET_BAD_ISA);
        return;
    }
    ck_assert_int_eq(nonet_isa_current(&isa), NONET_OK);
    ck_assert_int_eq(isa, _i == 0 ? NONET_ISA_C : nonet_isa_detected());
}
END_TEST

START_TEST(descriptions)
{
    nonet_plan *plan;
    nonet_plan_info info;
    char whole[300], part[8];

    ck_assert_int_eq(nonet_plan_create(&plan, &plain, &(nonet_options){ .algo = NONET_WINOGRAD_F4, .threads = 1 }), NONET_OK);
    int length = nonet_plan_describe(plan, whole, sizeof whole);
    ck_assert_int_eq(length, (int)strlen(whole));
    ck_assert_int_eq(nonet_plan_describe(plan, part, sizeof part), length);
    ck_assert_int_eq((int)strlen(part), 7);
    ck_assert_int_eq(strncmp(whole, part, 7), 0);
    ck_assert_int_eq(nonet_plan_describe(plan, NULL, 0), length);
    nonet_plan_query(plan, &info);
    ck_assert_int_eq(info.algo, NONET_WINOGRAD_F4);
    ck_assert_int_eq(info.isa, nonet_isa_detected());
    ck_assert_ptr_nonnull(strstr(whole, "winograd-f4"));
    ck_assert_ptr_nonnull(strstr(whole, info.kernel));
    ck_assert_uint_eq(info.workspace, nonet_plan_workspace(plan));
    ck_assert(info.macs_direct == 9. * 20 * 24 * 9 * 11 && info.macs == (6. + 6 + 4) * (6 + 6 + 6) * 20 * 24);
    nonet_plan_destroy(plan);
}
END_TEST

/* The images of a batch share the stream of packed weights: conv5 of a VGG is expanded for one image alone. */
START_TEST(form_by_batch)
{
    nonet_conv p = { .c = 512, .h = 14, .w = 14, .k = 512, .pad = 1 };

    for (p.n = 1; p.n <= 16; p.n *= 4) {
        nonet_plan *plan;
        nonet_plan_info info;
        ck_assert_int_eq(nonet_plan_create(&plan, &p, NULL), NONET_OK);
        nonet_plan_query(plan, &info);
        nonet_plan_destroy(plan);
        ck_assert_int_eq(info.algo, NONET_WINOGRAD_F4);
        ck_assert_int_eq(info.form, p.n == 1 ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED);
    }
}
END_TEST

/* At most 2 MiB a thread, whatever the algorithm, the form of the weights and the image. */
START_TEST(workspace_of_winograd)
{
    static const int shapes[][3] = { { 64, 224, 64 }, { 128, 112, 128 }, { 256, 56, 256 }, { 512, 28, 512 }, { 512, 14, 512 },
                                     { 64, 1000, 64 }, { 1024, 40, 1024 } };
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);

    for (int i = 0; i < (int)(sizeof shapes / sizeof shapes[0]) * sets; i++)
        for (nonet_algo algo = NONET_WINOGRAD_F2; algo <= NONET_WINOGRAD_F6; algo++)
            for (nonet_weight_form form = NONET_WEIGHTS_AUTO; form < NONET_WEIGHTS_COUNT; form++) {
                const int *v = shapes[i / sets];
                nonet_conv p = { .n = 2, .c = v[0], .h = v[1], .w = v[1], .k = v[2], .pad = 1 };
                nonet_options o = { .algo = algo, .isa = isas[i % sets], .threads = 1, .weights = form };
                nonet_plan *plan;

                ck_assert_int_eq(nonet_plan_create(&plan, &p, &o), NONET_OK);
                size_t bytes = nonet_plan_workspace(plan);
                nonet_plan_destroy(plan);
                support_need(bytes <= 2 << 20, "%s %s, %d channels of %dx%d, weights %s: %zu bytes", nonet_algo_name(algo),
                             nonet_isa_name(isas[i % sets]), v[0], v[1], v[1], nonet_weight_form_name(form), bytes);
            }
}
END_TEST

START_TEST(foreign_weights)
{
    static const nonet_algo algos[] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4, NONET_WINOGRAD_F6 };
    enum { ALGOS = sizeof algos / sizeof algos[0] };
    float w[24 * 20 * 9] = { 0 }, src[20 * 9 * 11] = { 0 }, dst[24 * 9 * 11];
    nonet_plan *plans[ALGOS], *wider;
    nonet_weights *weights[ALGOS];
    nonet_conv wide = plain;
    char *workspace;

    for (int i = 0; i < ALGOS; i++) {
        ck_assert_int_eq(nonet_plan_create(&plans[i], &plain, &(nonet_options){ .algo = algos[i] }), NONET_OK);
        ck_assert_int_eq(nonet_weights_pack(&weights[i], plans[i], w, NULL), NONET_OK);
    }
    for (int i = 0; i < ALGOS; i++) {
        ck_assert_ptr_nonnull(workspace = aligned_alloc(64, nonet_plan_workspace(plans[i]) / 64 * 64 + 64));
        for (int j = 0; j < ALGOS; j++)
            ck_assert_int_eq(nonet_execute(plans[i], weights[j], src, dst, workspace), i == j ? NONET_OK : NONET_MISMATCH);
        ck_assert_int_eq(nonet_execute(plans[i], NULL, src, dst, workspace), NONET_BAD_ARGUMENT);
        ck_assert_int_eq(nonet_execute(plans[i], weights[i], NULL, dst, workspace), NONET_BAD_ARGUMENT);
        ck_assert_int_eq(nonet_execute(plans[i], weights[i], src, NULL, workspace), NONET_BAD_ARGUMENT);
        if (nonet_plan_workspace(plans[i]) > 0)
            ck_assert_int_eq(nonet_execute(plans[i], weights[i], src, dst, NULL), NONET_BAD_ARGUMENT);
        free(workspace);
    }
    wide.c = 21;
    ck_assert_int_eq(nonet_plan_create(&wider, &wide, &(nonet_options){ .algo = NONET_DIRECT }), NONET_OK);
    ck_assert_ptr_nonnull(workspace = aligned_alloc(64, nonet_plan_workspace(wider) / 64 * 64 + 64));
    ck_assert_int_eq(nonet_execute(wider, weights[0], src, dst, workspace), NONET_MISMATCH);
    free(workspace);
    ck_assert_int_eq(nonet_weights_pack(NULL, wider, w, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_weights_pack(&weights[0], NULL, w, NULL), NONET_BAD_ARGUMENT);
    nonet_plan_destroy(wider);
    for (int i = 0; i < ALGOS; i++) {
        nonet_weights_destroy(weights[i]);
        nonet_plan_destroy(plans[i]);
    }
    nonet_plan_destroy(NULL);
    nonet_weights_destroy(NULL);
}
END_TEST

/* ---- One plan and one set of weights under four threads at once ---- */

typedef struct shared {
    const nonet_plan *plan;
    const nonet_weights *weights;
    const float *src, *want;
    size_t outputs;
    int wrong;
} shared;

static void *run_often(void *argument)
{
    shared *job = argument;
    float *dst = malloc(job->outputs * sizeof *dst);
    void *workspace = aligned_alloc(64, nonet_plan_workspace(job->plan) / 64 * 64 + 64);

    for (int i = 0; dst && workspace && i < 20; i++) {
        memset(dst, 0xff, job->outputs * sizeof *dst);
        if (nonet_execute(job->plan, job->weights, job->src, dst, workspace) ||
            memcmp(dst, job->want, job->outputs * sizeof *dst))
            job->wrong = 1;
    }
    if (!dst || !workspace)
        job->wrong = 1;
    free(dst);
    free(workspace);
    return NULL;
}

START_TEST(four_threads_share_a_plan)
{
    static const nonet_algo algos[] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4, NONET_WINOGRAD_F6 };
    sweep_random random = { support_seed() };
    support_bench bench = { .src = { 0 } };
    support_problem q;
    nonet_options o = { .algo = algos[_i], .threads = 2 };
    nonet_plan *plan;
    nonet_weights *weights;
    pthread_t thread[4];
    shared job[4];

    support_problem_make(&q, &plain, &random, SWEEP_UNIFORM);
    float *want = support_run(&bench, &q, &o, &random);
    ck_assert_int_eq(nonet_plan_create(&plan, &plain, &o), NONET_OK);
    ck_assert_int_eq(nonet_weights_pack(&weights, plan, q.w, q.bias), NONET_OK);
    for (int i = 0; i < 4; i++) {
        job[i] = (shared){ plan, weights, q.x, want, q.outputs, 0 };
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_often, &job[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_int_eq(job[i].wrong, 0);
    }
    nonet_weights_destroy(weights);
    nonet_plan_destroy(plan);
    free(want);
    support_problem_free(&q);
    support_bench_free(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api");
    TCase *tcase = tcase_create("promises");

    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, every_status_has_a_sentence);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, memory);
    tcase_add_test(tcase, half_a_huge_page_is_mapped_whole);
    tcase_add_test(tcase, sizes_of_tensors);
    tcase_add_test(tcase, bad_problems);
    tcase_add_test(tcase, unsupported_problems);
    tcase_add_test(tcase, huge_problems);
    tcase_add_test(tcase, uncountable_problems);
    tcase_add_test(tcase, named_algorithms);
    tcase_add_test(tcase, isa_limits);
    tcase_add_loop_test(tcase, environment_limit, 0, 3);
    tcase_add_test(tcase, descriptions);
    tcase_add_test(tcase, form_by_batch);
    tcase_add_test(tcase, workspace_of_winograd);
    tcase_add_test(tcase, foreign_weights);
    tcase_add_loop_test(tcase, four_threads_share_a_plan, 0, 4);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
