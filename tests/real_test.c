/* real_test.c - the first layers of the trained VGG-16 against published activations; ONNX's own VGG-19. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nonet_vgg.h"
#include "tests/support.h"

/* The last is what small scales run. */
static const nonet_algo algos[] = { NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F6, NONET_WINOGRAD_F4 };
enum { ALGOS = sizeof algos / sizeof algos[0] };

static double larger(double a, double b)
{
    return b > a ? b : a;
}

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
    nonet_vgg *net = support_open("published_activations", model, strstr(model, ".onnx") ? "protobuf" : "cjson", &o);

    if (!net)
        return;
    published(json, layer, want);
    nonet_vgg_query(net, &info);
    size_t outputs = (size_t)info.out_c * info.out_h * info.out_w;
    float *out = malloc(outputs * sizeof *out);
    support_need(out && !nonet_vgg_forward(net, src, out, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < outputs; i++)
        most = larger(most, (double)out[i]);
    for (int i = 0; i < 216; i++) {
        int y = i / 36 % 6, x = i / 6 % 6, c = i % 6;

        y = y < 3 ? y : info.out_h - 6 + y;
        x = x < 3 ? x : info.out_w - 6 + x;
        c = c < 3 ? c : info.out_c - 6 + c;
        worst = larger(worst, fabs(want[i] - (double)out[((size_t)c * info.out_h + y) * info.out_w + x]));
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
    const char *picture = support_data("vgg16-real/persian_cat_bgr_chw.npy"),
               *text = support_data("vgg16-real/persian_cat_published.json");
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    size_t size;

    if (!tensors || !picture || !text) {
        support_skip("published_activations", "../shared/data is absent");
        return;
    }
    if (support_scale() < 0.5 && (isas[_i / ALGOS] == NONET_ISA_C || (support_scale() < 0.1 && _i != ALGOS * sets - 1))) {
        support_skip("published_activations",
                     "small scale: neither portable C, nor below 0.1 more than one algorithm and two layers");
        return;
    }
    float *src = read_npy(picture, (size_t)3 * 224 * 224);
    char *json = (char *)support_read(text, &size);
    ck_assert_ptr_nonnull(json);
    json[size] = 0;
    for (int i = 0; i < (support_scale() < 0.1 ? 2 : 4); i++)
        check_layer(tensors, layers[i], src, json, (nonet_options){ .algo = algos[_i % ALGOS], .isa = isas[_i / ALGOS] });
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
        if (!(net = support_open("real_layers_from_onnx", i ? onnx : tensors, i ? "protobuf" : "cjson", &o)))
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
    nonet_vgg *net = support_open("onnx_light", model, "protobuf", &(nonet_vgg_options){ .batch = 1 });
    if (!net)
        return;
    float *src = malloc(inputs * sizeof *src);
    unsigned char *file = support_read(answer, &size);
    ck_assert(src && file && size > 4000);
    memcpy(want, file + size - 4000, 4000);
    sweep_fill(&random, src, inputs, SWEEP_UNIFORM);
    ck_assert_msg(!nonet_vgg_forward(net, src, got, NULL, &error), "%s", error.text);
    for (int i = 0; i < 1000; i++)
        support_need(fabsf(got[i] - want[i]) <= 1e-6f * want[i], "class %d is %.9g, not %.9g", i, (double)got[i],
                     (double)want[i]);
    free(src);
    free(file);
    nonet_vgg_close(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real");
    TCase *tcase = tcase_create("networks");
    nonet_isa isas[NONET_ISA_COUNT];

    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, published_activations, 0, ALGOS * support_isas(isas));
    tcase_add_test(tcase, real_layers_from_onnx);
    tcase_add_test(tcase, onnx_light);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
