/* localise_test.c - boxes: merging against the definition, positions of the map against plain passes of the windows there, and a
 * network made by hand that finds a bright square (support_boxes.h). `localise_test --write FOLDER` writes
 * it, and pictures, for the scripts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nonet_vgg.h"
#include "tests/support.h"
#include "tests/support_boxes.h"
#include "vgg/localise.h"

/* ---- boxes ---- */

START_TEST(overlaps)
{
    vgg_box a = { 0, 0, 10, 10 }, half = { 5, 0, 15, 10 }, inside = { 2, 2, 4, 4 };
    vgg_box apart = { 20, 20, 30, 30 }, empty = { 3, 3, 3, 9 };

    ck_assert_double_eq(vgg_box_iou(&a, &a), 1);
    ck_assert_double_eq_tol(vgg_box_iou(&a, &half), 50.0 / 150, 1e-15);
    ck_assert_double_eq_tol(vgg_box_iou(&inside, &a), 4.0 / 100, 1e-15);
    ck_assert_double_eq(vgg_box_iou(&a, &apart), 0);
    ck_assert_double_eq(vgg_box_iou(&a, &empty), 0);
    ck_assert_double_eq(vgg_box_iou(&empty, &empty), 0);
    ck_assert_double_eq(vgg_box_distance(&a, &a), 0);
    ck_assert_double_eq_tol(vgg_box_distance(&a, &half), 5 / sqrt(200) + 2.0 / 3, 1e-15);
    ck_assert_double_eq_tol(vgg_box_distance(&a, &apart), 20 * sqrt(2) / sqrt(200) + 1, 1e-15);
}
END_TEST

/* The definition, word for word: all pairs are looked at before each merging. */
static int merge_slowly(vgg_prediction *p, int count, double limit)
{
    for (;;) {
        int a = -1, b = -1;
        double least = INFINITY;
        for (int i = 0; i < count; i++)
            for (int j = i + 1; j < count; j++)
                if (vgg_box_distance(&p[i].box, &p[j].box) < least) {
                    least = vgg_box_distance(&p[i].box, &p[j].box);
                    a = i;
                    b = j;
                }
        if (a < 0 || least > limit)
            return count;
        double *to = (double *)&p[a].box;
        const double *from = (const double *)&p[b].box;
        double na = (double)p[a].merged, nb = (double)p[b].merged;
        for (int i = 0; i < 4; i++)
            to[i] = (na * to[i] + nb * from[i]) / (na + nb);
        p[a].rating += p[b].rating;
        p[a].merged += p[b].merged;
        memmove(p + b, p + b + 1, (size_t)(--count - b) * sizeof *p);
    }
}

/* Boxes on a grid, so that many distances are alike, and some without area. */
static vgg_prediction random_prediction(int coarse, sweep_random *random)
{
    double x = sweep_between(random, 0, 40) * coarse, y = sweep_between(random, 0, 30) * coarse;
    double shift = coarse > 1 ? 0 : sweep_uniform(random);

    return (vgg_prediction){
        { x + shift, y - shift, x + sweep_between(random, 0, 12) * coarse, y + shift + sweep_between(random, 0, 12) * coarse },
        (double)sweep_between(random, 0, 64) / 64, 1 };
}

START_TEST(merging_is_as_defined)
{
    enum { MOST = 60 };
    static const double limits[] = { 0, 0.3, VGG_MERGE_DISTANCE, 1.2, 100 };
    sweep_random random = { support_seed() + 1 };
    int merged = 0;

    for (int turn = 0; turn < support_count(400, 50); turn++) {
        vgg_prediction got[MOST], want[MOST];
        int count = sweep_between(&random, 0, MOST);
        double limit = limits[turn % 5];
        for (int i = 0; i < count; i++)
            got[i] = want[i] = i % 7 == 6 ? want[i - 3] : random_prediction(turn % 3, &random);
        int left = vgg_boxes_merge(got, count, limit), expected = merge_slowly(want, count, limit);
        support_need(left == expected, "%d boxes within %g: %d left, not %d", count, limit, left, expected);
        for (int i = 0; i < left; i++) {
            support_need(memcmp(&got[i], &want[i], sizeof *got) == 0, "%d boxes within %g: box %d differs", count, limit, i);
            merged += got[i].merged > 1;
        }
    }
    ck_assert_int_gt(merged, 20);
}
END_TEST

/* ---- random networks ---- */

enum { SIDE = 22, STRIDE = 4, CLASSES = 5 };    /* of the random networks */

