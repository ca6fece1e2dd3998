/* features_test.c - rows of features, as the paper's appendix B has them: random networks and the trained Fashion-MNIST one
 * against reference/ in double; and pictures encoded as PNG, which pages hold, against the decoder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/support.h"
#include "tests/support_net.h"
#include "vgg/descriptor.h"

static const char fashion[] = "data/fashion_vgg.nonet";
#define CLOSE 1e-5
enum { WIDEST = 4096 };

/* ---- the same in double ---- */

/* One view of a picture, pooled: adds to `row`. */
static int add_view(const vgg_model *m, const uint8_t *pixels, int h, int w, int flip, const char *layer,
                    const vgg_descriptor *how, double *row)
{
    float *x = support_net_cut(m, pixels, w, 0, 0, h, w, flip);
    support_map map = support_net_run(m, x, h, w, layer);
    int channels = map.c, positions = map.h * map.w;

    for (int c = 0; c < channels; c++) {
        double sum = 0, most = -INFINITY;
        for (int i = 0; i < positions; i++) {
            sum += map.x[c * positions + i] / positions;
            most = fmax(most, map.x[c * positions + i]);
        }
        row[c] += (how->max_pool ? most : sum) / (1 + how->flip);
    }
    free(x);
    free(map.x);
    return channels;
}

/* The row of one scale; returns its width. */
static int reference_scale(const vgg_model *m, const vgg_picture *p, int scale, const char *layer, const vgg_descriptor *how,
                           double *row)
{
    int least = p->w < p->h ? p->w : p->h, width = 0;
    int w = (int)floor((double)p->w * scale / least + 0.5), h = (int)floor((double)p->h * scale / least + 0.5);
    vgg_window all = { w, h, 0, 0, w, h };
    uint8_t *pixels = malloc((size_t)(w * h * m->c));

    support_need(vgg_resize(p, &all, pixels, NULL) == NONET_VGG_OK, "resize");
    for (int flip = 0; flip <= how->flip; flip++)
        width = add_view(m, pixels, h, w, flip, layer, how, row);
    free(pixels);
    return width;
}

/* Returns how many numbers there are. */
static int reference_row(const vgg_model *m, const vgg_picture *p, const char *layer, const vgg_descriptor *how, double *row)
{
    double length = 0;
    int width = 0, total = 0;

    for (int s = 0; s < how->scales; s++) {
        double *one = calloc(WIDEST, sizeof *one);
        width = reference_scale(m, p, how->scale[s], layer, how, one);
        for (int i = 0; i < width; i++)
            switch (how->across) {
            case VGG_ACROSS_STACK: row[s * width + i] = one[i]; break;
            case VGG_ACROSS_MAX: row[i] = s ? fmax(row[i], one[i]) : one[i]; break;
            default: row[i] = (s ? row[i] : 0) + one[i] / how->scales;
            }
        free(one);
    }
    total = how->across == VGG_ACROSS_STACK ? width * how->scales : width;
    for (int i = 0; i < total; i++)
        length += row[i] * row[i];
    for (int i = 0; i < total && how->l2 && length > 0; i++)
        row[i] /= sqrt(length);
    return total;
}

/* ---- rows ---- */

static nonet_vgg *open_net(const char *path, const char *layer, const nonet_options *conv)
{
    nonet_vgg_options o = { .dense = 1, .last = layer, .conv = *conv };
    nonet_vgg_error err = { "" };
    nonet_vgg *net = NULL;

    support_need(nonet_vgg_open(&net, path, &o, &err) == NONET_VGG_OK, "%s", err.text);
    return net;
}

static float *describe(nonet_vgg *net, const vgg_descriptor *how, vgg_picture *p, int *width)
{
    nonet_vgg_info info;
    nonet_vgg_error err = { "" };

    nonet_vgg_query(net, &info);
    vgg_prepare prepare = { info.kind, info.c, 0, 0, info.mean, info.std };
    *width = (int)vgg_descriptor_width(how, info.out_c);
    float *row = malloc((size_t)*width * sizeof *row);
    support_need(vgg_describe(net, &prepare, how, p, row, &err) == NONET_VGG_OK, "%s", err.text);
    return row;
}

