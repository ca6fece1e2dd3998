/* model_test.c - the trained Fashion-MNIST network on its 10,000 test pictures: from every format, by every algorithm and set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nonet_vgg.h"
#include "tests/support.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, PICTURES = 10000, BATCH = 10, RIGHT = 9323 };
static const nonet_algo algos[] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4, NONET_WINOGRAD_F6 };
enum { ALGOS = sizeof algos / sizeof algos[0] };

/* ---- Fashion-MNIST's test pictures, prepared as expected.json says; loaded before any test, shared by all ---- */
static struct {
    float *x;
    unsigned char *truth, *predicted;
    const char *missing;        /* why the tests are skipped */
} fashion;

static unsigned char *idx(const char *path, size_t header, size_t want)
{
    size_t size;
    unsigned char *data = support_read(path, &size);

    if (!data)
        fashion.missing = size == 1 ? "built without zlib" : "Debian's dataset-fashion-mnist is not installed";
    else if (size != header + want)
        fashion.missing = "dataset-fashion-mnist has another size";
    return data;
}

static void load_fashion(void)
{
    const char *predicted = support_data("fashion-vgg/t10k_predicted_labels.u8");
    size_t size;
    unsigned char *pixels = idx("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz", 16, PICTURES * PIXELS);

    fashion.truth = idx("/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz", 8, PICTURES);
    fashion.predicted = predicted ? support_read(predicted, &size) : NULL;
    if (!fashion.predicted)
        fashion.missing = "../shared/data is absent";
    fashion.x = malloc(sizeof *fashion.x * PICTURES * PIXELS);
    for (int i = 0; !fashion.missing && fashion.x && i < PICTURES * PIXELS; i++)
        fashion.x[i] = ((float)pixels[16 + i] / 255.0f - 0.286f) / 0.353f;
    free(pixels);
}

static int skip_fashion(const char *test)
{
    if (fashion.missing)
        support_skip(test, fashion.missing);
    return fashion.missing != NULL;
}

/* The logits of the first `count` pictures, a multiple of BATCH. */
static float *logits(nonet_vgg *net, int count)
{
    float *out = malloc(sizeof *out * CLASSES * (size_t)count);
    nonet_vgg_info info;
    nonet_vgg_error error = { "" };

    nonet_vgg_query(net, &info);
    support_need(out && info.batch == BATCH && info.c == 1 && info.h == SIDE && info.w == SIDE && info.out_c == CLASSES,
                 "not 1x28x28");
    for (int i = 0; i < count; i += BATCH)
        support_need(!nonet_vgg_forward(net, fashion.x + (size_t)i * PIXELS, out + (size_t)i * CLASSES, NULL, &error), "%s",
                     error.text);
    return out;
}

/* Not fmax: GCC 12 for AArch64 fails on its reduction in these loops. */
static double larger(double a, double b)
{
    return b > a ? b : a;
}

static int best(const float *scores)
{
    int top = 0;

    for (int i = 1; i < CLASSES; i++)
        top = scores[i] > scores[top] ? i : top;
    return top;
}

static void check_labels(const float *scores, int count, const char *what)
{
    int right = 0;

    for (int i = 0; i < count; i++) {
        int label = best(scores + (size_t)i * CLASSES);

        support_need(label == fashion.predicted[i], "%s: picture %d is class %d, recorded is %d", what, i, label,
                     fashion.predicted[i]);
        right += label == fashion.truth[8 + i];
    }
    support_need(count < PICTURES || right == RIGHT, "%s: %d right of 10,000, not %d", what, right, RIGHT);
    printf("%s: %d pictures, %d right, every label as recorded\n", what, count, right);
}

/* Whole batches. */
static int batches(double pictures)
{
    int count = (int)(pictures / BATCH) * BATCH;

    return count < BATCH ? BATCH : count > PICTURES ? PICTURES : count;
}

/* Portable C takes hundreds of times longer: it gets fewer pictures unless NONET_TEST_FULL is set. Its logits must be those of
 * the vector sets bit for bit (one_logit_for_all), so its labels are theirs. Scales below 0.1 are for emulators and sanitizers.
 */
