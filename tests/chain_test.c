/* chain_test.c - convolutions in a chain give the bits of one after the other, whatever their shapes, layouts, blocks and threads,
 * and touch nothing that is not theirs. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/plan.h"
#include "tests/support.h"

enum { MOST = 6, THREADS = 5 };

/* Takes the place of the library's, so that there are more threads than the machine has CPUs. */
int nonet_threads_for(int asked)
{
    return asked > 0 && asked < THREADS ? asked : THREADS;
}

/* One of the layers: its plan, its weights. */
typedef struct layer {
    nonet_conv p;
    nonet_plan *plan;
    nonet_weights *weights;
} layer;

static void make_layer(layer *l, const nonet_options *options, const nonet_choice *choice, sweep_random *random)
{
    size_t count = (size_t)l->p.k * (size_t)l->p.c * 9;
    float *w = malloc(count * sizeof *w), *bias = malloc((size_t)l->p.k * sizeof *bias);

    support_need(w && bias, "no memory");
    sweep_fill(random, w, count, SWEEP_UNIFORM);
    sweep_fill(random, bias, (size_t)l->p.k, SWEEP_UNIFORM);
    ck_assert_int_eq(nonet_plan_create_as(&l->plan, &l->p, options, choice), NONET_OK);
    ck_assert_int_eq(nonet_weights_pack(&l->weights, l->plan, w, bias), NONET_OK);
    free(w);
    free(bias);
}

static void drop_layer(layer *l)
{
    nonet_weights_destroy(l->weights);
    nonet_plan_destroy(l->plan);
}

/* A first layer of few channels, and a map wide enough for 14 tiles: the first two are a pair. */
static void choose_pair(layer l[2], int side, sweep_random *random)
{
    int pad = sweep_between(random, 0, 1), least = 14 * side + 6, w = sweep_between(random, least, least + 4 * side);

    l[0].p = (nonet_conv){
        sweep_between(random, 1, 2), sweep_between(random, 1, 4), sweep_between(random, 6, 40), w, sweep_between(random, 1, 80),
        3, 3, 1, pad, sweep_between(random, 0, 1), 0, (nonet_layout)sweep_between(random, 0, 2), NONET_NCHW16C
    };
    l[1].p.pad = sweep_between(random, 0, 1);
}

static void choose_first(layer *l, sweep_random *random)
{
    l->p = (nonet_conv){
        sweep_between(random, 1, 3), sweep_between(random, 1, 90), sweep_between(random, 4, 40), sweep_between(random, 4, 60),
        sweep_between(random, 1, 90), 3, 3, 1, sweep_between(random, 0, 1), sweep_between(random, 0, 1),
        sweep_between(random, 0, 1), (nonet_layout)sweep_between(random, 0, 2), NONET_NCHW16C
    };
}

/* A random chain; returns its length. */
static int choose(layer l[MOST], int paired, int side, sweep_random *random)
{
    int count = sweep_between(random, 1 + paired, MOST), i = 0;

    if (paired)
        choose_pair(l, side, random);
    else
        choose_first(l, random);
    while (++i < count) {
        int h, w;
        nonet_conv next = l[i - 1].p;
        ck_assert_int_eq(nonet_conv_output(&l[i - 1].p, &h, &w), NONET_OK);
        next.pad = h < 3 || w < 3 ? 1 : sweep_between(random, 0, 1);
        next.pool = h >= 8 && w >= 8 && sweep_between(random, 0, 2) == 0;
        next.relu = sweep_between(random, 0, 1);
        next.c = next.k;
        next.k = sweep_between(random, 1, 90);
        next.h = h;
        next.w = w;
        next.src_layout = NONET_NCHW16C;
        l[i].p = next;
    }
    l[count - 1].p.dst_layout = (nonet_layout)sweep_between(random, 0, 2);
    return count;
}

/* Blocks of any size, split in any way; all layers with as many threads. */
static void make_layers(layer l[MOST], int count, int paired, const nonet_options *o, sweep_random *random)
{
    for (int i = 0; i < count; i++) {
        nonet_options options = *o;
        nonet_choice choice = { .split = sweep_between(random, 0, 2) ? sweep_between(random, 1, NONET_SPLIT_COUNT - 1) : 0 };
        options.algo = i == 0 && paired ? NONET_DIRECT : o->algo;
        choice.block = sweep_between(random, 0, 1) ? sweep_between(random, 1, 40) : 0;
        if (i < 2 && paired)
            choice = (nonet_choice){ 0 };
        make_layer(&l[i], &options, &choice, random);
    }
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
    sweep_slot src, map[MOST], want, got, work, turn[3];
} buffers;