/* Two blocks of a convolution without padding and a pool, then `outputs` numbers. boxes: some in the middle of the crop. */
static void make_net(char *path, int side, int outputs, int boxes, sweep_random *random)
{
    vgg_model m = { .c = 3, .h = side, .w = side, .std = { 0.2f, 0.3f, 0.25f, 1 }, .mean = { 0.4f, 0.5f, 0.45f } };
    int left = ((side - 2) / 2 - 2) / 2;

    boxes_randomise(boxes_add_layer(&m, VGG_CONV, 8, 3, 3, 0), 1, random);
    vgg_model_add(&m, VGG_RELU, "relu");
    vgg_model_add(&m, VGG_MAXPOOL, "pool");
    boxes_randomise(boxes_add_layer(&m, VGG_CONV, 12, 8, 3, 0), 1, random);
    vgg_model_add(&m, VGG_RELU, "relu");
    vgg_model_add(&m, VGG_MAXPOOL, "pool");
    vgg_model_add(&m, VGG_FLATTEN, "flatten");
    vgg_layer *head = boxes_add_layer(&m, VGG_FC, outputs, 12 * left * left, 1, 0);
    boxes_randomise(head, boxes ? 0.3f : 1, random);
    for (int i = 0; boxes && i < outputs; i++)
        boxes_bias(head)[i] += 0.5f;
    boxes_write_model(&m, path);
}

static vgg_picture random_picture(int w, int h, sweep_random *random)
{
    vgg_picture p = { w, h, 3, malloc((size_t)(3 * w * h)) };

    for (int i = 0; i < 3 * w * h; i++)
        p.pixels[i] = (uint8_t)(128 + 90 * sin(i % (3 * w) * 0.11 + i / (3 * w) * 0.23) + 30 * sweep_uniform(random));
    return p;
}

/* ---- the same from plain passes, window by window ---- */

typedef struct plain {
    nonet_vgg *net;
    nonet_vgg_info info;
    double weight;
} plain;

static plain open_plain(const char *path)
{
    nonet_vgg_options o = { .conv = { .algo = NONET_DIRECT } };
    nonet_vgg_error err = { "" };
    plain p = { .weight = 1 };

    support_need(nonet_vgg_open(&p.net, path, &o, &err) == NONET_VGG_OK, "%s", err.text);
    nonet_vgg_query(p.net, &p.info);
    return p;
}

/* The window at (top, left) of an RGB picture through a network. */
static void run_window(const plain *p, const uint8_t *pixels, int columns, int top, int left, float *out)
{
    float x[3 * SIDE * SIDE];
    nonet_vgg_error err = { "" };

    for (int i = 0; i < 3 * SIDE * SIDE; i++) {
        int c = i / (SIDE * SIDE), at = ((top + i / SIDE % SIDE) * columns + left + i % SIDE) * 3 + c;
        x[i] = (pixels[at] / 255.0f - p->info.mean[c]) / p->info.std[c];
    }
    support_need(nonet_vgg_forward(p->net, x, out, NULL, &err) == NONET_VGG_OK, "%s", err.text);
}

static uint8_t *mirrored(const uint8_t *pixels, int w, int h)
{
    uint8_t *to = malloc((size_t)(3 * w * h));

    for (int i = 0; i < w * h; i++)
        memcpy(to + 3 * i, pixels + 3 * (i / w * w + w - 1 - i % w), 3);
    return to;
}

typedef struct case_of {
    plain class_net[2], box_net[2];
    int class_nets, box_nets, wanted;
    vgg_protocol how;
    vgg_picture picture;
    vgg_prediction *found;
    int count;
} case_of;

static void add_window(case_of *c, const uint8_t *pixels, int w, int h, int flip, int top, int left)
{
    float out[4 * CLASSES];
    double rating = 0, sum = 0, tx = (double)c->picture.w / w, ty = (double)c->picture.h / h;

    for (int i = 0; i < c->class_nets; i++) {
        double all = 0;
        run_window(&c->class_net[i], pixels, w, top, left, out);
        for (int k = 0; k < CLASSES; k++)
            all += exp((double)out[k] - (double)out[c->wanted]);
        rating += c->class_net[i].weight / all;
        sum += c->class_net[i].weight;
    }
    for (int i = 0; i < c->box_nets; i++) {
        run_window(&c->box_net[i], pixels, w, top, left, out);
        const float *n = out + (c->box_net[i].info.out_c == 4 ? 0 : 4 * c->wanted);
        double cx = left + SIDE * (double)n[0], cy = top + SIDE * (double)n[1];
        double bw = n[2] > 0 ? SIDE * (double)n[2] : 0, bh = n[3] > 0 ? SIDE * (double)n[3] : 0;
        if (flip)
            cx = w - cx;
        c->found[c->count++] = (vgg_prediction){
            { tx * (cx - bw / 2), ty * (cy - bh / 2), tx * (cx + bw / 2), ty * (cy + bh / 2) }, rating / sum, 1 };
    }
}

