/* plan.c - checks a problem, chooses, and lets the nest plan its blocks. */
#include <stdio.h>
#include <stdlib.h>
#include "engine/choose.h"
#include "engine/plan.h"
#include "engine/profile.h"

#define TENSOR_MAX ((double)((size_t)1 << 40))
#define COUNT_MAX ((double)(1 << 30))       /* strips and tiles of a batch are counted in ints */

static int dims_ok(const nonet_conv *p)
{
    const int dims[] = { p->n, p->c, p->h, p->w, p->k };
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++)
        if (dims[i] < 1 || dims[i] > NONET_DIM_MAX)
            return 0;
    return p->r >= 1 && p->s >= 1 && p->r <= NONET_SIDE_MAX && p->s <= NONET_SIDE_MAX && p->pad >= 0 && p->pad <= 1 &&
           (p->stride == 1 || p->stride == 2) && (unsigned)p->src_layout <= NONET_NCHW16C &&
           (unsigned)p->dst_layout <= NONET_NCHW16C;
}

/* The sizes that are allocated or addressed stay far from overflow. */
static int sizes_ok(const nonet_conv *p)
{
    double image = (double)p->n * p->h * p->w, weights = ((double)p->c + 16) * ((double)p->k + 64) * 64;
    /* F(2x2) has the most tiles. */
    double rows = (double)p->n * p->h, tiles = (double)p->n * ((p->h + 1) / 2) * ((p->w + 1) / 2);
    return rows < COUNT_MAX && tiles < COUNT_MAX && image * (p->c + 16) < TENSOR_MAX && image * (p->k + 16) < TENSOR_MAX &&
           weights * ((double)p->r * p->s / 9 + 1) < TENSOR_MAX;
}

static void fill_defaults(nonet_conv *p)
{
    p->r = p->r ? p->r : 3;
    p->s = p->s ? p->s : 3;
    p->stride = p->stride ? p->stride : 1;
}

static nonet_status output_of(const nonet_conv *p, int *oh, int *ow)
{
    if (!dims_ok(p) || !sizes_ok(p) || p->h + 2 * p->pad < p->r || p->w + 2 * p->pad < p->s)
        return NONET_BAD_ARGUMENT;
    if (!(p->r == 3 && p->s == 3) && (p->pad || p->stride != 1))
        return NONET_UNSUPPORTED;
    *oh = (p->h + 2 * p->pad - p->r) / p->stride + 1;
    *ow = (p->w + 2 * p->pad - p->s) / p->stride + 1;
    return p->pool && (*oh < 2 || *ow < 2) ? NONET_BAD_ARGUMENT : NONET_OK;
}

nonet_status nonet_conv_output(const nonet_conv *problem, int *h, int *w)
{
    if (!problem || !h || !w)
        return NONET_BAD_ARGUMENT;
    nonet_conv p = *problem;
    int oh, ow;
    fill_defaults(&p);
    nonet_status status = output_of(&p, &oh, &ow);
    if (status == NONET_OK) {
        *h = p.pool ? oh / 2 : oh;
        *w = p.pool ? ow / 2 : ow;
    }
    return status;
}

static nonet_status isa_of(const nonet_options *options, nonet_isa *isa)
{
    nonet_status status = nonet_isa_current(isa);
    if (status != NONET_OK || options->isa == NONET_ISA_AUTO)
        return status;
    /* The limit only lowers: what is in force, and anything below it. */
    if ((unsigned)options->isa >= NONET_ISA_COUNT || !nonet_isa_supported(options->isa) || options->isa > *isa)
        return NONET_BAD_ISA;
    *isa = options->isa;
    return NONET_OK;
}

/* 3x3 of few channels, which direct reads plane by plane. */
static int has_few_channels(const nonet_conv *p)
{
    return p->r == 3 && p->s == 3 && p->c <= NONET_FEW_CHANNELS;
}

