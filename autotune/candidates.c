/* candidates.c - enumerates choices by making their plans: where the engine makes the same of two choices they are one. */
#include "autotune/candidates.h"
#include <math.h>
#include <stdlib.h>
#include "engine/plan.h"

/* Guesses up to so many times the best are worth a measurement; of a family's best, so many times. */
#define HOPEFUL 1.3
#define FAMILY_HOPEFUL 1.6
/* A layer below this may be quicker on fewer threads. */
#define SHORT_SECONDS 500e-6

typedef struct enumeration {
    tune_list *list;
    const nonet_conv *p;
    const nonet_options *options;
    const tune_machine *machine;
    nonet_status status;
} enumeration;

static int same_family(const nonet_choice *a, const nonet_choice *b)
{
    return a->algo == b->algo && a->isa == b->isa && a->split == b->split && a->weights == b->weights && a->threads == b->threads;
}

static int known(const tune_list *list, const nonet_choice *choice)
{
    for (int i = 0; i < list->count; i++)
        if (nonet_choice_equal(&list->items[i].choice, choice))
            return 1;
    return 0;
}

static int family_of(const tune_list *list, const nonet_choice *choice)
{
    int i = 0;
    while (i < list->count && !same_family(&list->items[i].choice, choice))
        i++;
    return i;
}