static void add_scale(case_of *c, int scale)
{
    int least = c->picture.w < c->picture.h ? c->picture.w : c->picture.h, dense = c->how.kind == VGG_DENSE;
    double up = dense ? 0.5 : 0;
    int w = (int)floor((double)c->picture.w * scale / least + up), h = (int)floor((double)c->picture.h * scale / least + up);
    vgg_window all = { w, h, 0, 0, w, h };
    uint8_t *pixels = malloc((size_t)(3 * w * h));

    support_need(vgg_resize(&c->picture, &all, pixels, NULL) == NONET_VGG_OK, "resize");
    for (int flip = 0; flip <= c->how.flip; flip++) {
        uint8_t *seen = flip ? mirrored(pixels, w, h) : pixels;
        int middle_y = (int)rint((h - SIDE) / 2.0), middle_x = (int)rint((w - SIDE) / 2.0);
        if (flip)
            middle_x = w - SIDE - middle_x;
        for (int y = 0; dense && y + SIDE <= h; y += STRIDE)
            for (int x = 0; x + SIDE <= w; x += STRIDE)
                add_window(c, seen, w, h, flip, y, x);
        if (!dense)
            add_window(c, seen, w, h, flip, middle_y, middle_x);
        if (flip)
            free(seen);
    }
    free(pixels);
}

/* The box with the best sum of ratings, cut at the picture's edges. */
static vgg_found expected(case_of *c, double limit)
{
    c->found = malloc(sizeof *c->found * 20000);
    c->count = 0;
    for (int i = 0; i < c->how.scales; i++)
        add_scale(c, c->how.scale[i]);
    vgg_found best = { .of = c->count };
    int left = merge_slowly(c->found, c->count, limit), at = 0;
    for (int i = 1; i < left; i++)
        at = c->found[i].rating > c->found[at].rating ? i : at;
    vgg_prediction *p = &c->found[at];
    best.box = (vgg_box){ fmin(fmax(p->box.x0, 0), c->picture.w), fmin(fmax(p->box.y0, 0), c->picture.h),
                          fmin(fmax(p->box.x1, 0), c->picture.w), fmin(fmax(p->box.y1, 0), c->picture.h) };
    best.rating = p->rating;
    best.merged = p->merged;
    free(c->found);
    return best;
}

/* ---- the localiser ---- */

static void open_localiser(vgg_evaluator **e, vgg_localiser **l, const vgg_evaluator_options *classes,
                           const vgg_localiser_options *boxes)
{
    nonet_vgg_error err = { "" };

    support_need(vgg_evaluator_open(e, classes, &err) == NONET_VGG_OK, "%s", err.text);
    support_need(vgg_localiser_open(l, *e, boxes, &err) == NONET_VGG_OK, "%s", err.text);
}

static void check_found(const vgg_found *got, const vgg_found *want, int turn)
{
    const double *a = (const double *)&got->box, *b = (const double *)&want->box;

    support_need(got->of == want->of && got->merged == want->merged, "case %d: %d of %d predictions, not %d of %d", turn,
                 (int)got->merged, (int)got->of, (int)want->merged, (int)want->of);
    support_need(fabs(got->rating - want->rating) <= 1e-5 * want->rating, "case %d: rating %g, not %g", turn, got->rating,
                 want->rating);
    for (int i = 0; i < 4; i++)
        support_need(fabs(a[i] - b[i]) <= 1e-6 * (1 + fabs(b[i])), "case %d: edge %d is %g, not %g", turn, i, a[i], b[i]);
}