/* Largest difference in parts of the row's largest number. */
static double check_row(const char *path, const char *layer, const vgg_descriptor *how, vgg_picture *p)
{
    static const nonet_options plain;
    nonet_vgg *net = open_net(path, layer, &plain);
    double *want = calloc(VGG_SCALES * WIDEST, sizeof *want), unit = 0, worst = 0;
    int width;
    float *got = describe(net, how, p, &width);
    vgg_model m;

    support_net_read(&m, path);
    ck_assert_int_eq(reference_row(&m, p, layer, how, want), width);
    for (int i = 0; i < width; i++)
        unit = fmax(unit, fabs(want[i]));
    for (int i = 0; i < width; i++) {
        worst = fmax(worst, fabs(got[i] - want[i]) / unit);
        support_need(fabs(got[i] - want[i]) <= CLOSE * unit, "%s, number %d: %g, not %g", layer, i, got[i], want[i]);
    }
    vgg_model_clear(&m);
    nonet_vgg_close(net);
    free(want);
    free(got);
    return worst;
}

/* Every way of pooling and joining, a few scales each. */
static vgg_descriptor some_way(int turn, int least, sweep_random *random)
{
    vgg_descriptor how = { .max_pool = turn % 5 == 4, .flip = turn % 2, .l2 = turn % 4 < 2, .across = (vgg_across)(turn % 3),
                           .scales = 1 + turn % 4 };

    for (int s = 0; s < how.scales; s++)
        how.scale[s] = sweep_between(random, least, 2 * least);
    return how;
}

START_TEST(random_networks)
{
    static const char *const layers[] = { "conv1", "conv4", "fc8", "fc10" };
    sweep_random random = { support_seed() + 1 };
    char path[64];
    double worst = 0;

    for (int turn = 0; turn < support_count(24, 6); turn++) {
        support_net_make(path, 22, 2, 1, turn % 2, &random);
        vgg_descriptor how = some_way(turn, 22, &random);
        vgg_picture p = support_picture(sweep_between(&random, 20, 60), sweep_between(&random, 20, 60), 3, &random);
        worst = fmax(worst, check_row(path, layers[turn / 2 % 4], &how, &p));
        vgg_picture_clear(&p);
        unlink(path);
    }
    printf("rows of random networks: within %.1e of the largest number\n", worst);
}
END_TEST

START_TEST(trained_network)
{
    static const char *const layers[] = { "conv3_2", "fc4", "fc5" };
    sweep_random random = { support_seed() + 2 };
    nonet_vgg_error err = { "" };
    vgg_picture p;
    double worst = 0;

    support_need(vgg_picture_open(&p, "data/sample_23_label_9.pgm", &err) == NONET_VGG_OK, "%s", err.text);
    for (int turn = 0; turn < 3; turn++) {
        vgg_descriptor how = some_way(turn, 28, &random);
        worst = fmax(worst, check_row(fashion, layers[turn], &how, &p));
    }
    vgg_picture_clear(&p);
    printf("rows of the trained network: within %.1e of the largest number\n", worst);
}
END_TEST

START_TEST(the_same_bits_on_every_set)
{
    nonet_isa isas[NONET_ISA_COUNT];
    sweep_random random = { support_seed() + 3 };
    vgg_descriptor how = { .flip = 1, .l2 = 1, .scales = 2, .scale = { 31, 40 } };
    vgg_picture p = support_picture(50, 37, 1, &random);
    float *first = NULL;

    for (int i = 0, sets = support_isas(isas); i < 2 * sets; i++) {
        nonet_options conv = { .isa = isas[i / 2], .threads = 1 + i % 2 };
        nonet_vgg *net = open_net(fashion, "fc4", &conv);
        int width;
        float *row = describe(net, &how, &p, &width);
        if (first)
            ck_assert_mem_eq(row, first, (size_t)width * sizeof *row);
        else
            first = row;
        if (row != first)
            free(row);
        nonet_vgg_close(net);
    }
    free(first);
    vgg_picture_clear(&p);
}
END_TEST

