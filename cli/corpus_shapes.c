/* corpus_shapes.c - somebody's own list of layers as the problems of a corpus. */
#include <stdlib.h>
#include "bench/shapes.h"
#include "cli/corpus.h"

/* The place in the list is the seed. */
static const char *add(corpus *list, const nonet_conv *c, nonet_algo algo, nonet_fc_weights fc)
{
    corpus_size size;
    int last = c->r == c->h && c->s == c->w && !c->pad;
    corpus_problem *p = &list->problem[list->count];

    *p = (corpus_problem){ .kind = CORPUS_CONV, .algo = algo, .fc = fc, .data = CORPUS_RELU, .seed = list->count + 1,
                           .src = c->c <= NONET_FEW_CHANNELS ? NONET_NCHW : NONET_NCHW16C, .dst = last ? NONET_NCHW : NONET_NCHW16C,
                           .number = { c->n, c->c, c->h, c->w, c->k, c->r, c->s, c->stride, c->pad, c->relu, c->pool } };
    const char *fault = corpus_measure(p, &size);
    list->count += !fault;
    return fault;
}

/* Each algorithm that can, and the weights of fully connected layers both ways. */
static const char *add_shape(corpus *list, const nonet_conv *c)
{
    int winograd = c->r == 3 && c->s == 3 && c->stride == 1, fc = c->r == c->h && c->s == c->w && !c->pad;
    const char *fault = add(list, c, NONET_DIRECT, NONET_FC_F32);

    for (nonet_algo algo = NONET_DIRECT + 1; winograd && !fault && algo < NONET_ALGO_COUNT; algo++)
        fault = add(list, c, algo, NONET_FC_F32);
    return fc && !fault ? add(list, c, NONET_DIRECT, NONET_FC_BF16) : fault;
}

int corpus_shapes(const char *path, corpus *list)
{
    bench_shapes shapes;
    nonet_vgg_error err = { "" };
    const char *fault = NULL;
    int status = 0;

    *list = (corpus){ .count = 0 };
    if (bench_shapes_read(&shapes, path, &err) != NONET_VGG_OK)
        return cli_fail(EXIT_DATA, "%s", err.text);
    list->problem = calloc((size_t)shapes.count * (NONET_ALGO_COUNT + 1), sizeof *list->problem);
    if (!list->problem)
        status = cli_fail(EXIT_DATA, "%s", nonet_status_string(NONET_NO_MEMORY));
    for (int i = 0; i < shapes.count && status == 0; i++)
        if ((fault = add_shape(list, &shapes.conv[i])))
            status = cli_fail(EXIT_DATA, "%s, line %d: %s", path, shapes.line[i], fault);
    bench_shapes_free(&shapes);
    if (status)
        corpus_free(list);
    return status;
}
