/* protocol_test.c - dense application and the evaluation protocols: small random networks and the trained Fashion-MNIST one
 * against reference/, layer by layer in double (maps are rounded to f32 between layers). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nonet_vgg.h"
#include "tests/support.h"
#include "tests/support_net.h"
#include "vgg/protocol.h"

static const char fashion[] = "data/fashion_vgg.nonet";
static const nonet_algo algos[] = { NONET_AUTO, NONET_DIRECT, NONET_WINOGRAD_F2, NONET_WINOGRAD_F4, NONET_WINOGRAD_F6 };
enum { ALGOS = sizeof algos / sizeof algos[0] };
#define CLOSE 1e-5

/* ---- the answers in double ---- */

static void reference_posteriors(const support_map *scores, double *posteriors)
{
    double mean[16] = { 0 };
    int positions = scores->h * scores->w;

    for (int k = 0; k < scores->c; k++)
        for (int i = 0; i < positions; i++)
            mean[k] += scores->x[k * positions + i] / positions;
    reference_softmax(1, scores->c, mean, posteriors);
}

/* ---- dense application ---- */

static nonet_vgg *open_net(const char *path, const nonet_vgg_options *o)
{
    nonet_vgg_error err = { "" };
    nonet_vgg *net = NULL;

    support_need(nonet_vgg_open(&net, path, o, &err) == NONET_VGG_OK, "%s", err.text);
    return net;
}

static float *run_net(nonet_vgg *net, const float *x, nonet_vgg_info *info)
{
    nonet_vgg_error err = { "" };

    nonet_vgg_query(net, info);
    float *y = malloc(sizeof *y * (size_t)(info->batch * info->out_c * info->out_h * info->out_w));
    support_need(nonet_vgg_forward(net, x, y, NULL, &err) == NONET_VGG_OK, "%s", err.text);
    return y;
}

static void reshape(nonet_vgg *net, int batch, int h, int w)
{
    nonet_vgg_error err = { "" };

    support_need(nonet_vgg_reshape(net, batch, h, w, &err) == NONET_VGG_OK, "%d x %d x %d: %s", batch, h, w, err.text);
}

static float *random_floats(size_t count, sweep_random *random)
{
    float *x = malloc(count * sizeof *x);

    sweep_fill(random, x, count, SWEEP_UNIFORM);
    return x;
}

/* Before and after other sizes: the bits of the plain pass. */
static void check_trained_size(const char *path, int batch, const nonet_options *conv, sweep_random *random)
{
    nonet_vgg_options plain = { .batch = batch, .conv = *conv }, dense = { .batch = batch, .conv = *conv, .dense = 1 };
    nonet_vgg_info info, dense_info;
    nonet_vgg *a = open_net(path, &plain), *b = open_net(path, &dense);

    nonet_vgg_query(a, &info);
    float *x = random_floats((size_t)(batch * info.c * info.h * info.w), random), *want = run_net(a, x, &info);
    for (int i = 0; i < 3; i++) {
        float *got = run_net(b, x, &dense_info);
        ck_assert_int_eq(dense_info.out_h * dense_info.out_w, 1);
        ck_assert_mem_eq(got, want, sizeof *want * (size_t)(batch * info.out_c));
        free(got);
        reshape(b, 1 + i, info.h + 17 * i, info.w + 5);
        reshape(b, batch, info.h, info.w);
    }
    free(x);
    free(want);
    nonet_vgg_close(a);
    nonet_vgg_close(b);
}

START_TEST(trained_size_gives_the_plain_bits)
{
    nonet_isa isas[NONET_ISA_COUNT];
    int sets = support_isas(isas);
    sweep_random random = { support_seed() + 1 };
    char path[64];

    support_net_make(path, 44, 3, 1, _i % 2, &random);
    for (int i = 0; i < sets; i++) {
        nonet_options conv = { .algo = algos[_i], .isa = isas[i] };
        for (int batch = 1; batch <= 3; batch += 2) {
            check_trained_size(path, batch, &conv, &random);
            if (isas[i] != NONET_ISA_C)
                check_trained_size(fashion, batch, &conv, &random);
        }
    }
    unlink(path);
}
END_TEST

/* Without padding, position (y, x) of the class map is the plain pass of the window that is 4y, 4x off: with direct convolution
 * the same bits. */