START_TEST(refusals)
{
    sweep_random random = { support_seed() + 4 };
    static const nonet_options plain;
    vgg_descriptor how = { .scales = 1, .scale = { 27 } };
    vgg_picture p = support_picture(40, 40, 1, &random), strip = support_picture(20000, 1, 1, &random);
    nonet_vgg *net = open_net(fashion, "fc4", &plain);
    nonet_vgg_info info;
    nonet_vgg_error err = { "" };
    float row[WIDEST];

    nonet_vgg_query(net, &info);
    vgg_prepare prepare = { info.kind, info.c, 0, 0, info.mean, info.std };
    ck_assert_int_eq(vgg_describe(net, &prepare, &how, &p, row, &err), NONET_VGG_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "smaller than the 28x28"));
    how.scale[0] = 28;
    ck_assert_int_eq(vgg_describe(net, &prepare, &how, &p, row, &err), NONET_VGG_OK);
    how.scale[0] = 1000;
    ck_assert_int_eq(vgg_describe(net, &prepare, &how, &strip, row, &err), NONET_VGG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "too large"));
    nonet_vgg_close(net);
    vgg_picture_clear(&p);
    vgg_picture_clear(&strip);
}
END_TEST

/* A layer that answers nothing has no length: zeros stay zeros. */
START_TEST(zeros_stay)
{
    static const nonet_options plain;
    vgg_descriptor how = { .l2 = 1, .scales = 1, .scale = { 20 } };
    sweep_random random = { support_seed() + 5 };
    char path[64];
    vgg_model m;
    nonet_vgg_error err = { "" };
    int width;

    support_net_make(path, 20, 2, 1, 0, &random);
    support_net_read(&m, path);
    vgg_layer *conv = &m.layers[0];
    float *weight = calloc((size_t)conv->k * 27, sizeof *weight), *bias = calloc((size_t)conv->k, sizeof *bias);
    conv->weight = weight;
    conv->bias = bias;
    support_need(vgg_write_nonet(&m, NULL, 0, path, &err) == NONET_VGG_OK, "%s", err.text);
    vgg_model_clear(&m);
    free(weight);
    free(bias);
    vgg_picture p = support_picture(30, 30, 3, &random);
    nonet_vgg *net = open_net(path, "conv1", &plain);
    float *row = describe(net, &how, &p, &width);
    for (int i = 0; i < width; i++)
        support_need(row[i] == 0, "number %d is %g", i, row[i]);
    free(row);
    nonet_vgg_close(net);
    vgg_picture_clear(&p);
    unlink(path);
}
END_TEST

/* ---- pictures of pages ---- */

START_TEST(encoded_pictures_decode)
{
    sweep_random random = { support_seed() + 6 };

    for (int turn = 0; turn < 8; turn++) {
        int large = turn > 5, channels = turn % 2 ? 3 : 1;      /* large: more than one stored block, where there is no zlib */
        vgg_picture p = support_picture(large ? 301 : sweep_between(&random, 1, 40), large ? 257 : sweep_between(&random, 1, 40),
                                        channels, &random),
                    back;
        uint8_t *bytes;
        size_t size;
        nonet_vgg_error err = { "" };
        support_need(vgg_picture_encode(&p, &bytes, &size, &err) == NONET_VGG_OK, "%s", err.text);
        nonet_vgg_status status = vgg_picture_decode(&back, "encoded", bytes, size, &err);
        if (status == NONET_VGG_UNSUPPORTED) {
            support_skip("encoded_pictures_decode", err.text);
            turn = 8;
        } else {
            support_need(status == NONET_VGG_OK, "%s", err.text);
            ck_assert(back.w == p.w && back.h == p.h && back.channels == channels);
            ck_assert_mem_eq(back.pixels, p.pixels, (size_t)(p.w * p.h * channels));
        }
        vgg_picture_clear(&back);
        vgg_picture_clear(&p);
        free(bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("features");
    TCase *rows = tcase_create("rows"), *pictures = tcase_create("pictures");

    tcase_set_timeout(rows, 600);
    tcase_add_test(rows, random_networks);
    tcase_add_test(rows, trained_network);
    tcase_add_test(rows, the_same_bits_on_every_set);
    tcase_add_test(rows, refusals);
    tcase_add_test(rows, zeros_stay);
    tcase_add_test(pictures, encoded_pictures_decode);
    suite_add_tcase(suite, rows);
    suite_add_tcase(suite, pictures);
    return support_main(suite);
}
