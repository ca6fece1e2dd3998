/* corpus_list.c - the problems of the corpus that ships: VGG's layers, and shapes that are awkward in every way. */
#include <stdlib.h>
#include "cli/corpus.h"
#include "cli/sweep.h"

enum { MOST = 2000, AWKWARD = 300 };
static const double AWKWARD_WORK = 3e6;

typedef struct builder {
    corpus *list;
    sweep_random random;
} builder;

/* The place in the order of building is the seed. */
static corpus_problem *add(builder *b, corpus_problem p)
{
    if (b->list->count == MOST)
        return NULL;
    p.seed = b->list->count + 1;
    b->list->problem[b->list->count] = p;
    return &b->list->problem[b->list->count++];
}

static int pick(builder *b, const int *from, int count)
{
    return from[sweep_between(&b->random, 0, count - 1)];
}
#define PICK(b, array) pick(b, array, (int)(sizeof array / sizeof array[0]))

static int channels(builder *b)
{
    static const int some[] = { 1, 2, 3, 4, 5, 7, 13, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 70, 97, 127, 128, 129, 143 };
    return PICK(b, some);
}

static int side(builder *b)
{
    static const int some[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 23, 28, 29, 31, 33, 41 };
    return PICK(b, some);
}

static void conv(builder *b, nonet_conv c, nonet_algo algo, nonet_fc_weights fc, corpus_data data)
{
    add(b, (corpus_problem){ .kind = CORPUS_CONV, .src = c.src_layout, .dst = c.dst_layout, .algo = algo, .fc = fc, .data = data,
                             .number = { c.n, c.c, c.h, c.w, c.k, c.r, c.s, c.stride, c.pad, c.relu, c.pool } });
}

static void layer(builder *b, corpus_kind kind, corpus_data data, const int *number)
{
    corpus_problem p = { .kind = kind, .data = data };

    for (int i = 0; i < CORPUS_NUMBERS; i++)
        p.number[i] = number[i];
    add(b, p);
}
#define LAYER(b, kind, data, ...) layer(b, kind, data, (const int[CORPUS_NUMBERS]){ __VA_ARGS__ })

/* Every 3x3 of networks A to E, once for each algorithm; the 1x1 of C; the fully connected ones, for one image and several. */
static void vgg_convolutions(builder *b)
{
    static const int shape[][5] = {  /* c, side, k, without and with a pool after it */
        { 3, 224, 64, 1, 1 }, { 64, 224, 64, 1, 1 }, { 64, 112, 128, 1, 1 }, { 128, 112, 128, 1, 1 }, { 128, 56, 256, 1, 0 },
        { 256, 56, 256, 1, 1 }, { 256, 28, 512, 1, 0 }, { 512, 28, 512, 1, 1 }, { 512, 14, 512, 1, 1 },
    };
    static const int pointwise[][2] = { { 256, 56 }, { 512, 28 }, { 512, 14 } };

    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
        for (int pool = 0; pool < 2; pool++)
            for (nonet_algo algo = NONET_DIRECT; shape[i][3 + pool] && algo <= NONET_WINOGRAD_F4; algo++)
                conv(b, (nonet_conv){ 1, shape[i][0], shape[i][1], shape[i][1], shape[i][2], 3, 3, 1, 1, 1, pool,
                                      i ? NONET_NCHW16C : NONET_NCHW, NONET_NCHW16C }, algo, NONET_FC_F32, CORPUS_RELU);
    for (size_t i = 0; i < sizeof pointwise / sizeof pointwise[0]; i++)
        conv(b, (nonet_conv){ 1, pointwise[i][0], pointwise[i][1], pointwise[i][1], pointwise[i][0], 1, 1, 1, 0, 1, 1,
                              NONET_NCHW16C, NONET_NCHW16C }, NONET_DIRECT, NONET_FC_F32, CORPUS_RELU);
    for (nonet_algo algo = NONET_DIRECT; algo <= NONET_WINOGRAD_F4; algo++)
        conv(b, (nonet_conv){ 3, 512, 14, 14, 512, 3, 3, 1, 1, 1, 0, NONET_NCHW16C, NONET_NCHW16C }, algo, NONET_FC_F32,
             CORPUS_RELU);
}

static void vgg_rest(builder *b)
{
    static const int fc[][3] = { { 512, 7, 4096 }, { 4096, 1, 4096 }, { 4096, 1, 1000 } };     /* c, side, k */
    static const int map[][2] = { { 64, 224 }, { 128, 112 }, { 256, 56 }, { 512, 28 }, { 512, 14 } };

    for (int i = 0; i < 3; i++)
        for (int n = 1; n <= 3; n += 2)
            for (nonet_fc_weights type = NONET_FC_F32; type < NONET_FC_COUNT; type++)
                conv(b, (nonet_conv){ n, fc[i][0], fc[i][1], fc[i][1], fc[i][2], fc[i][1], fc[i][1], 1, 0, i < 2, 0,
                                      i ? NONET_NCHW : NONET_NCHW16C, NONET_NCHW }, NONET_DIRECT, type, CORPUS_RELU);
    for (int i = 0; i < 5; i++)
        LAYER(b, CORPUS_MAXPOOL, CORPUS_RELU, 1, map[i][0], map[i][1], map[i][1], 0);
    LAYER(b, CORPUS_LRN, CORPUS_RELU, 1, 64, 224, 224, 5, 20, 3, 1);
    LAYER(b, CORPUS_AVGPOOL, CORPUS_RELU, 1, 512, 7, 7, 7, 7);
    LAYER(b, CORPUS_SOFTMAX, CORPUS_NORMAL, 1, 1000);
}

