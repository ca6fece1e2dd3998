/* corpus_run.c - computes a problem: its hash, and its error where the oracle can follow. */
#include <stdio.h>
#include <string.h>
#include "bench/data.h"
#include "cli/corpus.h"

/* The oracle takes some 3 ns a multiply-add, and nine floats' memory a float. */
static const double ORACLE_WORK = 1 << 25, ORACLE_FLOATS = 1 << 24;

typedef struct run {
    const corpus_problem *p;
    const nonet_options *options;
    corpus_result *result;
    float *x, *out;             /* NCHW */
    float *src, *dst;           /* in the problem's layouts */
} run;

static int fail(run *r, nonet_status status, const char *what)
{
    snprintf(r->result->fault, sizeof r->result->fault, "%s: %s", what, nonet_status_string(status));
    return 0;
}

/* All bits set: NaN, so that what is read but was not written shows. */
static float *get(run *r, size_t floats)
{
    float *x = bench_floats(floats ? floats : 1);

    if (x)
        memset(x, 0xff, floats * sizeof *x);
    else
        snprintf(r->result->fault, sizeof r->result->fault, "no memory for %zu floats", floats);
    return x;
}

static nonet_status pack(run *r, const nonet_plan *plan, nonet_weights **weights)
{
    nonet_conv conv = corpus_conv(r->p);
    float *weight = get(r, (size_t)conv.k * (size_t)conv.c * (size_t)conv.r * (size_t)conv.s), *bias = get(r, (size_t)conv.k);
    nonet_status status = NONET_NO_MEMORY;

    if (weight && bias) {
        corpus_weights(r->p, weight, bias);
        status = nonet_weights_pack(weights, plan, weight, bias);
    }
    bench_free(weight);
    bench_free(bias);
    return status;
}

static nonet_status execute(run *r, const nonet_plan *plan)
{
    nonet_weights *weights;
    nonet_status status = pack(r, plan, &weights);

    if (status != NONET_OK)
        return status;
    float *workspace = get(r, nonet_plan_workspace(plan) / sizeof(float));
    status = workspace ? nonet_execute(plan, weights, r->src, r->dst, workspace) : NONET_NO_MEMORY;
    bench_free(workspace);
    nonet_weights_destroy(weights);
    return status;
}

static nonet_status standard_of(const nonet_conv *conv, nonet_options options, nonet_algo *algo)
{
    nonet_plan *plan;
    nonet_plan_info info;

    options.algo = NONET_AUTO;
    nonet_status status = nonet_plan_create(&plan, conv, &options);
    if (status != NONET_OK)
        return status;
    nonet_plan_query(plan, &info);
    nonet_plan_destroy(plan);
    *algo = info.algo;
    return NONET_OK;
}

static int run_conv(run *r)
{
    nonet_conv conv = corpus_conv(r->p);
    nonet_options options = *r->options;
    nonet_plan *plan;

    options.algo = r->p->algo;
    options.fc_weights = r->p->fc;
    nonet_status status = standard_of(&conv, options, &r->result->standard);
    if (status == NONET_OK)
        status = nonet_plan_create(&plan, &conv, &options);
    if (status != NONET_OK)
        return fail(r, status, "plan");
    status = execute(r, plan);
    nonet_plan_destroy(plan);
    return status == NONET_OK ? 1 : fail(r, status, "pack and execute");
}

static int run_layer(run *r)
{
    const int *v = r->p->number;
    int threads = r->options->threads;
    nonet_status status;

    if (r->p->kind == CORPUS_MAXPOOL)
        status = nonet_maxpool(v[0], v[1], v[2], v[3], v[4], r->src, r->dst, threads);
    else if (r->p->kind == CORPUS_AVGPOOL)
        status = nonet_avgpool(v[0], v[1], v[2], v[3], v[4], v[5], r->src, r->dst, threads);
    else if (r->p->kind == CORPUS_LRN)
        status = nonet_lrn(v[0], v[1], v[2], v[3], v[4], (float)(v[5] / 1e6), (float)v[6] / 4, (float)v[7], r->src, r->dst,
                           threads);
    else
        status = nonet_softmax(v[0], v[1], r->src, r->dst);
    return status == NONET_OK ? 1 : fail(r, status, corpus_kind_name[r->p->kind]);
}

