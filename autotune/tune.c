/* tune.c - one problem: heats among all that are promising, then a duel of the best against the default with samples of its own,
 * since the best of many samples looks better than it is. */
#include "autotune/tune.h"
#include <math.h>
#include <stdlib.h>
#include "autotune/contest.h"
#include "bench/ranks.h"
#include "bench/timer.h"
#include "engine/plan.h"

enum {
    HEATS = 3,                  /* rounds before the first is left out, */
    HEATS_MOST = 10,            /* and in all */
    FINALISTS = 2,              /* besides the default */
    LEAST_CONTENDERS = 5,       /* however little time there is */
    DUEL_LEAST = 8,             /* samples a side that decide */
    DUEL_MOST = 40
};
/* Who is so much slower than the best (each at its least) leaves the heats. */
#define HEAT_SLOWER 1.04
/* A winner is faster by this at least, at the low end of the interval; with warm weights it may seem slower by that. */
#define LEAST_GAIN 1.01
#define WARM_LOSS 0.995
#define LEVEL 0.01              /* of the rank test */
/* Of a problem's time: until all are prepared, and until the heats are over. */
#define ENTER_SHARE 0.25
#define HEAT_SHARE 0.5

const char *tune_reason_text(tune_reason reason)
{
    static const char *const texts[TUNE_REASONS] = {
        "faster, measured", "nothing else is promising", "all others are slower", "no other is faster by more than the noise",
        "faster only with weights from memory, not from the caches", "too little time to decide",
    };
    return (unsigned)reason < TUNE_REASONS ? texts[reason] : "unknown";
}

/* ---- heats ---- */

static double least(const bench_series *s)
{
    double x = INFINITY;
    for (int i = 0; i < s->count; i++)
        x = fmin(x, s->x[i]);
    return x;
}

static int fastest(const contest *c, int from)
{
    int best = -1;
    for (int i = from; i < c->count; i++)
        if (!c->contenders[i].out && c->contenders[i].cold.count &&
            (best < 0 || least(&c->contenders[i].cold) < least(&c->contenders[best].cold)))
            best = i;
    return best;
}

static int still_in(const contest *c)
{
    int in = 0;
    for (int i = 0; i < c->count; i++)
        in += !c->contenders[i].out;
    return in;
}

/* The default stays whatever it does. */
static void leave_out(contest *c, double limit)
{
    for (int i = 1; i < c->count; i++)
        if (least(&c->contenders[i].cold) > limit)
            c->contenders[i].out = 1;
}

static void run_heats(contest *c, double deadline)
{
    for (int round = 0; still_in(c) > 1 + FINALISTS && round < HEATS_MOST; round++) {
        if (!contest_round(c, round, deadline))
            break;
        int best = fastest(c, 0);
        if (round + 1 >= HEATS && best >= 0)
            leave_out(c, HEAT_SLOWER * least(&c->contenders[best].cold));
    }
}

/* The best of the heats besides the default; the others leave. */
static void choose_finalists(contest *c, int *finalists, int *count)
{
    for (*count = 0; *count < FINALISTS; (*count)++) {
        int best = fastest(c, 1);
        if (best < 0)
            break;
        finalists[*count] = best;
        c->contenders[best].out = 1;
    }
    for (int i = 1; i < c->count; i++)
        c->contenders[i].out = 1;
    for (int i = 0; i < *count; i++)
        c->contenders[finalists[i]].out = 0;
}

/* ---- rows ---- */

static void fill_row(nonet_profile_row *row, const contest *c, int number, double guess)
{
    const contender *at = &c->contenders[number], *base = &c->contenders[0];
    row->choice = nonet_plan_choice(at->plan);
    row->guess = 1e6 * guess;
    row->us = contest_median_us(&at->cold);
    row->base = contest_median_us(&base->cold);
    row->samples = at->cold.count;
    ranks_ratio ratio;
    if (at->cold.count && base->cold.count &&
        ranks_ratio_of(at->cold.x, at->cold.count, base->cold.x, base->cold.count, &ratio)) {
        row->faster = ratio.ratio;
        row->low = ratio.low;
        row->high = ratio.high;
    }
}

/* ---- the decision ---- */

/* With weights in the caches: not slower than the default. */
static int warm_ok(const contender *at, const contender *base)
{
    ranks_ratio ratio;
    if (!at->warm.count || !base->warm.count)
        return 1;
    return ranks_ratio_of(at->warm.x, at->warm.count, base->warm.x, base->warm.count, &ratio) && ratio.low >= WARM_LOSS;
}