static nonet_nest nest_of(const nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    if (plan->algo != NONET_DIRECT)
        return NEST_WINOGRAD;
    if (has_few_channels(p))
        return NEST_IC;
    if (p->pad == 0 && plan->oh == 1 && plan->ow == 1 && p->r == p->h && p->s == p->w)
        return p->n == 1 ? NEST_FC_VECTOR : NEST_FC_MATRIX;
    return NEST_DIRECT;
}

static nonet_family multiply_family(const nonet_plan *plan)
{
    int s2 = plan->p.stride == 2;
    switch (plan->nest) {
    case NEST_WINOGRAD:
        return NONET_K_WINO_GEMM;
    case NEST_IC:
        return s2 ? NONET_K_DIRECT3X3_IC_S2 : NONET_K_DIRECT3X3_IC_S1;
    case NEST_FC_VECTOR:
        return plan->bf16 ? NONET_K_FC_VECTOR_BF16 : NONET_K_FC_VECTOR;
    case NEST_FC_MATRIX:
        return NONET_K_FC_MATRIX;
    default:
        if (plan->p.r == 3 && plan->p.s == 3)
            return s2 ? NONET_K_DIRECT3X3_S2 : NONET_K_DIRECT3X3_S1;
        return plan->taps == 1 ? NONET_K_CONV1X1 : NONET_K_CONVRS;
    }
}

static void find_kernels(nonet_plan *plan)
{
    static const nonet_family transforms[NONET_ALGO_COUNT][3] = {
        [NONET_WINOGRAD_F2] = { NONET_K_WINO_FILTER_F2, NONET_K_WINO_IN_F2, NONET_K_WINO_OUT_F2 },
        [NONET_WINOGRAD_F4] = { NONET_K_WINO_FILTER_F4, NONET_K_WINO_IN_F4, NONET_K_WINO_OUT_F4 },
        [NONET_WINOGRAD_F6] = { NONET_K_WINO_FILTER_F6, NONET_K_WINO_IN_F6, NONET_K_WINO_OUT_F6 },
    };
    plan->multiply = nonet_kernel_find(multiply_family(plan), plan->isa);
    plan->pool = nonet_kernel_find(NONET_K_MAXPOOL, plan->isa);
    if (plan->nest == NEST_WINOGRAD) {
        plan->filter = nonet_kernel_find(transforms[plan->algo][0], plan->isa);
        plan->in = nonet_kernel_find(transforms[plan->algo][1], plan->isa);
        plan->out = nonet_kernel_find(transforms[plan->algo][2], plan->isa);
        plan->in_short = nonet_kernel_find(NONET_K_WINO_IN_F4_SHORT, plan->isa);
        plan->out_short = nonet_kernel_find(NONET_K_WINO_OUT_F4_SHORT, plan->isa);
    }
}

/* 3x3: one sum. Other kernels: a sum has at least NONET_FRESH products, in whole channel blocks (docs/NUMERICS.md). */
static int fresh_of(const nonet_conv *p)
{
    return p->r == 3 && p->s == 3 ? 0 : nonet_ceil_div(NONET_FRESH, NONET_L * p->r * p->s);
}

static int is_expanded(const nonet_plan *plan)
{
    nonet_weight_form form = plan->choice.weights;
    if (!form)
        form = nonet_form_choose(&plan->p, plan->algo, plan->isa, plan->oh, plan->ow);
    return plan->nest == NEST_WINOGRAD && form == NONET_WEIGHTS_EXPANDED;
}