/* Dimensions of both ends. Soft-max has rows: channels without a map. */
typedef struct ends {
    int n, c, h, w, k, oh, ow;
    nonet_layout src, dst;
} ends;

static ends ends_of(const corpus_problem *p)
{
    const int *v = p->number;
    nonet_conv conv = corpus_conv(p);
    ends e = { v[0], v[1], v[2], v[3], v[1], v[2], v[3], NONET_NCHW16C, NONET_NCHW16C };

    if (p->kind == CORPUS_SOFTMAX)
        return (ends){ v[0], v[1], 1, 1, v[1], 1, 1, NONET_NCHW, NONET_NCHW };
    if (p->kind == CORPUS_MAXPOOL) {
        e.oh = (v[2] + v[4]) / 2;
        e.ow = (v[3] + v[4]) / 2;
    } else if (p->kind == CORPUS_AVGPOOL) {
        e.oh = v[4];
        e.ow = v[5];
    } else if (p->kind == CORPUS_CONV) {
        nonet_conv_output(&conv, &e.oh, &e.ow);
        e.k = conv.k;
        e.src = p->src;
        e.dst = p->dst;
    }
    return e;
}

/* Lanes past the last channel of a blocked output are zero. */
static int lanes_are_zero(run *r, const ends *e)
{
    size_t map = (size_t)e->oh * (size_t)e->ow, blocks = ((size_t)e->k + NONET_LANES - 1) / NONET_LANES;
    size_t lanes = (size_t)e->k - (blocks - 1) * NONET_LANES;

    for (size_t n = 0; e->dst == NONET_NCHW16C && n < (size_t)e->n; n++)
        for (size_t i = 0; i < map; i++)
            for (size_t l = lanes; l < NONET_LANES; l++)
                if (!(r->dst[((n * blocks + blocks - 1) * map + i) * NONET_LANES + l] == 0)) {
                    snprintf(r->result->fault, sizeof r->result->fault, "a lane past the last channel is not zero");
                    return 0;
                }
    return 1;
}

static int compute(run *r, const ends *e)
{
    nonet_status status = nonet_reorder(e->n, e->c, e->h, e->w, NONET_NCHW, r->x, e->src, r->src);

    if (status != NONET_OK)
        return fail(r, status, "reorder");
    if (!(r->p->kind == CORPUS_CONV ? run_conv(r) : run_layer(r)) || !lanes_are_zero(r, e))
        return 0;
    status = nonet_reorder(e->n, e->k, e->oh, e->ow, e->dst, r->dst, NONET_NCHW, r->out);
    return status == NONET_OK ? 1 : fail(r, status, "reorder");
}

void corpus_run(const corpus_problem *p, const nonet_options *options, corpus_result *result)
{
    run r = { .p = p, .options = options, .result = result };
    ends e = ends_of(p);
    corpus_size size;

    *result = (corpus_result){ .worst = -1 };
    corpus_measure(p, &size);
    size_t inputs = (size_t)size.inputs, outputs = (size_t)size.outputs;
    if ((r.x = get(&r, inputs)) && (r.out = get(&r, outputs)) &&
        (r.src = get(&r, nonet_tensor_floats(e.src, e.n, e.c, e.h, e.w))) &&
        (r.dst = get(&r, nonet_tensor_floats(e.dst, e.n, e.k, e.oh, e.ow)))) {
        corpus_input(p, r.x, inputs);
        if (compute(&r, &e)) {
            bench_hash(r.out, outputs * sizeof *r.out, result->hash);
            if (size.work <= ORACLE_WORK && size.inputs + size.outputs + size.weights <= ORACLE_FLOATS)
                result->worst = corpus_judge(p, r.x, r.out, result->fault, sizeof result->fault);
        }
    }
    bench_free(r.x);
    bench_free(r.out);
    bench_free(r.src);
    bench_free(r.dst);
}
