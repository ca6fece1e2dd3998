/* model_test.c - whole networks on real data: the trained Fashion-MNIST network from every format, by every algorithm and set; the
 * first layers of the trained VGG-16 against published activations; ONNX's own VGG-19. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nonet_vgg.h"
#include "tests/support.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, PICTURES = 10000, BATCH = 50, RIGHT = 9323 };
static const nonet_algo algos[] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4 };

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

/* Opens a file of ../shared/data or of the project; NULL with a line when the build lacks what it takes. */
static nonet_vgg *open_net(const char *test, const char *path, const char *feature, const nonet_vgg_options *options)
{
    nonet_vgg_error error = { "" };
    nonet_vgg *net = NULL;

    if (feature && !strstr(NONET_FEATURES, feature)) {
        char why[128];
        snprintf(why, sizeof why, "built without %s", feature);
        support_skip(test, why);
        return NULL;
    }
    nonet_vgg_status status = nonet_vgg_open(&net, path, options, &error);
    support_need(status == NONET_VGG_OK, "%s: %s", path, error.text);
    return net;
}

/* The logits of the first `count` pictures. */
static float *logits(nonet_vgg *net, int count)
{
    float *out = malloc(sizeof *out * CLASSES * (size_t)count), some[BATCH * CLASSES];
    nonet_vgg_info info;
    nonet_vgg_error error = { "" };

    nonet_vgg_query(net, &info);
    support_need(out && info.batch == BATCH && info.c == 1 && info.h == SIDE && info.w == SIDE && info.out_c == CLASSES, "not 1x28x28");
    for (int i = 0; i < count; i += BATCH) {
        int first = i + BATCH <= PICTURES ? i : PICTURES - BATCH;

        support_need(!nonet_vgg_forward(net, fashion.x + (size_t)first * PIXELS, some, NULL, &error), "%s", error.text);
        memcpy(out + (size_t)i * CLASSES, some, sizeof *out * CLASSES * (size_t)(count - i < BATCH ? count - i : BATCH));
    }
    return out;
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

        support_need(label == fashion.predicted[i], "%s: picture %d is class %d, recorded is %d", what, i, label, fashion.predicted[i]);
        right += label == fashion.truth[8 + i];
    }
    support_need(count < PICTURES || right == RIGHT, "%s: %d right of 10,000, not %d", what, right, RIGHT);
    printf("%s: %d pictures, %d right, every label as recorded\n", what, count, right);
}

/* Portable C takes hundreds of times longer: it gets fewer pictures unless NONET_TEST_FULL is set. Its logits must be those of the
 * vector sets bit for bit (one_logit_for_all), so its labels are theirs. */
static int pictures_for(nonet_isa isa)
{
    int count = (int)(PICTURES * support_scale());

    count = count > PICTURES ? PICTURES : count;
    if (isa == NONET_ISA_C && !getenv("NONET_TEST_FULL"))
        count = count > 300 ? 300 : count;
    return count < BATCH ? BATCH : count;
}