static int cold_better(const contender *at, const contender *base, double *ratio)
{
    ranks_ratio r;
    ranks_test test;
    if (!ranks_ratio_of(at->cold.x, at->cold.count, base->cold.x, base->cold.count, &r) ||
        !ranks_compare(at->cold.x, at->cold.count, base->cold.x, base->cold.count, 1, &test))
        return 0;
    *ratio = r.ratio;
    return r.low >= LEAST_GAIN && test.greater < LEVEL;
}

/* The winner among the finalists, 0 for the default. */
static int decide(const contest *c, const int *finalists, int count, tune_reason *reason)
{
    const contender *base = &c->contenders[0];
    int winner = 0;
    double best = 0, ratio;
    *reason = TUNE_NOISE;
    for (int i = 0; i < count; i++) {
        const contender *at = &c->contenders[finalists[i]];
        if (at->cold.count < DUEL_LEAST || base->cold.count < DUEL_LEAST)
            *reason = winner ? *reason : TUNE_NO_TIME;
        else if (!cold_better(at, base, &ratio) || ratio <= best)
            continue;
        else if (!warm_ok(at, base))
            *reason = winner ? *reason : TUNE_WARM_LOSS;
        else {
            winner = finalists[i];
            best = ratio;
            *reason = TUNE_FASTER;
        }
    }
    return winner;
}

/* ---- one problem ---- */

typedef struct work {
    contest contest;
    tune_list list;
    int indices[CONTEST_MOST];  /* of the contenders in the list */
    int promising;
    tune_result *result;
} work;

nonet_options tune_options(const tune_settings *s, const tune_problem *p)
{
    nonet_options options = s->conv;
    options.algo = p->asked;
    options.threads = p->threads;
    options.fc_weights = p->fc;
    options.profile = NULL;
    return options;
}

/* Verified contenders, as many as there is time to prepare; a wrong one is out for good. */
static nonet_status enter(work *w, double deadline)
{
    nonet_status status = NONET_OK;
    for (int i = 0; i < w->promising && status == NONET_OK && (i == 0 || bench_now() < deadline); i++) {
        int fits;
        status = contest_add(&w->contest, i ? &w->list.items[w->indices[i]].choice : NULL, &fits);
        w->result->wrong += status == NONET_OK && !fits;
    }
    return status;
}

static nonet_profile_row row_of(const tune_problem *p, nonet_profile_kind kind)
{
    return (nonet_profile_row){
        .kind = kind, .p = nonet_profile_problem(&p->p), .asked = p->asked, .fc = p->fc, .threads = p->threads};
}

/* What the heats found, before the duel forgets it. */
static int keep_heats(work *w, const tune_problem *p)
{
    w->result->rows = calloc((size_t)w->contest.count + 1, sizeof *w->result->rows);
    if (!w->result->rows)
        return 0;
    w->result->count = 1;
    w->result->rows[0] = row_of(p, PROFILE_KEEP);
    fill_row(&w->result->rows[0], &w->contest, 0, w->list.items[0].guess.seconds);
    for (int i = 1; i < w->contest.count; i++) {
        nonet_profile_row *row = &w->result->rows[w->result->count];
        if (!w->contest.contenders[i].cold.count)
            continue;
        *row = row_of(p, PROFILE_TRIED);
        fill_row(row, &w->contest, i, w->list.items[w->indices[i]].guess.seconds);
        w->result->count++;
    }
    return 1;
}

static int row_with(const tune_result *r, const nonet_choice *choice)
{
    for (int i = 1; i < r->count; i++)
        if (nonet_choice_equal(&r->rows[i].choice, choice))
            return i;
    return 0;
}

/* The duel's figures take the place of the heats'; the winner's row comes first. */
static void record_duel(work *w, const int *finalists, int count, int winner)
{
    tune_result *r = w->result;
    fill_row(&r->rows[0], &w->contest, 0, w->list.items[0].guess.seconds);
    for (int i = 0; i < count; i++) {
        const nonet_choice choice = nonet_plan_choice(w->contest.contenders[finalists[i]].plan);
        int at = row_with(r, &choice);
        if (at)
            fill_row(&r->rows[at], &w->contest, finalists[i], w->list.items[w->indices[finalists[i]]].guess.seconds);
        if (at && finalists[i] == winner) {
            nonet_profile_row first = r->rows[0];
            r->rows[0] = r->rows[at];
            r->rows[at] = first;
            r->rows[0].kind = PROFILE_USE;
            r->rows[at].kind = PROFILE_TRIED;
        }
    }
}

