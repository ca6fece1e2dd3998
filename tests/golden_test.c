/* golden_test.c - hashes of seeded outputs, recorded in tests/golden.txt: the same on every CPU, set, compiler and thread count.
 *
 * `golden_test --write FILE` records them (`make golden`). A line is: FNV-1a of the output's bytes, name. The inputs come from
 * splitmix64, so nothing but the numerics contract is in these numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nonet_vgg.h"
#include "tests/support.h"

static const nonet_conv shapes[] = {
    { 1, 3, 32, 32, 64, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 64, 16, 16, 64, 3, 3, 1, 1, 1, 1, NONET_NCHW, NONET_NCHW },
    { 2, 70, 13, 11, 33, 3, 3, 1, 1, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 256, 8, 8, 48, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 130, 7, 9, 17, 3, 3, 1, 0, 0, 1, NONET_NCHW, NONET_NCHW },
    { 1, 20, 15, 14, 35, 3, 3, 2, 1, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 2, 15, 14, 35, 3, 3, 2, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 1, 70, 12, 12, 40, 1, 1, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 24, 9, 8, 20, 7, 7, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 40, 7, 7, 50, 7, 7, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 4, 40, 7, 7, 50, 7, 7, 1, 0, 1, 0, NONET_NCHW, NONET_NCHW },
    { 1, 2000, 1, 1, 50, 1, 1, 1, 0, 0, 0, NONET_NCHW, NONET_NCHW },
    { 2, 48, 14, 14, 40, 3, 3, 1, 1, 1, 1, NONET_NCHW, NONET_NCHW },
    { 1, 33, 2, 10, 20, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], NETS = 2, ALGOS = 4, LINES = 64 };
static const nonet_algo algos[ALGOS] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4, NONET_WINOGRAD_F6 };

typedef struct line {
    uint64_t hash;
    char name[160];
} line;

static void convolution(int shape, nonet_algo algo, nonet_isa isa, int threads, line *to)
{
    sweep_random random = { 1234567 + (uint64_t)shape };
    support_bench bench = { .src = { 0 } };
    support_problem q;
    nonet_options o = { .algo = algo, .isa = isa, .threads = threads };
    char text[128];

    support_problem_make(&q, &shapes[shape], &random, SWEEP_RELU);
    float *out = support_run(&bench, &q, &o, &random);
    to->hash = support_hash(SUPPORT_HASH_START, out, q.outputs * sizeof *out);
    support_describe(&shapes[shape], text, sizeof text);
    snprintf(to->name, sizeof to->name, "%s %s", nonet_algo_name(algo), text);
    free(out);
    support_problem_free(&q);
    support_bench_free(&bench);
}

/* The first layers of a seeded VGG at a small size: LRN and the fused first layers are in them. */
static void network(int which, nonet_isa isa, int threads, line *to)
{
    static const char *const names[NETS] = { "vgg13", "vgg11-lrn" }, *const last[NETS] = { "conv3_2", "conv3_2" };
    nonet_vgg_options o = { .height = 32, .width = 32, .batch = 2, .last = last[which],
                            .conv = { .algo = NONET_AUTO, .isa = isa, .threads = threads } };
    nonet_vgg_error error = { "" };
    nonet_vgg_info info;
    nonet_vgg *net;
    sweep_random random = { 99 };

    support_need(!nonet_isa_limit(nonet_isa_name(isa)), "limit");
    nonet_vgg_status status = nonet_vgg_random(&net, names[which], 7, &o, &error);
    support_need(status == NONET_VGG_OK, "%s: %s", names[which], error.text);
    nonet_vgg_query(net, &info);
    size_t inputs = (size_t)info.batch * info.c * info.h * info.w,
           outputs = (size_t)info.batch * info.out_c * info.out_h * info.out_w;
    float *src = malloc(inputs * sizeof *src), *dst = malloc(outputs * sizeof *dst);
    support_need(src && dst, "no memory");
    sweep_fill(&random, src, inputs, SWEEP_UNIFORM);
    support_need(!nonet_vgg_forward(net, src, dst, NULL, &error), "%s", error.text);
    to->hash = support_hash(SUPPORT_HASH_START, dst, outputs * sizeof *dst);
    snprintf(to->name, sizeof to->name, "network %s to %s, 2 x %dx%d", names[which], last[which], info.h, info.w);
    free(src);
    free(dst);
    nonet_vgg_close(net);
    nonet_isa_limit(NULL);
}

static int all_lines(nonet_isa isa, int threads, line lines[LINES])
{
    int count = 0;

    for (int i = 0; i < SHAPES; i++)
        for (int j = 0; j < ALGOS; j++)
            if (j == 0 || (shapes[i].r == 3 && shapes[i].stride == 1))
                convolution(i, algos[j], isa, threads, &lines[count++]);
    for (int i = 0; i < NETS; i++)
        network(i, isa, threads, &lines[count++]);
    return count;
}

/* The recorded hash of a name; 0 when there is none. */
static uint64_t recorded(const char *name)
{
    char text[256];
    uint64_t hash = 0;
    FILE *file = fopen("tests/golden.txt", "r");

    support_need(file != NULL, "tests/golden.txt cannot be read: run from the project's root");
    while (!hash && fgets(text, sizeof text, file)) {
        text[strcspn(text, "\n")] = 0;
        if (strlen(text) > 17 && !strcmp(text + 17, name))
            hash = strtoull(text, NULL, 16);
    }
    fclose(file);
    return hash;
}

START_TEST(every_set_gives_the_recorded_bits)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int threads = _i % 2 + 1;
    static line lines[LINES];

    support_isas(isas);
    int count = all_lines(isas[_i / 2], threads, lines);
    for (int i = 0; i < count; i++)
        support_need(recorded(lines[i].name) == lines[i].hash, "%s, %d threads: %s gives %016llx, not %016llx",
                     nonet_isa_name(isas[_i / 2]), threads, lines[i].name, (unsigned long long)lines[i].hash,
                     (unsigned long long)recorded(lines[i].name));
}
END_TEST

static const char *write_path;

/* Recording is a test too: the helpers may only be called from one. */
START_TEST(record)
{
    static line lines[LINES];
    int count = all_lines(NONET_ISA_C, 1, lines);
    FILE *file = fopen(write_path, "w");

    ck_assert_msg(file != NULL, "%s cannot be written", write_path);
    for (int i = 0; i < count; i++)
        fprintf(file, "%016llx %s\n", (unsigned long long)lines[i].hash, lines[i].name);
    ck_assert_int_eq(fclose(file), 0);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("hashes");
    nonet_isa isas[NONET_ISA_COUNT];

    tcase_set_timeout(tcase, 0);
    if (argc == 3 && !strcmp(argv[1], "--write")) {
        write_path = argv[2];
        tcase_add_test(tcase, record);
    } else {
        tcase_add_loop_test(tcase, every_set_gives_the_recorded_bits, 0, 2 * support_isas(isas));
    }
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