static int pictures_for(nonet_isa isa)
{
    if (support_scale() < 0.1)
        return batches(support_scale() * (isa == NONET_ISA_C ? 200 : 400));
    if (isa == NONET_ISA_C && !getenv("NONET_TEST_FULL"))
        return batches(support_scale() * 300);
    return batches(support_scale() * PICTURES);
}

START_TEST(every_label)
{
    nonet_isa isas[NONET_ISA_COUNT];
    const char *path = "data/fashion_vgg.nonet";
    char what[64];

    support_isas(isas);
    if (skip_fashion("every_label"))
        return;
    nonet_vgg_options o = { .batch = BATCH, .conv = { .algo = algos[_i % ALGOS], .isa = isas[_i / ALGOS] } };
    snprintf(what, sizeof what, "%s %s", nonet_algo_name(o.conv.algo), nonet_isa_name(o.conv.isa));
    nonet_vgg *net = support_open("every_label", path, NULL, &o);
    int count = pictures_for(o.conv.isa);
    float *scores = logits(net, count);
    check_labels(scores, count, what);
    free(scores);
    nonet_vgg_close(net);
}
END_TEST

START_TEST(one_logit_for_all)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    float *first = NULL;

    if (skip_fashion("one_logit_for_all"))
        return;
    int count = batches(support_scale() * 100);
    for (int i = 0; i < 2 * sets; i++) {
        nonet_vgg_options o = { .batch = BATCH, .conv = { .algo = algos[_i], .isa = isas[i / 2], .threads = i % 2 + 1 } };
        nonet_vgg *net = support_open("one_logit_for_all", "data/fashion_vgg.nonet", NULL, &o);
        float *scores = logits(net, count);

        support_need(!first || !memcmp(first, scores, sizeof *scores * CLASSES * (size_t)count), "%s, %d threads: other bits",
                     nonet_isa_name(isas[i / 2]), i % 2 + 1);
        nonet_vgg_close(net);
        if (first)
            free(scores);
        else
            first = scores;
    }
    free(first);
}
END_TEST

/* Logits in double, recorded when the network was trained. */
START_TEST(logits_are_near)
{
    const char *path = support_data("fashion-vgg/t10k_logits_first256_f64.npy");
    nonet_vgg_options o = { .batch = BATCH, .conv = { .algo = algos[_i] } };
    double most = 0, worst = 0, *want;
    size_t size;

    if (skip_fashion("logits_are_near"))
        return;
    unsigned char *file = support_read(path, &size);
    ck_assert_uint_ge(size, 256 * CLASSES * 8);
    want = malloc(256 * CLASSES * sizeof *want);
    memcpy(want, file + size - 256 * CLASSES * 8, 256 * CLASSES * 8);
    nonet_vgg *net = support_open("logits_are_near", "data/fashion_vgg.nonet", NULL, &o);
    int count = batches(support_scale() < 0.1 ? 10 : 250);
    float *scores = logits(net, count);
    for (int i = 0; i < count * CLASSES; i++) {
        most = larger(most, fabs(want[i]));
        worst = larger(worst, fabs(want[i] - (double)scores[i]));
    }
    ck_assert_msg(worst <= 4e-6 * most, "%s: a logit is %.3g off, the largest is %.3g", nonet_algo_name(o.conv.algo), worst,
                  most);
    printf("%s: logits within %.2g of the largest\n", nonet_algo_name(o.conv.algo), worst / most);
    free(file);
    free(want);
    free(scores);
    nonet_vgg_close(net);
}
END_TEST