static void plan_common(nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    plan->dh = p->pool ? plan->oh / 2 : plan->oh;
    plan->dw = p->pool ? plan->ow / 2 : plan->ow;
    plan->cb = nonet_ceil_div(p->c, NONET_L);
    plan->kb = nonet_ceil_div(p->k, NONET_L);
    plan->nest = nest_of(plan);
    plan->bf16 = plan->bf16 && (plan->nest == NEST_FC_VECTOR || plan->nest == NEST_FC_MATRIX);
    plan->taps = plan->nest == NEST_IC ? 9 * p->c : p->r * p->s;
    plan->fresh = fresh_of(p);
    find_kernels(plan);
    plan->nr = plan->multiply->nr;
    plan->kq = nonet_ceil_div(plan->kb * NONET_L, plan->nr);
    int fc = plan->nest == NEST_FC_VECTOR || plan->nest == NEST_FC_MATRIX;
    plan->packing = (nonet_packing){ fc ? NEST_DIRECT : plan->nest, plan->algo, plan->isa, p->c, p->k, p->r, p->s, plan->bf16,
                                     is_expanded(plan) };
}

static void plan_nest(nonet_plan *plan)
{
    if (plan->nest == NEST_WINOGRAD)
        nonet_wino_plan_fill(plan);
    else if (plan->nest == NEST_FC_VECTOR || plan->nest == NEST_FC_MATRIX)
        nonet_fc_plan(plan);
    else
        nonet_direct_plan(plan);
}

/* A problem with its defaults filled in, and what was asked for. */
typedef struct request {
    nonet_conv p;
    int oh, ow;
    const nonet_options *options;
    nonet_algo algo;
    nonet_isa isa;
    int threads;
} request;

static int options_ok(const nonet_options *o)
{
    return (unsigned)o->algo < NONET_ALGO_COUNT && (unsigned)o->fc_weights < NONET_FC_COUNT &&
           (unsigned)o->weights < NONET_WEIGHTS_COUNT && o->threads >= 0;
}

static nonet_status read_request(request *r, const nonet_conv *problem, const nonet_options *options)
{
    r->p = *problem;
    r->options = options;
    fill_defaults(&r->p);
    nonet_status status = output_of(&r->p, &r->oh, &r->ow);
    if (status != NONET_OK)
        return status;
    if (!options_ok(options))
        return NONET_BAD_ARGUMENT;
    r->threads = nonet_threads_for(options->threads);
    return isa_of(options, &r->isa);
}

/* What the options name stands; then what the choice names, if anything; then the model's. */
static nonet_status settle(request *r, nonet_choice *choice)
{
    const nonet_options *o = r->options;
    r->algo = o->algo ? o->algo : choice->algo ? choice->algo : nonet_algo_choose(&r->p, r->oh, r->ow);
    if (choice->isa != NONET_ISA_AUTO && choice->isa < r->isa && nonet_isa_supported(choice->isa))
        r->isa = choice->isa;
    if (choice->threads && choice->threads < r->threads)
        r->threads = choice->threads;
    if (o->weights != NONET_WEIGHTS_AUTO)
        choice->weights = o->weights;
    return nonet_algo_applies(&r->p, r->algo) ? NONET_OK : NONET_NOT_APPLICABLE;
}

static nonet_plan *make_plan(const request *r, const nonet_choice *choice)
{
    const nonet_conv *p = &r->p;
    size_t taps = (size_t)p->r * (size_t)p->s * (size_t)(has_few_channels(p) ? p->c : 1);
    nonet_plan *plan = calloc(1, sizeof *plan + taps * sizeof plan->tap[0]);
    if (!plan)
        return NULL;
    plan->p = *p;
    plan->choice = *choice;
    plan->algo = r->algo;
    plan->isa = r->isa;
    plan->bf16 = r->options->fc_weights == NONET_FC_BF16;
    plan->oh = r->oh;
    plan->ow = r->ow;
    plan->threads = r->threads;
    plan_common(plan);
    plan_nest(plan);
    if (plan->nest == NEST_WINOGRAD && nonet_chain_create(&plan->chain, (const nonet_plan *[]){ plan }, 1) != NONET_OK) {
        free(plan);
        return NULL;
    }
    return plan;
}

