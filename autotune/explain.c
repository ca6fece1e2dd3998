/* explain.c - see explain.h. */
#include "autotune/explain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/plan.h"

void tune_choice_text(const nonet_choice *c, char *text, size_t size)
{
    char how[96] = "";
    if (c->block)
        snprintf(how, sizeof how, ", blocks of %d tiles, split by %s%s", c->block,
                 nonet_split_name(c->split),
                 c->weights == NONET_WEIGHTS_EXPANDED ? ", weights expanded" : "");
    else if (c->rows)
        snprintf(how, sizeof how, ", strips of %d rows, %d channels a call", c->rows, c->cchunk * NONET_LANES);
    snprintf(text, size, "%s %s%s, %d thread%s", nonet_algo_name(c->algo), nonet_isa_name(c->isa), how, c->threads,
             c->threads == 1 ? "" : "s");
}

/* What the profile has of this problem, from its first row on; how many. */
static int rows_of(const nonet_profile *profile, const nonet_profile_row *asked, const nonet_profile_row **first)
{
    int count = 0;
    for (int i = 0; profile && i < profile->count; i++)
        if (nonet_profile_compare(&profile->rows[i], asked) == 0 && count++ == 0)
            *first = &profile->rows[i];
    return count;
}

/* Measured before guessed, the default first of all. */
static int before(const tune_explained *a, const tune_explained *b)
{
    if (a->has_row != b->has_row)
        return a->has_row;
    return a->has_row ? a->row.us < b->row.us : a->candidate.guess.seconds < b->candidate.guess.seconds;
}

static void sort_items(tune_explanation *e)
{
    for (int i = 2; i < e->count; i++) {
        tune_explained item = e->items[i];
        int j = i;
        for (; j > 1 && before(&item, &e->items[j - 1]); j--)
            e->items[j] = e->items[j - 1];
        e->items[j] = item;
    }
}

static nonet_status list_candidates(tune_explanation *e, const tune_settings *s, const tune_problem *p,
                                    const nonet_options *options, const tune_machine *machine, const nonet_profile_row *rows,
                                    int count)
{
    tune_list list;
    nonet_status status = tune_enumerate(&list, &p->p, options, s->any_algorithm, machine);
    e->items = status == NONET_OK ? calloc((size_t)list.count, sizeof *e->items) : NULL;
    if (status == NONET_OK && !e->items)
        status = NONET_NO_MEMORY;
    if (status == NONET_OK) {
        e->count = list.count;
        for (int i = 0; i < list.count; i++) {
            e->items[i].candidate = list.items[i];
            for (int j = 0; j < count && !e->items[i].has_row; j++)
                if (rows[j].us > 0 && nonet_choice_equal(&rows[j].choice, &list.items[i].choice)) {
                    e->items[i].has_row = 1;
                    e->items[i].row = rows[j];
                }
        }
        sort_items(e);
    }
    tune_list_free(&list);
    return status;
}

static void tell_work(const nonet_plan *plan, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "multiply-adds an image:");
    for (nonet_algo algo = NONET_DIRECT; algo < NONET_ALGO_COUNT && at < size; algo++)
        if (nonet_algo_applies(&plan->p, algo))
            at += (size_t)snprintf(text + at, size - at, " %s %.1f M,", nonet_algo_name(algo),
                                   1e-6 * nonet_algo_macs(&plan->p, algo, plan->oh, plan->ow));
    at = strlen(text);
    text[at - 1] = '\0';
}

/* Which rule of nonet_algo_choose made the default. */
static void tell_rule(const nonet_plan *plan, char *text, size_t size)
{
    const nonet_conv *p = &plan->p;
    int winograd = nonet_algo_applies(p, NONET_WINOGRAD_F2);
    if (!winograd && (plan->nest == NEST_FC_VECTOR || plan->nest == NEST_FC_MATRIX))
        snprintf(text, size, "direct: fully connected, the kernel is the whole map");
    else if (!winograd)
        snprintf(text, size, "direct: there is no Winograd for this kernel or stride");
    else if (p->c <= NONET_FEW_CHANNELS)
        snprintf(text, size, "direct: at most %d input channels", NONET_FEW_CHANNELS);
    else
        snprintf(text, size, "%s: least work and traffic by the shape of one image, %.1f M multiply-adds, %.1f M by direct",
                 nonet_algo_name(plan->algo), 1e-6 * nonet_algo_macs(p, plan->algo, plan->oh, plan->ow),
                 1e-6 * nonet_algo_macs(p, NONET_DIRECT, plan->oh, plan->ow));
}

/* rule: of the default. */
static void tell_reason(tune_explanation *e, const tune_problem *p, const char *rule, const nonet_profile_row *rows, int count)
{
    const nonet_profile_row *first = count ? &rows[0] : NULL;
    if (e->from_profile)
        snprintf(e->reason, sizeof e->reason,
                 "the profile: %.1f us instead of %.1f us, %.3f times as fast (%.3f to %.3f, 95 %%, %d samples a side)",
                 first->us, first->base, first->faster, first->low, first->high, first->samples);
    else if (first && first->kind == PROFILE_KEEP && first->us <= 0 && count > 1)
        snprintf(e->reason, sizeof e->reason, "the default: there was no time to measure it");
    else if (first && first->kind == PROFILE_KEEP && count > 1)
        snprintf(e->reason, sizeof e->reason,
                 "the default: the profile has measured %d others, and none was faster by more than the noise", count - 1);
    else if (first && first->kind == PROFILE_KEEP)
        snprintf(e->reason, sizeof e->reason, "the default: nothing else was promising enough to be measured");
    else if (first)
        snprintf(e->reason, sizeof e->reason, "the options: they name something else than the profile's row");
    else if (p->asked != NONET_AUTO)
        snprintf(e->reason, sizeof e->reason, "the default of %s, which was asked for; this problem is not in a profile",
                 nonet_algo_name(p->asked));
    else
        snprintf(e->reason, sizeof e->reason, "the default, %s; this problem is not in a profile", rule);
}

nonet_status tune_explain(const tune_settings *s, const tune_problem *p, const nonet_profile *profile,
                          const tune_machine *machine, tune_explanation *e)
{
    nonet_options options = tune_options(s, p);
    nonet_plan *plan;
    char rule[160];
    *e = (tune_explanation){ 0 };
    options.profile = profile;
    nonet_status status = nonet_plan_create(&plan, &p->p, &options);
    if (status != NONET_OK)
        return status;
    nonet_plan_describe(plan, e->plan, sizeof e->plan);
    e->choice = nonet_plan_choice(plan);
    e->from_profile = plan->from_profile;
    tell_work(plan, e->work, sizeof e->work);
    tell_rule(plan, rule, sizeof rule);
    nonet_plan_destroy(plan);
    options.profile = NULL;
    const nonet_profile_row *rows = NULL;
    nonet_profile_row asked = { .p = nonet_profile_problem(&p->p), .asked = p->asked, .fc = p->fc, .threads = p->threads };
    int count = rows_of(profile, &asked, &rows);
    if (!count && e->from_profile) {        /* a row of AUTO that gives the algorithm asked for: nonet_profile_find */
        asked.asked = NONET_AUTO;
        count = rows_of(profile, &asked, &rows);
    }
    tell_reason(e, p, rule, rows, count);
    return machine ? list_candidates(e, s, p, &options, machine, rows, count) : NONET_OK;
}