/* Kernel, stride and pad of shape i: half of them 3x3 with stride 1, the rest of the other families. */
static void kernel_of(builder *b, int i, nonet_conv *c)
{
    int kind = i % 10, few = kind == 6 || i % 20 == 15;

    c->stride = kind == 4 || kind == 5 ? 2 : 1;
    c->r = c->s = kind == 7 ? 1 : 3;
    c->pad = kind < 7 ? sweep_between(&b->random, 0, 1) : 0;
    if (few)
        c->c = sweep_between(&b->random, 1, 4);
    if (kind >= 8) {
        c->r = sweep_between(&b->random, 1, 8);
        c->s = sweep_between(&b->random, 1, 8);
    }
    if (kind == 9) {    /* fully connected, every second time for one image */
        c->h = c->r;
        c->w = c->s;
        c->n = i % 20 == 9 ? 1 : c->n;
    }
}

static nonet_conv awkward_shape(builder *b, int i)
{
    nonet_conv c = { .n = sweep_between(&b->random, 1, 3), .c = channels(b), .h = side(b), .w = side(b), .k = channels(b) };

    kernel_of(b, i, &c);
    c.relu = sweep_between(&b->random, 0, 1);
    c.pool = sweep_between(&b->random, 0, 2) == 0;
    c.src_layout = (nonet_layout)sweep_between(&b->random, 0, 2);
    c.dst_layout = (nonet_layout)sweep_between(&b->random, 0, 2);
    return c;
}

/* Shapes that exist and are small; one algorithm a shape would leave most of them without most algorithms. */
static void awkward_convolutions(builder *b)
{
    for (int i = 0; i < AWKWARD; ) {
        nonet_conv c = awkward_shape(b, i);
        corpus_data data = (corpus_data)sweep_between(&b->random, 0, CORPUS_DATA - 1);
        corpus_problem p = { .algo = NONET_DIRECT,
                             .number = { c.n, c.c, c.h, c.w, c.k, c.r, c.s, c.stride, c.pad, c.relu, c.pool } };
        corpus_size size;
        int fc = c.pad == 0 && c.r == c.h && c.s == c.w;

        if (corpus_measure(&p, &size) || size.work > AWKWARD_WORK)
            continue;
        conv(b, c, NONET_DIRECT, fc && i % 40 >= 20 ? NONET_FC_BF16 : NONET_FC_F32, data);
        for (nonet_algo algo = NONET_WINOGRAD_F2; c.r == 3 && c.s == 3 && c.stride == 1 && algo <= NONET_WINOGRAD_F4; algo++)
            conv(b, c, algo, NONET_FC_F32, data);
        i++;
    }
}

static void awkward_layers(builder *b)
{
    for (int i = 0; i < 12; i++) {
        corpus_data data = (corpus_data)(i % CORPUS_DATA);
        int n = 1 + i % 3, c = channels(b), h = side(b) + 1, w = side(b) + 1;

        LAYER(b, CORPUS_MAXPOOL, data, n, c, h, w, i & 1);
        LAYER(b, CORPUS_AVGPOOL, data, n, c, h, w, 1 + i % 8, 1 + i % 5);
        LAYER(b, CORPUS_LRN, data, n, c, h, w, 1 + 2 * (i % 8), 20 + 40000 * (i % 3), 2 + i % 3, 1 + i % 2);
        LAYER(b, CORPUS_SOFTMAX, data == CORPUS_TINY ? CORPUS_NORMAL : data, n, c * (1 + i));
    }
}

/* F(6x6) for every problem that has F(4x4); after the rest, which keep their seeds. */
static void six_by_six(builder *b)
{
    for (int i = 0, count = b->list->count; i < count; i++) {
        corpus_problem p = b->list->problem[i];

        if (p.kind == CORPUS_CONV && p.algo == NONET_WINOGRAD_F4) {
            p.algo = NONET_WINOGRAD_F6;
            add(b, p);
        }
    }
}

int corpus_list(corpus *list)
{
    builder b = { list, { 20261123 } };

    *list = (corpus){ .problem = calloc(MOST, sizeof *list->problem) };
    if (!list->problem)
        return 0;
    vgg_convolutions(&b);
    vgg_rest(&b);
    awkward_convolutions(&b);
    awkward_layers(&b);
    six_by_six(&b);
    return 1;
}
