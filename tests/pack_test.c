/* pack_test.c - packed weights: those that were stored are those that were packed; foreign and damaged ones are not used; bf16
 * weights give the same bits on every set and for every batch, within the bound of the oracle on rounded weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nonet_vgg.h"
#include "tests/support.h"
#include "vgg/model.h"

/* Every nest, and edges of every blocking. */
static const nonet_conv problems[] = {
    { 1, 3, 11, 9, 40, 3, 3, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 37, 9, 8, 50, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 20, 5, 5, 33, 5, 5, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 2, 45, 3, 4, 70, 3, 4, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 130, 1, 1, 10, 1, 1, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
};
enum { PROBLEMS = sizeof problems / sizeof problems[0] };

typedef struct packed {
    nonet_plan *plan;
    nonet_weights *weights;
} packed;

static packed pack(const support_problem *problem, nonet_options options)
{
    packed p = { NULL, NULL };
    nonet_status status = nonet_plan_create(&p.plan, &problem->p, &options);

    if (status == NONET_NOT_APPLICABLE)
        return p;
    ck_assert_int_eq(status, NONET_OK);
    ck_assert_int_eq(nonet_weights_pack(&p.weights, p.plan, problem->w, problem->bias), NONET_OK);
    return p;
}

static float *execute(const support_problem *problem, const nonet_plan *plan, const nonet_weights *weights)
{
    size_t workspace = (nonet_plan_workspace(plan) + 63) / 64 * 64 + 64;
    float *out = malloc(problem->outputs * sizeof *out);
    void *work = aligned_alloc(NONET_ALIGNMENT, workspace);

    ck_assert(out && work);
    ck_assert_int_eq(nonet_execute(plan, weights, problem->x, out, work), NONET_OK);
    free(work);
    return out;
}

static void release(packed *p)
{
    nonet_weights_destroy(p->weights);
    nonet_plan_destroy(p->plan);
}

static void check_import(const support_problem *problem, nonet_options options)
{
    packed own = pack(problem, options);
    nonet_weights *mapped, *none;
    size_t bytes;

    if (!own.plan)
        return;
    const void *view = nonet_weights_view(own.weights, &bytes);
    char *copy = aligned_alloc(NONET_ALIGNMENT, bytes + NONET_ALIGNMENT);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, view, bytes);
    ck_assert_int_eq(nonet_weights_import(&mapped, own.plan, copy, bytes), NONET_OK);
    float *want = execute(problem, own.plan, own.weights), *got = execute(problem, own.plan, mapped);
    ck_assert(!memcmp(want, got, problem->outputs * sizeof *got));
    ck_assert_int_eq(nonet_weights_fill(mapped, own.plan, 0, problem->p.k, problem->w, problem->bias), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_weights_import(&none, own.plan, copy, bytes - 1), NONET_MISMATCH);
    ck_assert_int_eq(nonet_weights_import(&none, own.plan, copy, 5), NONET_MISMATCH);
    ck_assert_int_eq(nonet_weights_import(&none, own.plan, copy + 4, bytes), NONET_BAD_ARGUMENT);
    for (int i = 0; i < NONET_ALIGNMENT; i++) {
        copy[i] ^= 1;
        ck_assert_int_eq(nonet_weights_import(&none, own.plan, copy, bytes), NONET_MISMATCH);
        copy[i] ^= 1;
    }
    free(want);
    free(got);
    nonet_weights_destroy(mapped);
    free(copy);
    release(&own);
}

START_TEST(import_is_pack)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    sweep_random random = { support_seed() + (uint64_t)_i };
    support_problem problem;

    support_problem_make(&problem, &problems[_i], &random, SWEEP_UNIFORM);
    for (int i = 0; i < sets; i++)
        for (nonet_algo algo = NONET_DIRECT; algo < NONET_ALGO_COUNT; algo++)
            for (int bf16 = 0; bf16 < 2; bf16++)
                check_import(&problem, (nonet_options){ .algo = algo, .isa = isas[i], .threads = 1,
                                                        .fc_weights = bf16 ? NONET_FC_BF16 : NONET_FC_F32,
                                                        .weights = bf16 ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED });
    support_problem_free(&problem);
}
END_TEST