nonet_status nonet_plan_create_as(nonet_plan **out, const nonet_conv *problem, const nonet_options *options,
                                  const nonet_choice *choice)
{
    request r;
    nonet_choice as = choice ? *choice : (nonet_choice){ 0 };
    *out = NULL;
    nonet_status status = read_request(&r, problem, options);
    const nonet_profile_row *row = NULL;
    if (status == NONET_OK && !choice)
        row = nonet_profile_find(options->profile, &r.p, options, r.threads);
    if (row)
        as = row->choice;
    if (status == NONET_OK)
        status = settle(&r, &as);
    if (status != NONET_OK)
        return status;
    *out = make_plan(&r, &as);
    if (*out)
        (*out)->from_profile = row != NULL;
    return *out ? NONET_OK : NONET_NO_MEMORY;
}

nonet_status nonet_plan_create(nonet_plan **out, const nonet_conv *problem, const nonet_options *options)
{
    static const nonet_options defaults;
    if (!out || !problem)
        return NONET_BAD_ARGUMENT;
    return nonet_plan_create_as(out, problem, options ? options : &defaults, NULL);
}

nonet_choice nonet_plan_choice(const nonet_plan *plan)
{
    nonet_choice c = { .algo = plan->algo, .isa = plan->isa, .threads = plan->threads };
    if (plan->nest == NEST_WINOGRAD) {
        c.block = plan->wino.block < plan->wino.tiles ? plan->wino.block : plan->wino.tiles;
        c.split = nonet_wino_split(plan);
        c.weights = plan->packing.expanded ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED;
    } else if (plan->nest == NEST_DIRECT || plan->nest == NEST_IC) {
        c.rows = plan->strip.rows;
        c.cchunk = plan->strip.cchunk;
    }
    return c;
}

void nonet_plan_destroy(nonet_plan *plan)
{
    if (plan)
        nonet_chain_destroy(plan->chain);
    free(plan);
}

size_t nonet_plan_workspace(const nonet_plan *plan)
{
    if (plan->chain)
        return nonet_chain_workspace(plan->chain);
    return (plan->shared_floats + plan->thread_floats * (size_t)plan->threads) * sizeof(float);
}

/* Points of the tiles that stand in a line, of which the one at short_at is short. */
static double line_points(const nonet_wino_plan *w, int tiles, int short_at)
{
    return (double)tiles * w->a - (short_at >= 0 && short_at < tiles ? w->a - NONET_SHORT_POINTS : 0);
}

/* Multiply-adds of the multiply stage. Less than the model's where the pool drops a line of tiles. */
static double macs_of(const nonet_plan *plan)
{
    const nonet_conv *p = &plan->p;
    const nonet_wino_plan *w = &plan->wino;
    if (plan->nest != NEST_WINOGRAD)
        return p->n * nonet_algo_macs(p, NONET_DIRECT, plan->oh, plan->ow);
    return p->n * line_points(w, w->ty, w->short_y) * line_points(w, w->tx, w->short_x) * p->c * p->k;
}

void nonet_plan_query(const nonet_plan *plan, nonet_plan_info *info)
{
    const nonet_conv *p = &plan->p;
    *info = (nonet_plan_info){
        .algo = plan->algo,
        .isa = plan->isa,
        .threads = plan->threads,
        .kernel = plan->multiply->name,
        .workspace = nonet_plan_workspace(plan),
        .weights = (plan->weight_floats + (size_t)plan->kb * NONET_L) * sizeof(float),
        .form = plan->packing.expanded ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED,
        .macs_direct = p->n * nonet_algo_macs(p, NONET_DIRECT, plan->oh, plan->ow),
        .macs = macs_of(plan),
    };
}

int nonet_plan_describe(const nonet_plan *plan, char *buf, size_t size)
{
    return snprintf(buf, size, "%s %s %s, %s%d thread%s, workspace %.1f MiB%s", nonet_algo_name(plan->algo),
                    nonet_isa_name(plan->isa), plan->multiply->name, plan->packing.expanded ? "weights expanded, " : "",
                    plan->threads, plan->threads == 1 ? "" : "s",
                    (double)nonet_plan_workspace(plan) / (1 << 20), plan->from_profile ? ", profile" : "");
}