START_TEST(map_is_of_shifted_passes)
{
    enum { SIDE = 22, STRIDE = 4, CLASSES = 7 };
    sweep_random random = { support_seed() + 2 };
    char path[64];

    support_net_make(path, SIDE, 2, 0, 0, &random);
    for (int i = 0; i < 6; i++) {
        int h = SIDE + sweep_between(&random, 0, 19), w = SIDE + sweep_between(&random, 0, 19);
        nonet_vgg_options plain = { .conv = { .algo = NONET_DIRECT } };
        nonet_vgg_options dense = { .conv = plain.conv, .dense = 1, .height = h, .width = w };
        nonet_vgg *a = open_net(path, &plain), *b = open_net(path, &dense);
        nonet_vgg_info one, all;
        float *x = random_floats((size_t)(3 * h * w), &random), *classes = run_net(b, x, &all), window[3 * SIDE * SIDE];

        ck_assert_int_eq(all.out_h, (h - SIDE) / STRIDE + 1);
        ck_assert_int_eq(all.out_w, (w - SIDE) / STRIDE + 1);
        for (int at = 0; at < all.out_h * all.out_w; at++) {
            int top = at / all.out_w * STRIDE, left = at % all.out_w * STRIDE;
            for (int p = 0; p < 3 * SIDE * SIDE; p++)
                window[p] = x[(p / (SIDE * SIDE) * h + top + p / SIDE % SIDE) * w + left + p % SIDE];
            float *scores = run_net(a, window, &one);
            for (int k = 0; k < CLASSES; k++)
                support_need(scores[k] == classes[k * all.out_h * all.out_w + at], "%dx%d: position %d, class %d", h, w, at, k);
            free(scores);
        }
        free(x);
        free(classes);
        nonet_vgg_close(a);
        nonet_vgg_close(b);
    }
    unlink(path);
}
END_TEST

static double check_map(const vgg_model *m, nonet_vgg *net, int h, int w, double close, sweep_random *random)
{
    nonet_vgg_info info;
    float *x = random_floats((size_t)(m->c * h * w), random);
    double worst = 0;

    reshape(net, 1, h, w);
    float *got = run_net(net, x, &info);
    support_map want = support_net_run(m, x, h, w, NULL);
    int count = want.c * want.h * want.w;
    support_need(info.out_h == want.h && info.out_w == want.w, "%dx%d: a map of %dx%d, not %dx%d", h, w, info.out_h, info.out_w,
                 want.h, want.w);
    for (int i = 0; i < count; i++) {
        worst = fmax(worst, fabs(got[i] - want.x[i]) / want.unit);
        support_need(fabs(got[i] - want.x[i]) <= close * want.unit, "%dx%d: score %d is %g, not %g", h, w, i, got[i], want.x[i]);
    }
    free(x);
    free(got);
    free(want.x);
    return worst;
}

/* 224 and five pools, as VGG; every algorithm in turn. */
START_TEST(larger_sizes_against_reference)
{
    sweep_random random = { support_seed() + 3 };
    int step = support_scale() >= 4 ? 2 : support_scale() >= 1 ? 18 : support_scale() >= 0.2 ? 36 : 76;
    char path[64];
    vgg_model m;
    double worst = 0, close = algos[_i] == NONET_WINOGRAD_F6 ? 4 * CLOSE : CLOSE;   /* F(6x6) errs four times as much */

    support_net_make(path, 224, 5, 1, _i % 2, &random);
    support_net_read(&m, path);
    nonet_vgg_options o = { .dense = 1, .conv = { .algo = algos[_i] } };
    nonet_vgg *net = open_net(path, &o);
    for (int size = 225 + 2 * _i; size <= 300; size += step) {
        worst = fmax(worst, check_map(&m, net, size, 225, close, &random));
        worst = fmax(worst, check_map(&m, net, 227, size, close, &random));
    }
    printf("dense, %s: largest difference %.1e of what the largest score is summed of\n", nonet_algo_name(algos[_i]), worst);
    nonet_vgg_close(net);
    vgg_model_clear(&m);
    unlink(path);
}
END_TEST