/* One after the other, each to a map of its own. */
static void run_apart(const layer *l, int count, buffers *b)
{
    const float *in = b->src.data;

    for (int i = 0; i < count; i++) {
        float *out = i == count - 1 ? sweep_place(&b->want, floats_out(&l[i].p), SWEEP_END, 0)
                                    : room(&b->map[i], floats_out(&l[i].p) * sizeof(float));
        void *work = room(&b->work, nonet_plan_workspace(l[i].plan));
        b->want.data = i == count - 1 ? out : NULL;
        ck_assert_int_eq(nonet_execute(l[i].plan, l[i].weights, in, out, work), NONET_OK);
        in = out;
    }
}

/* Every third map in the same memory. Returns the source: a copy in the third of the buffers; what a pair reads is not there. */
static const float *place_maps(const layer *l, int count, int paired, buffers *b, float *maps[MOST])
{
    const float *src = b->src.data;
    size_t floats = paired ? 0 : floats_in(&l[0].p);

    for (int side = 0; side < 3; side++) {
        size_t most = side == 2 ? floats : 0;
        for (int i = side; i < count - 1; i += 3)
            most = floats_out(&l[i].p) > most ? floats_out(&l[i].p) : most;
        float *at = most ? room(&b->turn[side], most * sizeof(float)) : NULL;
        for (int i = side; i < count - 1; i += 3)
            maps[i] = i == 0 && paired ? NULL : at;
        if (side == 2 && floats)
            src = memcpy(at, src, floats * sizeof *at);
    }
    maps[count - 1] = b->got.data = sweep_place(&b->got, floats_out(&l[count - 1].p), SWEEP_END, 0);
    return src;
}

static void check_seconds(const double *seconds, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        support_need(seconds[i] >= 0 && seconds[i] < 100, "%s: layer %d took %g s", text, i, seconds[i]);
}

/* In a parallel region of the caller's, where OpenMP gives the chain one thread instead of a team. */
static nonet_status execute_nested(const nonet_chain *chain, const nonet_weights *const *weights, const float *src,
                                   float *const *maps, void *work)
{
    nonet_status status = NONET_OK;

    omp_set_max_active_levels(1);
#pragma omp parallel num_threads(2)
#pragma omp single
    status = nonet_chain_execute(chain, weights, src, maps, work, NULL);
    return status;
}

/* Twice in the same workspace: with what the first run left there, the second must not begin. */
static void check_together(const layer *l, int count, const nonet_chain *chain, buffers *b, const char *text)
{
    void *work = room(&b->work, nonet_chain_workspace(chain));
    size_t floats = floats_out(&l[count - 1].p);
    const nonet_weights *weights[MOST];
    float *maps[MOST];
    double seconds[MOST];

    for (int i = 0; i < count; i++)
        weights[i] = l[i].weights;
    for (int again = 0; again < 2; again++) {
        const float *src = place_maps(l, count, nonet_chain_is_paired(chain), b, maps);
        ck_assert_int_eq(again ? execute_nested(chain, weights, src, maps, work)
                               : nonet_chain_execute(chain, weights, src, maps, work, seconds), NONET_OK);
        check_seconds(seconds, count, text);
        support_need(sweep_unharmed(&b->got) && sweep_unharmed(&b->work) && sweep_unharmed(&b->src), "%s: a byte out of place",
                     text);
        for (size_t i = 0; i < floats; i++)
            support_need(sweep_same(b->want.data[i], b->got.data[i]), "%s: float %zu is %.9g, not %.9g", text, i,
                         (double)b->got.data[i], (double)b->want.data[i]);
    }
}

static nonet_status create(nonet_chain **chain, const layer *l, int count)
{
    const nonet_plan *plans[MOST];

    for (int i = 0; i < count; i++)
        plans[i] = l[i].plan;
    return nonet_chain_create(chain, plans, count);
}

static void describe(const layer *l, int count, const nonet_options *o, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s, %s, %d threads", nonet_algo_name(o->algo), nonet_isa_name(o->isa), o->threads);

    for (int i = 0; i < count && used < size; i++) {
        char one[160];
        nonet_choice c = nonet_plan_choice(l[i].plan);
        support_describe(&l[i].p, one, sizeof one);
        used += (size_t)snprintf(text + used, size - used, "; %s, blocks of %d by %s", one, c.block, nonet_split_name(c.split));
    }
}

/* 1 if the plans are a chain, and a pair where they were to be one: fewer tiles than threads are none. */
static int try_chain(nonet_options *o, int paired, sweep_random *random, buffers *b)
{
    layer l[MOST] = { { .plan = NULL } };
    nonet_chain *chain;
    char text[2000];
    int f = sweep_between(random, 0, 2), count;

    o->algo = f == 0 ? NONET_WINOGRAD_F2 : f == 1 ? NONET_WINOGRAD_F4 : NONET_WINOGRAD_F6;
    count = choose(l, paired, 2 + 2 * f, random);
    make_layers(l, count, paired, o, random);
    describe(l, count, o, text, sizeof text);
    nonet_status status = create(&chain, l, count);
    support_need(status == NONET_OK || (paired && status == NONET_NOT_APPLICABLE), "%s: %s", text, nonet_status_string(status));
    if (status == NONET_OK) {
        ck_assert_int_eq(nonet_chain_is_paired(chain), paired);
        b->src.data = sweep_place(&b->src, floats_in(&l[0].p), SWEEP_END, 0);
        sweep_fill(random, b->src.data, floats_in(&l[0].p), SWEEP_UNIFORM);
        run_apart(l, count, b);
        check_together(l, count, chain, b, text);
        nonet_chain_destroy(chain);
    }
    for (int i = 0; i < count; i++)
        drop_layer(&l[i]);
    return status == NONET_OK;
}