/* Why nobody meets the default in a duel. */
static tune_reason why_alone(const work *w)
{
    if (w->contest.contenders[0].cold.count >= HEATS)
        return TUNE_SLOWER;
    return w->promising > 1 && !w->result->wrong ? TUNE_NO_TIME : TUNE_ALONE;
}

static nonet_status measure(work *w, const tune_problem *p, double heats_end, double deadline)
{
    int finalists[FINALISTS], count;
    w->contest.cold_only = 1;
    run_heats(&w->contest, heats_end);
    if (w->contest.count <= 1 + FINALISTS)
        contest_round(&w->contest, 0, deadline);    /* no heats were needed; a first round warms up */
    w->contest.cold_only = 0;
    if (!keep_heats(w, p))
        return NONET_NO_MEMORY;
    choose_finalists(&w->contest, finalists, &count);
    if (count == 0) {
        w->result->reason = why_alone(w);
        return NONET_OK;
    }
    contest_forget(&w->contest);
    for (int round = 0; round < DUEL_MOST; round++) {
        w->contest.cold_only = round % 2;       /* cold samples decide; warm ones may object */
        if (!contest_round(&w->contest, round, deadline))
            break;
    }
    int winner = decide(&w->contest, finalists, count, &w->result->reason);
    record_duel(w, finalists, count, winner);
    return NONET_OK;
}

/* Nothing to measure: the default, with its guess. */
static nonet_status stay(work *w, const tune_problem *p)
{
    w->result->rows = calloc(1, sizeof *w->result->rows);
    if (!w->result->rows)
        return NONET_NO_MEMORY;
    w->result->rows[0] = row_of(p, PROFILE_KEEP);
    w->result->rows[0].choice = w->list.items[0].choice;
    w->result->rows[0].guess = 1e6 * w->list.items[0].guess.seconds;
    w->result->count = 1;
    w->result->reason = TUNE_ALONE;
    return NONET_OK;
}

/* Contenders that the heats have time for: a round of one is a run and what it takes to cool the weights. */
static int affordable(const tune_list *list, double seconds)
{
    double runs = (HEAT_SHARE - ENTER_SHARE) * seconds / list->items[0].guess.seconds / (2 * HEATS);
    return runs > CONTEST_MOST ? CONTEST_MOST : runs < LEAST_CONTENDERS ? LEAST_CONTENDERS : (int)runs;
}

nonet_status tune_one(const tune_settings *s, const tune_problem *p, const tune_machine *machine, double deadline,
                      tune_result *result)
{
    work w = { .result = result };
    nonet_options options = tune_options(s, p);
    double start = bench_now();
    *result = (tune_result){ 0 };
    nonet_status status = tune_enumerate(&w.list, &p->p, &options, s->any_algorithm, machine);
    if (status == NONET_OK) {
        result->candidates = w.list.count;
        w.promising = tune_promising(&w.list, w.indices, affordable(&w.list, deadline - bench_now()));
        if (w.promising == 1)
            status = stay(&w, p);
        else if ((status = contest_open(&w.contest, &p->p, &options, machine->last_cache)) == NONET_OK) {
            status = enter(&w, start + ENTER_SHARE * (deadline - start));
            if (status == NONET_OK)
                status = measure(&w, p, start + HEAT_SHARE * (deadline - start), deadline);
        }
    }
    contest_close(&w.contest);
    tune_list_free(&w.list);
    if (status != NONET_OK) {
        free(result->rows);
        *result = (tune_result){ 0 };
    }
    return status;
}

/* ---- time ---- */

double tune_share(const double *guesses, int index, int count, double left)
{
    double sum = 0, rest = 0, own = 0;
    for (int i = 0; i < count; i++)
        sum += guesses[i];
    for (int i = index; i < count; i++) {       /* half in equal parts, half by the time that a run takes */
        double weight = 1.0 / count + (sum > 0 ? guesses[i] / sum : 0);
        rest += weight;
        own = i == index ? weight : own;
    }
    return left * own / rest;
}

nonet_status tune_guess_default(const tune_settings *s, const tune_problem *p, const tune_machine *machine, double *seconds)
{
    nonet_options options = tune_options(s, p);
    nonet_plan *plan;
    tune_guess guess;
    nonet_status status = nonet_plan_create(&plan, &p->p, &options);
    if (status != NONET_OK)
        return status;
    tune_predict(plan, machine, &guess);
    *seconds = guess.seconds;
    nonet_plan_destroy(plan);
    return NONET_OK;
}