static nonet_status append(tune_list *list, const tune_candidate *candidate)
{
    if (list->count == list->room) {
        int room = list->room ? 2 * list->room : 64;
        tune_candidate *items = realloc(list->items, (size_t)room * sizeof *items);
        if (!items)
            return NONET_NO_MEMORY;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *candidate;
    return NONET_OK;
}

/* What the engine makes of a choice, if that is new. */
static void propose(enumeration *e, const nonet_choice *choice)
{
    nonet_plan *plan;
    if (e->status != NONET_OK || e->list->count == TUNE_CANDIDATES)
        return;
    e->status = nonet_plan_create_as(&plan, e->p, e->options, choice);
    if (e->status != NONET_OK)
        return;
    tune_candidate candidate = { .choice = nonet_plan_choice(plan) };
    if (!known(e->list, &candidate.choice)) {
        tune_predict(plan, e->machine, &candidate.guess);
        candidate.family = family_of(e->list, &candidate.choice);
        e->status = append(e->list, &candidate);
    }
    nonet_plan_destroy(plan);
}

/* Blocks by the bytes that V and M take: from what a quarter of a core's cache holds to four times the cache. */
static void propose_blocks(enumeration *e, nonet_choice choice, const nonet_plan *like)
{
    static const double caches[] = { 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4 };
    const nonet_wino_plan *w = &like->wino;
    double tile = (double)w->points * (nonet_ceil_div(like->cb * NONET_L, NONET_SUM) * NONET_SUM + like->nr) * sizeof(float);
    int mr = like->multiply->mr;
    choice.block = w->block;
    propose(e, &choice);
    for (size_t i = 0; i < sizeof caches / sizeof caches[0]; i++) {
        int fit = (int)(caches[i] * (double)e->machine->core_cache / tile), whole = fit < mr ? mr : fit / mr * mr;
        choice.block = whole;
        propose(e, &choice);
        int rounds = nonet_ceil_div(w->tiles, whole * (choice.split == NONET_SPLIT_TILES ? like->threads : 1));
        choice.block = nonet_ceil_div(w->tiles, rounds * (choice.split == NONET_SPLIT_TILES ? like->threads : 1));
        propose(e, &choice);    /* blocks of equal size, as many for each thread */
    }
}

static void propose_winograd(enumeration *e, nonet_choice choice)
{
    for (int form = NONET_WEIGHTS_PACKED; form < NONET_WEIGHTS_COUNT; form++)
        for (int split = NONET_SPLIT_TILES; split < NONET_SPLIT_COUNT; split++) {
            nonet_plan *like;
            choice.weights = form;
            choice.split = split;
            choice.block = 0;
            if (e->status != NONET_OK || nonet_plan_create_as(&like, e->p, e->options, &choice) != NONET_OK)
                return;
            if (like->threads > 1 || split == NONET_SPLIT_TILES)
                propose_blocks(e, choice, like);
            nonet_plan_destroy(like);
        }
}

static void propose_strips(enumeration *e, nonet_choice choice, const nonet_plan *like)
{
    static const double factors[] = { 0.25, 0.5, 1, 2, 4, 1e6 };
    enum { FACTORS = sizeof factors / sizeof factors[0] };
    double height = like->oh;
    for (int i = 0; i < FACTORS; i++)
        for (int j = 0; j < FACTORS; j++) {
            double rows = like->strip.rows * factors[i], chunk = like->strip.cchunk * factors[j];
            choice.rows = rows < 1 ? 1 : rows > height ? like->oh : (int)rows;
            choice.cchunk = chunk < 1 ? 1 : chunk > like->cb ? like->cb : (int)chunk;
            propose(e, &choice);
        }
}

/* One algorithm with one set's kernels on a team. */
static void propose_all(enumeration *e, nonet_choice choice)
{
    nonet_plan *like;
    if (e->status != NONET_OK || nonet_plan_create_as(&like, e->p, e->options, &choice) != NONET_OK)
        return;
    if (like->nest == NEST_WINOGRAD)
        propose_winograd(e, choice);
    else if (like->nest == NEST_DIRECT || like->nest == NEST_IC)
        propose_strips(e, choice, like);
    else
        propose(e, &choice);
    nonet_plan_destroy(like);
}

static void propose_teams(enumeration *e, nonet_choice choice)
{
    int threads = e->list->items[0].choice.threads;
    choice.threads = threads;
    propose_all(e, choice);
    for (choice.threads = threads / 2; choice.threads >= 1 && e->list->items[0].guess.seconds < SHORT_SECONDS;
         choice.threads /= 2)
        propose_all(e, choice);
}

static void propose_sets(enumeration *e, nonet_algo algo)
{
    nonet_isa isa = e->list->items[0].choice.isa, lower = tune_lower_isa(isa);
    propose_teams(e, (nonet_choice){ .algo = algo, .isa = isa });
    if (lower != NONET_ISA_AUTO && e->options->isa == NONET_ISA_AUTO)
        propose_teams(e, (nonet_choice){ .algo = algo, .isa = lower });
}

nonet_status tune_enumerate(tune_list *list, const nonet_conv *p, const nonet_options *options, int any,
                            const tune_machine *machine)
{
    enumeration e = { list, p, options, machine, NONET_OK };
    *list = (tune_list){ 0 };
    propose(&e, &(nonet_choice){ 0 });
    if (e.status != NONET_OK)
        return e.status;
    nonet_algo usual = list->items[0].choice.algo;
    propose_sets(&e, usual);
    for (nonet_algo algo = NONET_DIRECT; any && options->algo == NONET_AUTO && algo < NONET_ALGO_COUNT; algo++)
        if (algo != usual && nonet_algo_applies(p, algo))
            propose_sets(&e, algo);
    return e.status;
}

void tune_list_free(tune_list *list)
{
    free(list->items);
    *list = (tune_list){ 0 };
}

/* ---- which are worth it ---- */

static int taken(const int *indices, int count, int i)
{
    for (int j = 0; j < count; j++)
        if (indices[j] == i)
            return 1;
    return 0;
}

/* The best guess that is not taken, of one family or (-1) of all; -1 if there is none below the limit. */
static int best_of(const tune_list *list, const int *indices, int count, int family, double limit)
{
    int best = -1;
    for (int i = 0; i < list->count; i++) {
        const tune_candidate *c = &list->items[i];
        if ((family < 0 || c->family == family) && c->guess.seconds <= limit && !taken(indices, count, i) &&
            (best < 0 || c->guess.seconds < list->items[best].guess.seconds))
            best = i;
    }
    return best;
}

/* The best guess of the families that have nobody yet; -1 if there is none below the limit. */
static int best_newcomer(const tune_list *list, const int *indices, int count, double limit)
{
    int best = -1;
    for (int family = 0; family < list->count; family++) {
        int there = 0;
        for (int i = 0; i < count; i++)
            there = there || list->items[indices[i]].family == family;
        int i = there ? -1 : best_of(list, indices, count, family, limit);
        if (i >= 0 && (best < 0 || list->items[i].guess.seconds < list->items[best].guess.seconds))
            best = i;
    }
    return best;
}

int tune_promising(const tune_list *list, int *indices, int most)
{
    int count = 1, i;
    indices[0] = 0;
    double best = list->items[best_of(list, indices, 0, -1, INFINITY)].guess.seconds;
    while (count <= most / 2 && (i = best_newcomer(list, indices, count, FAMILY_HOPEFUL * best)) >= 0)
        indices[count++] = i;
    while (count < most && (i = best_of(list, indices, count, -1, HOPEFUL * best)) >= 0)
        indices[count++] = i;
    return count;
}