START_TEST(every_label)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    const char *path = "data/fashion_vgg.nonet";
    char what[64];

    if (_i / 3 >= sets || skip_fashion("every_label"))
        return;
    nonet_vgg_options o = { .batch = BATCH, .conv = { algos[_i % 3], isas[_i / 3], 0 } };
    snprintf(what, sizeof what, "%s %s", nonet_algo_name(o.conv.algo), nonet_isa_name(o.conv.isa));
    nonet_vgg *net = open_net("every_label", path, NULL, &o);
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
    for (int i = 0; i < 2 * sets; i++) {
        nonet_vgg_options o = { .batch = BATCH, .conv = { algos[_i], isas[i / 2], i % 2 + 1 } };
        nonet_vgg *net = open_net("one_logit_for_all", "data/fashion_vgg.nonet", NULL, &o);
        float *scores = logits(net, 2 * BATCH);

        support_need(!first || !memcmp(first, scores, sizeof *scores * 2 * BATCH * CLASSES), "%s, %d threads: other bits",
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
    nonet_vgg_options o = { .batch = BATCH, .conv = { algos[_i], NONET_ISA_AUTO, 0 } };
    double most = 0, worst = 0, *want;
    size_t size;

    if (skip_fashion("logits_are_near"))
        return;
    unsigned char *file = support_read(path, &size);
    ck_assert_uint_ge(size, 256 * CLASSES * 8);
    want = malloc(256 * CLASSES * sizeof *want);
    memcpy(want, file + size - 256 * CLASSES * 8, 256 * CLASSES * 8);
    nonet_vgg *net = open_net("logits_are_near", "data/fashion_vgg.nonet", NULL, &o);
    float *scores = logits(net, 256);
    for (int i = 0; i < 256 * CLASSES; i++) {
        most = fmax(most, fabs(want[i]));
        worst = fmax(worst, fabs(want[i] - (double)scores[i]));
    }
    ck_assert_msg(worst <= 4e-6 * most, "%s: a logit is %.3g off, the largest is %.3g", nonet_algo_name(o.conv.algo), worst, most);
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
    int count = formats[_i].folded ? 2 * BATCH : pictures_for(NONET_ISA_AUTO);
    nonet_vgg *net = open_net(what, path, formats[_i].feature, &o);
    if (!net)
        return;
    o.last = NULL;
    nonet_vgg *bundled = open_net(what, "data/fashion_vgg.nonet", NULL, &o);
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

/* ---- The trained VGG-16's first layers ---- */
static float *read_npy(const char *path, size_t floats)
{
    size_t size;
    unsigned char *file = support_read(path, &size);
    float *data = malloc(floats * sizeof *data);

    support_need(file && data && size >= floats * sizeof *data, "%s cannot be read", path);
    memcpy(data, file + size - floats * sizeof *data, floats * sizeof *data);
    free(file);
    return data;
}

/* The 6x6x6 published values of a layer: [y][x][channel] at the indices 0, 1, 2, -3, -2, -1. */
static void published(const char *json, const char *layer, double value[216])
{
    char key[32];

    snprintf(key, sizeof key, "\"%s\"", layer);
    const char *at = strstr(json, key);
    support_need(at && (at = strstr(at, "\"values\"")) && (at = strchr(at, '[')), "%s is not in the JSON", layer);
    for (int i = 0; i < 216; i++) {
        char *end;

        at += strspn(at, "[], \n");
        value[i] = strtod(at, &end);
        support_need(end != at, "%s: value %d is not a number", layer, i);
        at = end;
    }
}

static void check_layer(const char *model, const char *layer, const float *src, const char *json, nonet_options conv)
{
    nonet_vgg_options o = { .height = 224, .width = 224, .last = layer, .conv = conv };
    nonet_vgg_error error = { "" };
    nonet_vgg_info info;
    double want[216], most = 0, worst = 0;
    nonet_vgg *net = open_net("published_activations", model, strstr(model, ".onnx") ? "protobuf" : "cjson", &o);

    if (!net)
        return;
    published(json, layer, want);
    nonet_vgg_query(net, &info);
    size_t outputs = (size_t)info.out_c * info.out_h * info.out_w;
    float *out = malloc(outputs * sizeof *out);
    support_need(out && !nonet_vgg_forward(net, src, out, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < outputs; i++)
        most = fmax(most, (double)out[i]);
    for (int i = 0; i < 216; i++) {
        int y = i / 36 % 6, x = i / 6 % 6, c = i % 6;

        y = y < 3 ? y : info.out_h - 6 + y;
        x = x < 3 ? x : info.out_w - 6 + x;
        c = c < 3 ? c : info.out_c - 6 + c;
        worst = fmax(worst, fabs(want[i] - (double)out[((size_t)c * info.out_h + y) * info.out_w + x]));
    }
    support_need(worst <= 1e-5 * most, "%s %s %s: %.3g off, of a maximum of %.3g", layer, nonet_algo_name(conv.algo),
                 nonet_isa_name(conv.isa), worst, most);
    printf("%s %s %s: within %.2g of the maximum\n", layer, nonet_algo_name(conv.algo), nonet_isa_name(conv.isa), worst / most);
    free(out);
    nonet_vgg_close(net);
}

START_TEST(published_activations)
{
    static const char *const layers[] = { "conv1_1", "conv1_2", "conv2_1", "conv2_2" };
    const char *tensors = support_data("vgg16-real/vgg16_conv1_1_to_conv2_2.safetensors");
    const char *picture = support_data("vgg16-real/persian_cat_bgr_chw.npy"), *text = support_data("vgg16-real/persian_cat_published.json");
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    size_t size;

    if (_i >= 3 * sets)
        return;
    if (!tensors || !picture || !text) {
        support_skip("published_activations", "../shared/data is absent");
        return;
    }
    if (support_scale() < 0.1 && _i) {
        support_skip("published_activations", "scale below 0.1: one algorithm and set only");
        return;
    }
    float *src = read_npy(picture, (size_t)3 * 224 * 224);
    char *json = (char *)support_read(text, &size);
    ck_assert_ptr_nonnull(json);
    json[size] = 0;
    for (int i = 0; i < 4; i++)
        check_layer(tensors, layers[i], src, json, (nonet_options){ algos[_i % 3], isas[_i / 3], 0 });
    free(src);
    free(json);
}
END_TEST

/* The ONNX file of the same layers gives the bits of the safetensors file. */
START_TEST(real_layers_from_onnx)
{
    const char *tensors = support_data("vgg16-real/vgg16_conv1_1_to_conv2_2.safetensors");
    const char *onnx = support_data("vgg16-real/vgg16_conv1_1_to_conv2_2.onnx");
    nonet_vgg_options o = { .height = 32, .width = 40 };
    sweep_random random = { support_seed() };
    float src[3 * 32 * 40], *out[2] = { NULL, NULL };
    nonet_vgg_info info;
    nonet_vgg *net = NULL;

    if (!tensors || !onnx) {
        support_skip("real_layers_from_onnx", "../shared/data is absent");
        return;
    }
    sweep_fill(&random, src, 3 * 32 * 40, SWEEP_UNIFORM);
    o.last = "conv2_2";
    for (int i = 0; i < 2; i++) {
        if (!(net = open_net("real_layers_from_onnx", i ? onnx : tensors, i ? "protobuf" : "cjson", &o)))
            break;
        nonet_vgg_query(net, &info);
        out[i] = calloc((size_t)info.out_c * info.out_h * info.out_w, sizeof(float));
        ck_assert_int_eq(nonet_vgg_forward(net, src, out[i], NULL, NULL), NONET_VGG_OK);
        nonet_vgg_close(net);
    }
    if (out[0] && out[1])
        ck_assert_int_eq(memcmp(out[0], out[1], sizeof(float) * (size_t)info.out_c * info.out_h * info.out_w), 0);
    free(out[0]);
    free(out[1]);
}
END_TEST

/* ONNX's VGG-19 with constant weights: its recorded output is a protobuf whose last 4000 bytes are the 1000 floats. */
START_TEST(onnx_light)
{
    const char *model = support_data("onnx-light/light_vgg19.onnx"), *answer = support_data("onnx-light/light_vgg19_output_0.pb");
    size_t inputs = (size_t)3 * 224 * 224, size;
    nonet_vgg_error error = { "" };
    float got[1000], want[1000];
    sweep_random random = { 5 };

    if (!model || !answer || support_scale() < 0.9) {
        support_skip("onnx_light", model ? "scale below 0.9: it is a whole VGG-19" : "../shared/data is absent");
        return;
    }
    nonet_vgg *net = open_net("onnx_light", model, "protobuf", &(nonet_vgg_options){ .batch = 1 });
    if (!net)
        return;
    float *src = malloc(inputs * sizeof *src);
    unsigned char *file = support_read(answer, &size);
    ck_assert(src && file && size > 4000);
    memcpy(want, file + size - 4000, 4000);
    sweep_fill(&random, src, inputs, SWEEP_UNIFORM);
    ck_assert_msg(!nonet_vgg_forward(net, src, got, NULL, &error), "%s", error.text);
    for (int i = 0; i < 1000; i++)
        support_need(fabsf(got[i] - want[i]) <= 1e-6f * want[i], "class %d is %.9g, not %.9g", i, (double)got[i], (double)want[i]);
    free(src);
    free(file);
    nonet_vgg_close(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("networks");

    load_fashion();
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, every_label, 0, 3 * (NONET_ISA_COUNT - 2));
    tcase_add_loop_test(tcase, one_logit_for_all, 0, 3);
    tcase_add_loop_test(tcase, logits_are_near, 0, 3);
    tcase_add_loop_test(tcase, every_format, 0, FORMATS);
    tcase_add_loop_test(tcase, published_activations, 0, 3 * (NONET_ISA_COUNT - 2));
    tcase_add_test(tcase, real_layers_from_onnx);
    tcase_add_test(tcase, onnx_light);
    suite_add_tcase(suite, tcase);
    int status = support_main(suite);
    free(fashion.x);
    free(fashion.truth);
    free(fashion.predicted);
    return status;
}