/* Nearest even, for numbers that are not NaN. */
static float rounded(float x)
{
    uint32_t bits, rest;

    memcpy(&bits, &x, sizeof bits);
    rest = bits & 0xffff;
    bits -= rest;
    if (rest > 0x8000 || (rest == 0x8000 && (bits & 0x10000)))
        bits += 0x10000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 3x3 of few channels is a first layer, not a fully connected one: nonet.h. */
static int takes_bf16(const nonet_conv *p)
{
    return !(p->r == 3 && p->s == 3 && p->c <= NONET_FEW_CHANNELS);
}

/* One problem with every batch: images are those of the largest, one after the other. */
static void check_bf16(nonet_conv p, sweep_random *random)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas), most = p.n;
    support_problem problem;

    support_problem_make(&problem, &p, random, SWEEP_UNIFORM);
    float *plain = problem.w, *want = malloc(problem.outputs * sizeof *want);
    problem.w = malloc(problem.weights * sizeof *plain);
    ck_assert(want && problem.w);
    for (size_t i = 0; i < problem.weights; i++)
        problem.w[i] = takes_bf16(&p) ? rounded(plain[i]) : plain[i];
    support_problem_solve(&problem, 1);
    packed exact = pack(&problem, (nonet_options){ .algo = NONET_DIRECT, .isa = NONET_ISA_C, .threads = 1 });
    float *reference = execute(&problem, exact.plan, exact.weights);
    double products = problem.p.c * (double)problem.p.r * problem.p.s + 32;
    for (size_t i = 0; i < problem.outputs; i++)
        ck_assert(fabs(reference[i] - problem.exact[i]) <= products * 0x1p-24 * (problem.size[i] + 1e-30));
    memcpy(problem.w, plain, problem.weights * sizeof *plain);
    for (int i = 0; i < 2 * sets; i++)
        for (int n = 1; n <= most; n = n < most && 2 * n > most ? most : 2 * n) {
            problem.p.n = n;
            packed some = pack(&problem, (nonet_options){ .algo = NONET_DIRECT, .isa = isas[i / 2], .threads = i % 2 + 1,
                                                          .fc_weights = NONET_FC_BF16 });
            float *got = execute(&problem, some.plan, some.weights);
            nonet_plan_info info;
            nonet_plan_query(some.plan, &info);
            support_need(!memcmp(got, reference, problem.outputs / (size_t)most * (size_t)n * sizeof *got),
                         "%s, batch %d of %d: other bits", info.kernel, n, most);
            free(got);
            release(&some);
        }
    problem.p.n = most;
    release(&exact);
    free(reference);
    free(want);
    free(plain);
    support_problem_free(&problem);
}

START_TEST(bf16_is_f32_of_rounded_weights)
{
    static const int channels[] = { NONET_FEW_CHANNELS, NONET_FEW_CHANNELS + 1, 150 };
    sweep_random random = { support_seed() };
    int count = support_count(6, 3);

    for (int i = 0; i < count; i++) {
        int side = i % 3 == 0 ? 1 : sweep_between(&random, 1, 7);
        nonet_conv p = { .n = i % 2 ? 40 : sweep_between(&random, 1, 33), .c = sweep_between(&random, 1, side > 2 ? 70 : 700),
                         .h = side, .w = side == 1 ? 1 : sweep_between(&random, 1, 4), .k = sweep_between(&random, 1, 90),
                         .stride = 1 };

        p.r = p.h;
        p.s = p.w;
        p.relu = i & 1;
        check_bf16(p, &random);
    }
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        nonet_conv three = { .n = 17, .c = channels[i], .h = 3, .w = 3, .k = 33, .r = 3, .s = 3, .stride = 1 };
        check_bf16(three, &random);
    }
}
END_TEST

/* ---- the container ---- */

enum { SIDE = 28 };