START_TEST(memory_is_as_announced)
{
    sweep_random random = { support_seed() + 4 };
    char path[64];
    nonet_vgg_error err = { "" };
    nonet_vgg_info info;
    size_t bytes, more;

    support_net_make(path, 32, 3, 1, 0, &random);
    nonet_vgg_options o = { .dense = 1 };
    nonet_vgg *net = open_net(path, &o), *none = NULL;
    ck_assert_int_eq(nonet_vgg_memory(net, 2, 67, 51, &bytes, &err), NONET_VGG_OK);
    reshape(net, 2, 67, 51);
    nonet_vgg_query(net, &info);
    ck_assert_uint_eq(info.memory, bytes);
    reshape(net, 1, 0, 0);
    nonet_vgg_query(net, &info);
    ck_assert_int_eq(info.h, 67);
    ck_assert_uint_eq(info.memory, bytes);      /* kept */
    ck_assert_int_eq(nonet_vgg_memory(net, 3, 67, 51, &more, &err), NONET_VGG_OK);
    nonet_vgg_close(net);
    o.max_memory = bytes;
    net = open_net(path, &o);
    reshape(net, 2, 67, 51);
    ck_assert_int_eq(nonet_vgg_reshape(net, 3, 67, 51, &err), NONET_VGG_NO_MEMORY);
    nonet_vgg_query(net, &info);
    ck_assert_int_eq(info.batch, 2);            /* as it was, and it runs */
    float *x = random_floats(3 * 2 * 67 * 51, &random), *y = run_net(net, x, &info);
    free(x);
    free(y);
    reshape(net, 1, 33, 40);
    nonet_vgg_query(net, &info);
    ck_assert_uint_le(info.memory, bytes);
    o.max_memory = 1000;
    ck_assert_int_eq(nonet_vgg_open(&none, path, &o, &err), NONET_VGG_NO_MEMORY);
    ck_assert_int_eq(nonet_vgg_reshape(net, 1, 31, 32, &err), NONET_VGG_USAGE);
    ck_assert_int_eq(nonet_vgg_reshape(net, -1, 32, 32, &err), NONET_VGG_USAGE);
    nonet_vgg_close(net);
    unlink(path);
}
END_TEST

/* ---- protocols ---- */

typedef struct view_cache {
    double posteriors[16];
    int known;
} view_cache;

static void add_view(const vgg_model *m, const uint8_t *pixels, int columns, const int at[2], int h, int w, int flip,
                     double weight, view_cache *cache, double *sum)
{
    if (!cache->known) {
        float *x = support_net_cut(m, pixels, columns, at[0], at[1], h, w, flip);
        support_map scores = support_net_run(m, x, h, w, NULL);
        reference_posteriors(&scores, cache->posteriors);
        cache->known = 1;
        free(x);
        free(scores.x);
    }
    for (int k = 0; k < 16; k++)
        sum[k] += weight * cache->posteriors[k];
}

static void add_crops(const vgg_model *m, const uint8_t *pixels, int rows, int columns, int side, double weight, double *sum)
{
    view_cache *cache = calloc((size_t)(2 * rows * columns), sizeof *cache);

    for (int i = 0; i < 50; i++) {
        int at[2] = { (int)floor(i / 2 / 5 * (rows - side) / 4.0 + 0.5), (int)floor(i / 2 % 5 * (columns - side) / 4.0 + 0.5) };
        add_view(m, pixels, columns, at, side, side, i % 2, weight / 50, cache + 2 * (at[0] * columns + at[1]) + i % 2, sum);
    }
    free(cache);
}

/* Adds the answer of one kind, which is not VGG_BOTH, for one network at one scale. */
static void reference_scale(const vgg_model *m, const vgg_picture *p, vgg_protocol_kind kind, int flips, int scale, double weight,
                            double *sum)
{
    int side = m->h ? m->h : 28, least = p->w < p->h ? p->w : p->h, centre = kind == VGG_CENTRE;
    int w = (int)floor((double)p->w * scale / least + 0.5), h = (int)floor((double)p->h * scale / least + 0.5);
    if (centre) {
        w = p->w * scale / least;
        h = p->h * scale / least;
    }
    vgg_window all = { w, h, 0, 0, w, h };
    uint8_t *pixels = malloc((size_t)(w * h * m->c));
    int at[2] = { centre ? (int)rint((h - side) / 2.0) : 0, centre ? (int)rint((w - side) / 2.0) : 0 };

    support_need(vgg_resize(p, &all, pixels, NULL) == NONET_VGG_OK, "resize");
    for (int flip = 0; kind != VGG_MULTICROP && flip <= flips; flip++) {
        view_cache fresh = { .known = 0 };
        add_view(m, pixels, w, at, centre ? side : h, centre ? side : w, flip, weight / (flips + 1), &fresh, sum);
    }
    if (kind == VGG_MULTICROP)
        add_crops(m, pixels, h, w, side, weight, sum);
    free(pixels);
}

/* The answer of one kind, which is not VGG_BOTH, for all networks at all scales of o. */
static void reference_answer(const vgg_evaluator_options *o, const vgg_picture *p, vgg_protocol_kind kind, double *sum)
{
    double weights = 0;

    for (int i = 0; i < o->models; i++)
        weights += o->weight ? o->weight[i] : 1;
    for (int i = 0; i < o->models; i++) {
        vgg_model m;
        support_net_read(&m, o->model[i]);
        for (int s = 0; s < o->protocol.scales; s++)
            reference_scale(&m, p, kind, o->protocol.flip, o->protocol.scale[s],
                            (o->weight ? o->weight[i] : 1) / weights / o->protocol.scales, sum);
        vgg_model_clear(&m);
    }
}

