/* pair_test.c - two convolutions in one pass give the bits of one after the other, whatever their shapes, layouts and threads, and
 * touch nothing that is not theirs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support.h"

/* One of the two layers: its plan, its weights. */
typedef struct layer {
    nonet_conv p;
    nonet_plan *plan;
    nonet_weights *weights;
} layer;

static void make_layer(layer *l, const nonet_options *options, sweep_random *random)
{
    size_t count = (size_t)l->p.k * (size_t)l->p.c * 9;
    float *w = malloc(count * sizeof *w), *bias = malloc((size_t)l->p.k * sizeof *bias);

    support_need(w && bias, "no memory");
    sweep_fill(random, w, count, SWEEP_UNIFORM);
    sweep_fill(random, bias, (size_t)l->p.k, SWEEP_UNIFORM);
    ck_assert_int_eq(nonet_plan_create(&l->plan, &l->p, options), NONET_OK);
    ck_assert_int_eq(nonet_weights_pack(&l->weights, l->plan, w, bias), NONET_OK);
    free(w);
    free(bias);
}

static void drop_layer(layer *l)
{
    nonet_weights_destroy(l->weights);
    nonet_plan_destroy(l->plan);
}

/* A random first layer, and behind it a Winograd layer whose map is at least 14 tiles wide. */
static void choose(layer l[2], nonet_options *o, sweep_random *random)
{
    int f = sweep_between(random, 0, 2), side = 2 + 2 * f, pad = sweep_between(random, 0, 1);
    int least = 14 * side + 6, w = sweep_between(random, least, least + 4 * side);

    o->algo = f == 0 ? NONET_WINOGRAD_F2 : f == 1 ? NONET_WINOGRAD_F4 : NONET_WINOGRAD_F6;
    l[0].p = (nonet_conv){
        sweep_between(random, 1, 2), sweep_between(random, 1, 4), sweep_between(random, 6, 40), w, sweep_between(random, 1, 80), 3, 3,
        1, pad, sweep_between(random, 0, 1), 0, (nonet_layout)sweep_between(random, 0, 2), NONET_NCHW16C
    };
    l[1].p = l[0].p;
    l[1].p.c = l[0].p.k;
    ck_assert_int_eq(nonet_conv_output(&l[0].p, &l[1].p.h, &l[1].p.w), NONET_OK);
    l[1].p.k = sweep_between(random, 1, 70);
    l[1].p.pad = sweep_between(random, 0, 1);
    l[1].p.relu = sweep_between(random, 0, 1);
    l[1].p.pool = sweep_between(random, 0, 1);
    l[1].p.src_layout = NONET_NCHW16C;
    l[1].p.dst_layout = (nonet_layout)sweep_between(random, 0, 2);
}

static size_t floats_in(const nonet_conv *p)
{
    return nonet_tensor_floats(p->src_layout, p->n, p->c, p->h, p->w);
}

static size_t floats_out(const nonet_conv *p)
{
    int h, w;

    ck_assert_int_eq(nonet_conv_output(p, &h, &w), NONET_OK);
    return nonet_tensor_floats(p->dst_layout, p->n, p->k, h, w);
}

/* Room that ends at an unmapped page, for so many bytes. */
static void *room(sweep_slot *slot, size_t bytes)
{
    void *at = sweep_place(slot, (bytes + 63) / 64 * 16, SWEEP_END, 0);

    support_need(at != NULL, "no memory");
    return at;
}

typedef struct buffers {
    sweep_slot src, map, want, got, work;
} buffers;

/* One after the other. */
static void run_apart(const layer l[2], buffers *b)
{
    float *map = room(&b->map, floats_out(&l[0].p) * sizeof(float));

    b->want.data = sweep_place(&b->want, floats_out(&l[1].p), SWEEP_END, 0);
    for (int i = 0; i < 2; i++) {
        void *work = room(&b->work, nonet_plan_workspace(l[i].plan));
        ck_assert_int_eq(nonet_execute(l[i].plan, l[i].weights, i ? map : b->src.data, i ? b->want.data : map, work), NONET_OK);
    }
}

static void check_together(const layer l[2], const nonet_pair *pair, buffers *b, const char *text)
{
    void *work = room(&b->work, nonet_pair_workspace(pair));
    size_t floats = floats_out(&l[1].p);
    float *got = sweep_place(&b->got, floats, SWEEP_END, 0);
    double share = -1;

    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[1].weights, b->src.data, got, work, &share), NONET_OK);
    support_need(share > 0 && share < 1, "%s: share %g", text, share);
    support_need(sweep_unharmed(&b->got) && sweep_unharmed(&b->work) && sweep_unharmed(&b->src), "%s: a byte out of place", text);
    for (size_t i = 0; i < floats; i++)
        support_need(sweep_same(b->want.data[i], got[i]), "%s: float %zu is %.9g, not %.9g", text, i, (double)got[i],
                     (double)b->want.data[i]);
}