/* ---- The same network from every format ---- */
static const struct {
    const char *file, *feature;
    int folded;                 /* BatchNorm is folded in the file: the same bits as the others */
    const char *last;           /* the file ends in soft-max: stop at the logits */
} formats[] = {
    { "fashion-vgg/fashion_vgg.safetensors", "cjson", 1, NULL },
    { "fashion-vgg/fashion_vgg.pth", "zip", 1, NULL },
    { "fashion-vgg/fashion_vgg_legacy.pth", NULL, 1, NULL },
    { "fashion-vgg/fashion_vgg.onnx", "protobuf", 1, NULL },
    { "fashion-vgg/fashion_vgg.caffemodel", "protobuf", 1, "fc7" },
    { "fashion-vgg/fashion_vgg_v1.caffemodel", "protobuf", 1, "fc7" },
    { "fashion-vgg/fashion_vgg_bn.pth", "zip", 0, NULL },
    { "fashion-vgg/fashion_vgg_bn.onnx", "protobuf", 0, NULL },
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

START_TEST(every_format)
{
    nonet_vgg_options o = { .batch = BATCH, .last = formats[_i].last };
    const char *path = support_data(formats[_i].file);
    char what[128];

    snprintf(what, sizeof what, "every_format %s", formats[_i].file);
    if (skip_fashion(what))
        return;
    int count = formats[_i].folded ? batches(support_scale() * 100) : pictures_for(NONET_ISA_AUTO);
    nonet_vgg *net = support_open(what, path, formats[_i].feature, &o);
    if (!net)
        return;
    o.last = NULL;
    nonet_vgg *bundled = support_open(what, "data/fashion_vgg.nonet", NULL, &o);
    float *got = logits(net, count), *want = logits(bundled, count);
    if (formats[_i].folded)
        ck_assert_msg(!memcmp(got, want, sizeof *got * CLASSES * (size_t)count), "%s: other bits", path);
    check_labels(got, count, what);
    free(got);
    free(want);
    nonet_vgg_close(net);
    nonet_vgg_close(bundled);
}
END_TEST

/* ---- a batch whose early layers run image by image ---- */

enum { IMAGES = 3, MAP = 64 };
static const char *const ends[] = { "conv1_1", "norm1", "pool1", "conv2_1", "conv3_1" };

static float *forward_random(const char *last, int batch, const float *x, size_t *floats, double *seconds)
{
    nonet_vgg_options o = { .batch = batch, .height = MAP, .width = MAP, .last = last, .conv = { .threads = 2 } };
    nonet_vgg_error error = { "" };
    nonet_vgg_info info;
    nonet_vgg *net;

    support_need(nonet_vgg_random(&net, "vgg11-lrn", 5, &o, &error) == NONET_VGG_OK, "%s", error.text);
    nonet_vgg_query(net, &info);
    *floats = (size_t)info.out_c * (size_t)info.out_h * (size_t)info.out_w;
    float *out = malloc(*floats * IMAGES * sizeof *out);
    support_need(out && info.layers <= 8, "%s", last);
    for (int n = 0; n < IMAGES; n += batch)
        support_need(nonet_vgg_forward(net, x + (size_t)n * 3 * MAP * MAP, out + (size_t)n * *floats, seconds, &error) ==
                     NONET_VGG_OK,
                     "%s", error.text);
    nonet_vgg_close(net);
    return out;
}

START_TEST(a_batch_is_its_images)
{
    static float x[IMAGES * 3 * MAP * MAP];
    double seconds[8];
    size_t floats;

    for (int i = 0; i < IMAGES * 3 * MAP * MAP; i++)
        x[i] = (float)(i * 7 % 255) / 64 - 2;
    float *together = forward_random(ends[_i], IMAGES, x, &floats, seconds);
    float *alone = forward_random(ends[_i], 1, x, &floats, NULL);
    support_need(!memcmp(together, alone, IMAGES * floats * sizeof *alone), "%s: a batch gives other bits than its images",
                 ends[_i]);
    support_need(memcmp(alone, alone + floats, floats * sizeof *alone), "%s: two images give the same map", ends[_i]);
    ck_assert(seconds[0] > 0 && seconds[0] < 1e3);
    free(together);
    free(alone);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("networks");
    nonet_isa isas[NONET_ISA_COUNT];

    load_fashion();
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, every_label, 0, ALGOS * support_isas(isas));
    tcase_add_loop_test(tcase, one_logit_for_all, 0, ALGOS);
    tcase_add_loop_test(tcase, logits_are_near, 0, ALGOS);
    tcase_add_loop_test(tcase, every_format, 0, FORMATS);
    tcase_add_loop_test(tcase, a_batch_is_its_images, 0, (int)(sizeof ends / sizeof ends[0]));
    suite_add_tcase(suite, tcase);
    int status = support_main(suite);
    free(fashion.x);
    free(fashion.truth);
    free(fashion.predicted);
    return status;
}