static float *scores(const char *path, const nonet_vgg_options *options, nonet_vgg_info *info)
{
    nonet_vgg *net = NULL;
    nonet_vgg_error err = { "" };
    static float x[SIDE * SIDE];
    float *out = calloc(10, sizeof *out);

    for (int i = 0; i < SIDE * SIDE; i++)
        x[i] = (float)(i * 37 % 101) / 101 - 0.3f;
    support_need(nonet_vgg_open(&net, path, options, &err) == NONET_VGG_OK, "%s", err.text);
    nonet_vgg_query(net, info);
    ck_assert_int_eq(info->out_c, 10);
    ck_assert_int_eq(nonet_vgg_forward(net, x, out, NULL, &err), NONET_VGG_OK);
    nonet_vgg_close(net);
    return out;
}

static void count_progress(void *context, double done)
{
    double *last = context;

    ck_assert(done >= *last && done <= 1);
    *last = done;
}

/* A copy of the file with one byte changed. */
static void damage(const char *from, const char *to, size_t at)
{
    size_t size;
    unsigned char *bytes = support_read(from, &size);
    FILE *f = fopen(to, "wb");

    ck_assert(bytes && f && at < size);
    bytes[at] ^= 0x40;
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
    free(bytes);
}

static size_t size_of(const char *path)
{
    size_t size = 0;
    free(support_read(path, &size));
    return size;
}

START_TEST(container)
{
    char dir[] = "/tmp/nonet_pack_XXXXXX", file[64], other[64];
    double last = 0;
    nonet_vgg_options o = { .progress = count_progress, .progress_context = &last }, plain = { .verify = 1 };
    nonet_vgg_error err = { "" };
    nonet_vgg_info info;
    nonet_vgg *net;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/p.nonet", dir);
    snprintf(other, sizeof other, "%s/q.nonet", dir);
    float *want = scores("data/fashion_vgg.nonet", &plain, &info);
    ck_assert_int_eq(info.mapped + info.unfit, 0);
    support_need(nonet_vgg_pack("data/fashion_vgg.nonet", file, &o, &err) == NONET_VGG_OK, "%s", err.text);
    ck_assert(last == 1);
    float *got = scores(file, &plain, &info);
    ck_assert_int_gt(info.mapped, 0);
    ck_assert_int_eq(info.unfit, 0);
    ck_assert(!memcmp(want, got, 10 * sizeof *got));
    free(got);
    /* Another class of machine: the tensors serve, with the same bits. */
    nonet_vgg_options portable = { .conv = { .isa = NONET_ISA_C } };
    if (nonet_isa_detected() != NONET_ISA_C) {
        got = scores(file, &portable, &info);
        ck_assert_int_eq(info.mapped, 0);
        ck_assert_int_gt(info.unfit, 0);
        ck_assert(!memcmp(want, got, 10 * sizeof *got));
        free(got);
    }
    /* Packing what is packed gives the same file; so does converting it, without the packed weights. */
    support_need(nonet_vgg_pack(file, other, NULL, &err) == NONET_VGG_OK, "%s", err.text);
    ck_assert_uint_eq(size_of(file), size_of(other));
    support_need(nonet_vgg_convert(file, other, NULL, &err) == NONET_VGG_OK, "%s", err.text);
    ck_assert_uint_lt(size_of(other), size_of(file));
    /* Damage to packed weights shows where everything is checked. */
    damage(file, other, size_of(file) - 100);
    ck_assert_int_eq(nonet_vgg_open(&net, other, &plain, &err), NONET_VGG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(err.text, "checksum of section"));
    ck_assert_int_eq(nonet_vgg_convert(other, file, NULL, &err), NONET_VGG_BAD_FILE);
    remove(file);
    remove(other);
    remove(dir);
    free(want);
}
END_TEST

/* No form asked for: the file's packed weights serve in the one that they have, which is not what the plans would take. Asked for
 * another one, the plain tensors serve. */