static void check_case(const char *const *nets, int turn, sweep_random *random)
{
    static const double weights[] = { 1, 3 };
    static const double limits[] = { VGG_MERGE_DISTANCE, 0.2, 1.1 };
    case_of c = { .class_nets = 1 + turn % 2, .box_nets = 1 + turn / 2 % 2,
                  .how = { turn % 3 ? VGG_DENSE : VGG_CENTRE, turn / 3 % 2, 1 + turn % 2, { 26, 31 } } };
    const char *box[] = { nets[2 + turn % 2], nets[3 - turn % 2] };
    vgg_evaluator_options classes = { c.class_nets, nets, weights, { VGG_CENTRE, 0, 0, { 0 } },
                                      { .dense = c.how.kind == VGG_DENSE, .conv = { .algo = NONET_DIRECT } } };
    vgg_localiser_options boxes = { c.box_nets, box, c.how, limits[turn % 3], 0, { .conv = { .algo = NONET_DIRECT } } };
    vgg_evaluator *e;
    vgg_localiser *l;
    int wanted[] = { turn % CLASSES, (turn + 2) % CLASSES };
    vgg_found got[2];
    nonet_vgg_error err = { "" };

    c.picture = random_picture(sweep_between(random, 20, 60), sweep_between(random, 20, 60), random);
    open_localiser(&e, &l, &classes, &boxes);
    for (int i = 0; i < 2; i++) {
        c.class_net[i] = open_plain(nets[i]);
        c.class_net[i].weight = weights[i];
        c.box_net[i] = open_plain(box[i]);
    }
    support_need(vgg_localiser_run(l, &c.picture, wanted, 2, got, &err) == NONET_VGG_OK, "%s", err.text);
    for (int i = 0; i < 2; i++) {
        c.wanted = wanted[i];
        vgg_found want = expected(&c, boxes.merge);
        check_found(&got[i], &want, turn);
    }
    for (int i = 0; i < 2; i++) {
        nonet_vgg_close(c.class_net[i].net);
        nonet_vgg_close(c.box_net[i].net);
    }
    vgg_localiser_close(l);
    vgg_evaluator_close(e);
    vgg_picture_clear(&c.picture);
}

START_TEST(positions_are_windows)
{
    sweep_random random = { support_seed() + 2 };
    char path[4][64];
    const char *nets[4] = { path[0], path[1], path[2], path[3] };

    for (int i = 0; i < 4; i++)
        make_net(path[i], SIDE, i < 2 ? CLASSES : i == 2 ? 4 : 4 * CLASSES, i >= 2, &random);
    for (int turn = 0; turn < support_count(24, 12); turn++)
        check_case(nets, turn, &random);
    for (int i = 0; i < 4; i++)
        unlink(path[i]);
}
END_TEST

/* ---- a bright square ---- */

/* Wherever it is, dense application finds it: the positions that see all of it agree. */
static void find_square(const char *classes, const char *box, int pixels, int flip, sweep_random *random)
{
    vgg_evaluator_options of_classes = { 1, &classes, NULL, { VGG_DENSE, flip, 1, { 64 } }, { .batch = 0 } };
    vgg_localiser_options of_boxes = { 1, &box, { VGG_DENSE, flip, 1, { 64 } }, VGG_MERGE_DISTANCE, pixels, { .batch = 0 } };
    vgg_evaluator *e;
    vgg_localiser *l;
    nonet_vgg_error err = { "" };
    vgg_found found;
    int one = 1;

    open_localiser(&e, &l, &of_classes, &of_boxes);
    for (int i = 0; i < 6; i++) {
        int x = CELL * sweep_between(random, 0, (96 - SQUARE) / CELL), y = CELL * sweep_between(random, 0, (64 - SQUARE) / CELL);
        vgg_picture p = boxes_square_picture(96, 64, x, y);
        vgg_box truth = { x, y, x + SQUARE, y + SQUARE };
        support_need(vgg_localiser_run(l, &p, &one, 1, &found, &err) == NONET_VGG_OK, "%s", err.text);
        ck_assert_int_eq(found.of, 17 * 9 * (flip + 1));
        support_need(vgg_box_iou(&found.box, &truth) > 0.7, "a square at %d,%d is found at %.1f,%.1f,%.1f,%.1f", x, y,
                     found.box.x0, found.box.y0, found.box.x1, found.box.y1);
        vgg_picture_clear(&p);
    }
    vgg_localiser_close(l);
    vgg_evaluator_close(e);
}

START_TEST(square_is_found)
{
    sweep_random random = { support_seed() + 3 };
    char classes[64], box[64];
    vgg_model m = boxes_square_classes();

    boxes_write_model(&m, classes);
    for (int i = 0; i < 4; i++) {
        m = boxes_square_boxes(i % 2, i < 2 ? 1 : EYE);
        boxes_write_model(&m, box);
        find_square(classes, box, i >= 2, i % 2, &random);
        unlink(box);
    }
    unlink(classes);
}
END_TEST

/* ---- refusals ---- */