static vgg_evaluator *open_evaluator(const vgg_evaluator_options *o)
{
    nonet_vgg_error err = { "" };
    vgg_evaluator *e = NULL;

    support_need(vgg_evaluator_open(&e, o, &err) == NONET_VGG_OK, "%s", err.text);
    return e;
}

static double check_protocol(const vgg_evaluator_options *o, const vgg_picture *p, const double *want)
{
    vgg_evaluator *e = open_evaluator(o);
    nonet_vgg_error err = { "" };
    int classes = vgg_evaluator_info(e, 0)->out_c;
    double worst = 0;
    float got[16];

    support_need(vgg_evaluator_run(e, p, 1, got, &err) == NONET_VGG_OK, "%s", err.text);
    for (int k = 0; k < classes; k++) {
        worst = fmax(worst, fabs(got[k] - want[k]));
        support_need(fabs(got[k] - want[k]) <= CLOSE, "%s: class %d has %g, not %g", vgg_protocol_name(o->protocol.kind), k,
                     got[k], want[k]);
    }
    vgg_evaluator_close(e);
    return worst;
}

/* Every kind with the options of o. The crops are most of the work in double: they are computed once, for BOTH is by its
 * definition the mean of DENSE and MULTICROP. */
static void check_protocols(vgg_evaluator_options o, const vgg_picture *p, const char *what)
{
    double want[4][16] = { { 0 } }, worst = 0;

    for (int kind = VGG_CENTRE; kind <= VGG_MULTICROP; kind++)
        reference_answer(&o, p, (vgg_protocol_kind)kind, want[kind]);
    for (int k = 0; k < 16; k++)
        want[VGG_BOTH][k] = (want[VGG_DENSE][k] + want[VGG_MULTICROP][k]) / 2;
    for (int kind = VGG_CENTRE; kind <= VGG_BOTH; kind++) {
        o.protocol.kind = (vgg_protocol_kind)kind;
        worst = fmax(worst, check_protocol(&o, p, want[kind]));
    }
    printf("%s: posteriors within %.1e\n", what, worst);
}

START_TEST(protocols_against_reference)
{
    sweep_random random = { support_seed() + 5 + 100 * (uint64_t)_i };
    char a[64], b[64];
    const char *models[] = { a, b };
    const double weights[] = { 1, 3 };
    vgg_protocol how = { VGG_CENTRE, _i % 2, 1 + _i % 3, { 31, 24, 40 } };
    vgg_evaluator_options o = { 1 + _i / 3 % 2, models, _i / 6 ? weights : NULL, how, { .batch = _i % 5 } };

    support_net_make(a, 24, 2, 1, 0, &random);
    support_net_make(b, 20, 2, 1, 1, &random);
    vgg_picture p = support_picture(sweep_between(&random, 20, 70), sweep_between(&random, 20, 70), 3, &random);
    check_protocols(o, &p, "random networks");
    vgg_picture_clear(&p);
    unlink(a);
    unlink(b);
}
END_TEST

START_TEST(protocols_on_trained_network)
{
    const char *model = fashion;
    vgg_picture p;
    nonet_vgg_error err = { "" };

    support_need(vgg_picture_open(&p, "data/sample_23_label_9.pgm", &err) == NONET_VGG_OK, "%s", err.text);
    check_protocols((vgg_evaluator_options){ 1, &model, NULL, { VGG_CENTRE, 1, 1, { 30 } }, { .batch = 0 } }, &p,
                    "trained network");
    vgg_picture_clear(&p);
}
END_TEST

/* Several pictures of several sizes in one call: what each gives alone, bit for bit; so does a limit that forces small
 * batches. */