static void free_buffers(buffers *b)
{
    sweep_slot *slots[] = { &b->src, &b->want, &b->got, &b->work, &b->turn[0], &b->turn[1], &b->turn[2] };

    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        sweep_slot_free(slots[i]);
    for (int i = 0; i < MOST; i++)
        sweep_slot_free(&b->map[i]);
}

static void try_chains(int paired, int cases, int quick)
{
    nonet_isa isas[NONET_ISA_COUNT];
    sweep_random random = { support_seed() };
    buffers b = { .src = { 0 } };
    int sets = support_isas(isas), all = support_count(cases, quick) * sets, joined = 0;

    for (int i = 0; i < all; i++) {
        nonet_options o = { .isa = isas[i % sets], .threads = sweep_between(&random, 1, THREADS) };
        o.weights = (nonet_weight_form)sweep_between(&random, 0, NONET_WEIGHTS_COUNT - 1);
        joined += try_chain(&o, paired, &random, &b);
    }
    support_need(4 * joined >= 3 * all, "only %d of %d problems joined", joined, all);
    free_buffers(&b);
}

START_TEST(bits_of_one_after_the_other)
{
    try_chains(0, 60, 4);
}
END_TEST

START_TEST(bits_with_a_pair)
{
    try_chains(1, 50, 4);
}
END_TEST

/* ---- what does not join ---- */

static const nonet_conv first = { 1, 3, 16, 64, 32, 3, 3, 1, 1, 1, 0, NONET_NCHW, NONET_NCHW16C };
static const nonet_conv second = { 1, 32, 16, 64, 32, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C };

static nonet_status join(nonet_conv a, nonet_conv b, nonet_algo algo)
{
    nonet_options options = { .threads = 1, .algo = NONET_DIRECT };
    nonet_plan *plan[2];
    nonet_chain *chain;

    ck_assert_int_eq(nonet_plan_create(&plan[0], &a, &options), NONET_OK);
    options.algo = algo;
    ck_assert_int_eq(nonet_plan_create(&plan[1], &b, &options), NONET_OK);
    nonet_status status = nonet_chain_create(&chain, (const nonet_plan *const *)plan, 2);
    ck_assert_int_eq(chain != NULL, status == NONET_OK);
    ck_assert(!chain || (nonet_chain_is_paired(chain) && nonet_chain_workspace(chain) <= 2 << 20));
    nonet_chain_destroy(chain);
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
    float *maps[2] = { NULL, data };
    nonet_chain *chain;

    make_layer(&l[0], &options, NULL, &random);
    make_layer(&l[1], &options, NULL, &random);
    const nonet_plan *plans[2] = { l[0].plan, l[1].plan }, *holed[2] = { l[0].plan, NULL };
    const nonet_weights *weights[2] = { l[0].weights, l[1].weights }, *wrong[2] = { l[1].weights, l[1].weights };
    const nonet_weights *short_of[2] = { l[0].weights, NULL };
    ck_assert_int_eq(nonet_chain_create(NULL, plans, 2), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_create(&chain, NULL, 2), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_create(&chain, plans, 0), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_create(&chain, holed, 2), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_create(&chain, plans, 1), NONET_NOT_APPLICABLE);
    ck_assert_int_eq(nonet_chain_create(&chain, plans, 2), NONET_OK);
    void *work = aligned_alloc(64, (nonet_chain_workspace(chain) + 127) / 64 * 64);
    char *askew = (char *)work + 4;
    ck_assert_int_eq(nonet_chain_execute(NULL, weights, data, maps, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, NULL, data, maps, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, short_of, data, maps, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, weights, NULL, maps, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, weights, data, NULL, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, weights, data, (float *[2]){ data }, work, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, weights, data, maps, NULL, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, weights, data, maps, askew, NULL), NONET_BAD_ARGUMENT);
    ck_assert_int_eq(nonet_chain_execute(chain, wrong, data, maps, work, NULL), NONET_MISMATCH);
    free(work);
    nonet_chain_destroy(chain);
    nonet_chain_destroy(NULL);
    drop_layer(&l[0]);
    drop_layer(&l[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chain");
    TCase *tcase = tcase_create("one after the other");

    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, bits_of_one_after_the_other);
    tcase_add_test(tcase, bits_with_a_pair);
    tcase_add_test(tcase, only_what_fits_joins);
    tcase_add_test(tcase, faults);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