static void refused(const char *classes, const char *box, vgg_protocol how, int dense, nonet_vgg_status want, const char *text)
{
    vgg_evaluator_options c = { 1, &classes, NULL, { VGG_CENTRE, 0, 0, { 0 } }, { .dense = dense } };
    vgg_localiser_options b = { 1, &box, how, VGG_MERGE_DISTANCE, 0, { .batch = 0 } };
    vgg_evaluator *e = NULL;
    vgg_localiser *l = NULL;
    nonet_vgg_error err = { "" };

    support_need(vgg_evaluator_open(&e, &c, &err) == NONET_VGG_OK, "%s", err.text);
    nonet_vgg_status got = vgg_localiser_open(&l, e, &b, &err);
    support_need(got == want && strstr(err.text, text), "%d, not %d: %s", (int)got, (int)want, err.text);
    ck_assert_ptr_null(l);
    vgg_evaluator_close(e);
}

START_TEST(refusals)
{
    const vgg_protocol centre = { VGG_CENTRE, 0, 0, { 0 } }, dense = { VGG_DENSE, 0, 0, { 0 } };
    const vgg_protocol grid = { VGG_MULTICROP, 0, 0, { 0 } };
    sweep_random random = { support_seed() + 4 };
    char classes[64], boxes[64], other[64], soft[64];

    make_net(classes, SIDE, CLASSES, 0, &random);
    make_net(boxes, SIDE, 4, 1, &random);
    make_net(other, SIDE + 4, 4, 1, &random);
    vgg_model m = boxes_square_boxes(0, 1);
    vgg_model_add(&m, VGG_SOFTMAX, "softmax");
    boxes_write_model(&m, soft);
    refused(classes, classes, centre, 0, NONET_VGG_UNSUPPORTED, "predicts 5 numbers");
    refused(classes, other, centre, 0, NONET_VGG_UNSUPPORTED, "positions do not match");
    refused(classes, soft, centre, 0, NONET_VGG_UNSUPPORTED, "soft-max");
    refused(classes, soft, dense, 1, NONET_VGG_UNSUPPORTED, "soft-max");
    refused(classes, boxes, grid, 0, NONET_VGG_USAGE, "multicrop");
    refused(classes, boxes, dense, 0, NONET_VGG_USAGE, "not opened for dense");
    refused(classes, "/nowhere/boxes.nonet", centre, 0, NONET_VGG_IO, "/nowhere/boxes.nonet");
    unlink(classes);
    unlink(boxes);
    unlink(other);
    unlink(soft);
}
END_TEST

/* Numbers that are none give no box; a limit of memory that a view does not fit is told. */
START_TEST(no_box_and_no_memory)
{
    char path[2][64];
    const char *classes = path[0], *box = path[1];
    vgg_model m = boxes_square_classes();
    vgg_evaluator_options c = { 1, &classes, NULL, { VGG_CENTRE, 0, 1, { 64 } }, { .dense = 1 } };
    vgg_localiser_options b = { 1, &box, { VGG_DENSE, 0, 1, { 640 } }, VGG_MERGE_DISTANCE, 0, { .batch = 0 } };
    vgg_evaluator *e;
    vgg_localiser *l;
    nonet_vgg_error err = { "" };
    vgg_picture p = boxes_square_picture(96, 64, 40, 24);
    vgg_found found;
    int one = 1;

    boxes_write_model(&m, path[0]);
    m = boxes_square_boxes(0, 1);
    boxes_bias(&m.layers[m.count - 1])[3] = NAN;
    boxes_write_model(&m, path[1]);
    open_localiser(&e, &l, &c, &b);
    support_need(vgg_localiser_run(l, &p, &one, 1, &found, &err) == NONET_VGG_OK, "%s", err.text);
    ck_assert_int_eq(found.of, 0);
    vgg_localiser_close(l);
    vgg_evaluator_close(e);
    c.net.max_memory = b.options.max_memory = 1000000;
    open_localiser(&e, &l, &c, &b);
    ck_assert_int_eq(vgg_localiser_run(l, &p, &one, 1, &found, &err), NONET_VGG_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(err.text, "the limit is 1.0 MB"));
    vgg_localiser_close(l);
    vgg_evaluator_close(e);
    vgg_picture_clear(&p);
    unlink(path[0]);
    unlink(path[1]);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return boxes_write_files(argv[2]);
    Suite *suite = suite_create("localise");
    TCase *boxes = tcase_create("boxes"), *networks = tcase_create("networks");
    tcase_set_timeout(networks, 900);
    tcase_add_test(boxes, overlaps);
    tcase_add_test(boxes, merging_is_as_defined);
    tcase_add_test(networks, positions_are_windows);
    tcase_add_test(networks, square_is_found);
    tcase_add_test(networks, refusals);
    tcase_add_test(networks, no_box_and_no_memory);
    suite_add_tcase(suite, boxes);
    suite_add_tcase(suite, networks);
    return support_main(suite);
}