START_TEST(company_changes_nothing)
{
    enum { PICTURES = 5, CLASSES = 7 };
    sweep_random random = { support_seed() + 6 };
    char path[64];
    const char *model = path;
    vgg_picture p[PICTURES];
    float all[PICTURES * CLASSES], alone[CLASSES];
    nonet_vgg_error err = { "" };

    support_net_make(path, 24, 2, 1, 0, &random);
    vgg_evaluator_options o = { 1, &model, NULL, { (vgg_protocol_kind)_i, 1, 2, { 28, 36 } }, { .batch = 4 } };
    vgg_evaluator *e = open_evaluator(&o);
    for (int i = 0; i < PICTURES; i++)
        p[i] = support_picture(40, i % 2 ? 40 : 51, i == 2 ? 1 : 3, &random);
    support_need(vgg_evaluator_run(e, p, PICTURES, all, &err) == NONET_VGG_OK, "%s", err.text);
    o.net.batch = 1;
    o.net.max_memory = vgg_evaluator_memory(e);
    vgg_evaluator_close(e);
    e = open_evaluator(&o);
    for (int i = 0; i < PICTURES; i++) {
        support_need(vgg_evaluator_run(e, &p[i], 1, alone, &err) == NONET_VGG_OK, "%s", err.text);
        ck_assert_mem_eq(alone, all + i * CLASSES, sizeof alone);
        vgg_picture_clear(&p[i]);
    }
    size_t held = vgg_evaluator_memory(e), said;
    support_need(vgg_evaluator_announce(e, 40, 51, &said, &err) == NONET_VGG_OK, "%s", err.text);
    support_need(said > 0.9 * (double)held && said < 1.1 * (double)held, "%zu bytes were announced, %zu are held", said, held);
    vgg_evaluator_close(e);
    unlink(path);
}
END_TEST

START_TEST(scales_as_text)
{
    static const char *const wrong[] = { "", ",", "256,", "x", "256x", "0", "99999", "S", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
                                         "-5" };
    vgg_protocol p = { VGG_DENSE, 0, 0, { 0 } };
    nonet_vgg_error err = { "" };

    ck_assert_int_eq(vgg_protocol_scales(&p, "256,384,512", 0, &err), NONET_VGG_OK);
    ck_assert(p.scales == 3 && p.scale[0] == 256 && p.scale[1] == 384 && p.scale[2] == 512);
    ck_assert_int_eq(vgg_protocol_scales(&p, "S-32,S,S+32", 256, &err), NONET_VGG_OK);
    ck_assert(p.scales == 3 && p.scale[0] == 224 && p.scale[1] == 256 && p.scale[2] == 288);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(vgg_protocol_scales(&p, wrong[i], 0, &err), NONET_VGG_USAGE);
}
END_TEST

START_TEST(refusals)
{
    sweep_random random = { support_seed() + 7 };
    char path[64];
    const char *both[] = { path, fashion };
    nonet_vgg_error err = { "" };
    vgg_evaluator *e = NULL;
    vgg_evaluator_options o = { 2, both, NULL, { VGG_CENTRE, 0, 0, { 0 } }, { .batch = 0 } };

    support_net_make(path, 24, 2, 1, 0, &random);
    ck_assert_int_eq(vgg_evaluator_open(&e, &o, &err), NONET_VGG_UNSUPPORTED);      /* 7 and 10 classes */
    o.models = 1;
    o.protocol.scales = 1;
    o.protocol.scale[0] = 23;
    ck_assert_int_eq(vgg_evaluator_open(&e, &o, &err), NONET_VGG_USAGE);
    o.protocol = (vgg_protocol){ VGG_DENSE, 0, 1, { 300 } };
    o.net.max_memory = 2000000;
    e = open_evaluator(&o);
    vgg_picture p = support_picture(200, 100, 3, &random), strip = support_picture(20000, 1, 3, &random);
    float posteriors[7];
    ck_assert_int_eq(vgg_evaluator_run(e, &p, 1, posteriors, &err), NONET_VGG_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(err.text, "the limit is 2.0 MB"));
    ck_assert_int_eq(vgg_evaluator_run(e, &strip, 1, posteriors, &err), NONET_VGG_UNSUPPORTED);
    vgg_evaluator_close(e);
    vgg_picture_clear(&p);
    vgg_picture_clear(&strip);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("protocol");
    TCase *dense = tcase_create("dense"), *protocols = tcase_create("protocols");

    tcase_set_timeout(dense, 900);
    tcase_set_timeout(protocols, 900);
    tcase_add_loop_test(dense, trained_size_gives_the_plain_bits, 0, ALGOS);
    tcase_add_test(dense, map_is_of_shifted_passes);
    tcase_add_loop_test(dense, larger_sizes_against_reference, 0, ALGOS);
    tcase_add_test(dense, memory_is_as_announced);
    tcase_add_loop_test(protocols, protocols_against_reference, 0, 12);
    tcase_add_test(protocols, protocols_on_trained_network);
    tcase_add_loop_test(protocols, company_changes_nothing, 0, 4);
    tcase_add_test(protocols, scales_as_text);
    tcase_add_test(protocols, refusals);
    suite_add_tcase(suite, dense);
    suite_add_tcase(suite, protocols);
    return support_main(suite);
}