/* 1 if the two plans joined. Fewer tiles than threads do not: then the threads share the channels. */
static int try_pair(nonet_options *o, sweep_random *random, buffers *b)
{
    layer l[2];
    nonet_pair *pair;
    char text[2][160], all[400];

    choose(l, o, random);
    for (int i = 0; i < 2; i++) {
        nonet_options options = *o;
        options.algo = i ? o->algo : NONET_DIRECT;
        make_layer(&l[i], &options, random);
        support_describe(&l[i].p, text[i], sizeof text[i]);
    }
    snprintf(all, sizeof all, "%s, then %s %s, %s, %d threads", text[0], nonet_algo_name(o->algo), text[1], nonet_isa_name(o->isa),
             o->threads);
    nonet_status status = nonet_pair_create(&pair, l[0].plan, l[1].plan);
    support_need(status == NONET_OK || status == NONET_NOT_APPLICABLE, "%s: %s", all, nonet_status_string(status));
    if (status == NONET_OK) {
        b->src.data = sweep_place(&b->src, floats_in(&l[0].p), SWEEP_END, 0);
        sweep_fill(random, b->src.data, floats_in(&l[0].p), SWEEP_UNIFORM);
        run_apart(l, b);
        check_together(l, pair, b, all);
        nonet_pair_destroy(pair);
    }
    drop_layer(&l[0]);
    drop_layer(&l[1]);
    return status == NONET_OK;
}

START_TEST(bits_of_one_after_the_other)
{
    nonet_isa isas[NONET_ISA_COUNT];
    sweep_random random = { support_seed() };
    buffers b = { .src = { 0 } };
    int sets = support_isas(isas), cases = support_count(120, 4), joined = 0;

    for (int i = 0; i < cases * sets; i++) {
        nonet_options o = { .isa = isas[i % sets], .threads = sweep_between(&random, 1, 3) };
        o.weights = (nonet_weight_form)sweep_between(&random, 0, NONET_WEIGHTS_COUNT - 1);
        joined += try_pair(&o, &random, &b);
    }
    support_need(4 * joined >= 3 * cases * sets, "only %d of %d problems joined", joined, cases * sets);
    sweep_slot *slots[] = { &b.src, &b.map, &b.want, &b.got, &b.work };
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        sweep_slot_free(slots[i]);
}
END_TEST

/* ---- what does not join ---- */

static const nonet_conv first = { 1, 3, 16, 64, 32, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW16C };
static const nonet_conv second = { 1, 32, 16, 64, 32, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };

static nonet_status join(nonet_conv a, nonet_conv b, nonet_algo algo)
{
    nonet_options options = { .threads = 1 };
    nonet_plan *plan[2];
    nonet_pair *pair;

    ck_assert_int_eq(nonet_plan_create(&plan[0], &a, &options), NONET_OK);
    options.algo = algo;
    ck_assert_int_eq(nonet_plan_create(&plan[1], &b, &options), NONET_OK);
    nonet_status status = nonet_pair_create(&pair, plan[0], plan[1]);
    ck_assert_int_eq(pair != NULL, status == NONET_OK);
    ck_assert(!pair || nonet_pair_workspace(pair) <= 2 << 20);
    nonet_pair_destroy(pair);
    nonet_plan_destroy(plan[0]);
    nonet_plan_destroy(plan[1]);
    return status;
}

START_TEST(only_what_fits_joins)
{
    nonet_conv a = first, b = second;

    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_OK);
    ck_assert_int_eq(join(a, b, NONET_DIRECT), NONET_NOT_APPLICABLE);
    a.pool = 1;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a = first, a.k = 16;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a = first, a.stride = 2;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a = first, a.c = 16;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a = first, a.dst_layout = NONET_NCHW;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a = first, b.src_layout = NONET_NCHW;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    b = second, b.n = 2;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);
    a.w = 24, b = second, b.w = 24;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);      /* few tiles across */
    a.k = 512, a.w = 64, b.c = 512, b.w = 64;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);      /* many channels: a large window, a large V */
    a = first, a.w = 4096, b = second, b.w = 4096;
    ck_assert_int_eq(join(a, b, NONET_WINOGRAD_F4), NONET_NOT_APPLICABLE);      /* a large window */
}
END_TEST

START_TEST(faults)
{
    nonet_options options = { .threads = 1 };
    sweep_random random = { support_seed() };
    layer l[2] = { { .p = first }, { .p = second } };
    static float data[64];
    nonet_pair *pair;

    make_layer(&l[0], &options, &random);
    make_layer(&l[1], &options, &random);
    ck_assert_int_eq(nonet_pair_create(NULL, l[0].plan, l[1].plan), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_create(&pair, NULL, l[1].plan), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_create(&pair, l[0].plan, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_create(&pair, l[0].plan, l[1].plan), NONET_OK);
    void *work = aligned_alloc(64, (nonet_pair_workspace(pair) + 127) / 64 * 64);
    char *askew = (char *)work + 4;
    ck_assert_int_eq(nonet_pair_execute(NULL, l[0].weights, l[1].weights, data, data, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, NULL, l[1].weights, data, data, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, NULL, data, data, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[1].weights, NULL, data, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[1].weights, data, NULL, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[1].weights, data, data, NULL, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[1].weights, data, data, askew, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_pair_execute(pair, l[1].weights, l[1].weights, data, data, work, NULL), NONET_MISMATCH);
    ck_assert_int_eq(nonet_pair_execute(pair, l[0].weights, l[0].weights, data, data, work, NULL), NONET_MISMATCH);
    free(work);
    nonet_pair_destroy(pair);
    nonet_pair_destroy(NULL);
    drop_layer(&l[0]);
    drop_layer(&l[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pair");
    TCase *tcase = tcase_create("two in one pass");

    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, bits_of_one_after_the_other);
    tcase_add_test(tcase, only_what_fits_joins);
    tcase_add_test(tcase, faults);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