START_TEST(the_files_form)
{
    char dir[] = "/tmp/nonet_pack_XXXXXX", file[64];
    nonet_vgg_options expanded = { .conv = { .algo = NONET_WINOGRAD_F4, .weights = NONET_WEIGHTS_EXPANDED } };
    nonet_vgg_options any = { .conv = { .algo = NONET_WINOGRAD_F4 } }, other = any;
    nonet_vgg_error err = { "" };
    nonet_vgg_info info;

    other.conv.weights = NONET_WEIGHTS_PACKED;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/p.nonet", dir);
    float *want = scores("data/fashion_vgg.nonet", &any, &info);
    support_need(nonet_vgg_pack("data/fashion_vgg.nonet", file, &expanded, &err) == NONET_VGG_OK, "%s", err.text);
    for (int i = 0; i < 2; i++) {
        float *got = scores(file, i ? &other : &any, &info);
        ck_assert_int_gt(info.mapped, 0);
        ck_assert_int_eq(info.unfit > 0, i);
        ck_assert(!memcmp(want, got, 10 * sizeof *got));
        free(got);
    }
    remove(file);
    remove(dir);
    free(want);
}
END_TEST

/* The first layer's one channel: no Winograd, whatever is named. */
START_TEST(few_channels_are_direct)
{
    nonet_vgg_layer_info first, second;
    nonet_vgg_error err = { "" };
    nonet_vgg *net;

    for (nonet_algo algo = NONET_WINOGRAD_F2; algo <= NONET_WINOGRAD_F6; algo++) {
        nonet_vgg_options o = { .conv = { .algo = algo } };
        support_need(nonet_vgg_open(&net, "data/fashion_vgg.nonet", &o, &err) == NONET_VGG_OK, "%s", err.text);
        ck_assert_int_eq(nonet_vgg_layer(net, 0, &first), NONET_VGG_OK);
        ck_assert_int_eq(nonet_vgg_layer(net, 1, &second), NONET_VGG_OK);
        ck_assert_int_eq(first.plan.algo, NONET_DIRECT);
        ck_assert_int_eq(second.plan.algo, algo);
        nonet_vgg_close(net);
    }
}
END_TEST

/* A size that the layers do not take is the file's fault where it is recorded, the caller's where it is asked for. */
START_TEST(sizes_that_do_not_fit)
{
    char dir[] = "/tmp/nonet_pack_XXXXXX", file[64];
    nonet_vgg_options three = { .height = 3, .width = 3 };
    nonet_vgg_convert_options convert = { .height = 3, .width = 3 };
    nonet_vgg_error err = { "" };
    nonet_vgg *net;
    vgg_model model;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/p.nonet", dir);
    support_need(vgg_model_open(&model, "data/fashion_vgg.nonet", NULL, &err) == NONET_VGG_OK, "%s", err.text);
    model.h = model.w = 3;
    support_need(vgg_write_nonet(&model, NULL, 0, file, &err) == NONET_VGG_OK, "%s", err.text);
    vgg_model_clear(&model);
    ck_assert_int_eq(nonet_vgg_open(&net, file, NULL, &err), NONET_VGG_BAD_FILE);
    ck_assert_int_eq(nonet_vgg_open(&net, file, &three, &err), NONET_VGG_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "an input of 3x3 is too small"));
    remove(file);
    ck_assert_int_eq(nonet_vgg_convert("data/fashion_vgg.nonet", file, &convert, &err), NONET_VGG_USAGE);
    convert.height = convert.width = 64;        /* not too small, but nothing that the classifier takes */
    ck_assert_int_eq(nonet_vgg_convert("data/fashion_vgg.nonet", file, &convert, &err), NONET_VGG_USAGE);
    ck_assert_int_ne(remove(file), 0);
    ck_assert_int_eq(nonet_vgg_open(&net, "data/fashion_vgg.nonet", &(nonet_vgg_options){ .net = "vgg16" }, &err),
                     NONET_VGG_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "not those of vgg16"));
    remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pack");
    TCase *tests = tcase_create("pack");

    tcase_set_timeout(tests, 600);
    tcase_add_loop_test(tests, import_is_pack, 0, PROBLEMS);
    tcase_add_test(tests, bf16_is_f32_of_rounded_weights);
    tcase_add_test(tests, container);
    tcase_add_test(tests, the_files_form);
    tcase_add_test(tests, few_channels_are_direct);
    tcase_add_test(tests, sizes_that_do_not_fit);
    suite_add_tcase(suite, tests);
    return support_main(suite);
}
