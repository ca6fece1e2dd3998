/* compare.c - what a profile gains, or loses: its plan and the default's, measured in turn. */
#include <math.h>
#include "autotune/contest.h"
#include "autotune/tune.h"
#include "bench/ranks.h"
#include "bench/timer.h"

enum { ROUNDS_LEAST = 12, ROUNDS_MOST = 40 };

static void compare_series(const bench_series *at, const bench_series *base, int which, tune_check_result *r)
{
    ranks_ratio ratio;
    if (!at->count || !base->count || !ranks_ratio_of(at->x, at->count, base->x, base->count, &ratio))
        return;
    r->ratio[which] = ratio.ratio;
    r->low[which] = ratio.low;
    r->high[which] = ratio.high;
}

nonet_status tune_check(const tune_settings *s, const tune_problem *p, const nonet_profile *profile, size_t last_cache,
                        double seconds, tune_check_result *r)
{
    nonet_options options = tune_options(s, p);
    *r = (tune_check_result){ .ratio = { 1, 1 }, .low = { 1, 1 }, .high = { 1, 1 } };
    const nonet_profile_row *row = nonet_profile_find(profile, &p->p, &options, p->threads);
    if (!row)
        return NONET_OK;
    contest c;
    int fits = 0;
    nonet_status status = contest_open(&c, &p->p, &options, last_cache);
    if (status == NONET_OK)
        status = contest_add(&c, NULL, &fits);
    if (status == NONET_OK && fits)
        status = contest_add(&c, &row->choice, &fits);
    r->wrong = status == NONET_OK && !fits;
    double deadline = bench_now() + seconds;
    for (int round = 0; status == NONET_OK && fits && round <= ROUNDS_MOST; round++) {
        if (!contest_round(&c, round, round <= ROUNDS_LEAST ? INFINITY : deadline))
            break;
        if (round == 0)
            contest_forget(&c);
    }
    if (status == NONET_OK && fits) {
        r->differs = 1;
        r->us = contest_median_us(&c.contenders[1].cold);
        r->base = contest_median_us(&c.contenders[0].cold);
        r->samples = c.contenders[0].cold.count;
        compare_series(&c.contenders[1].cold, &c.contenders[0].cold, 0, r);
        compare_series(&c.contenders[1].warm, &c.contenders[0].warm, 1, r);
    }
    contest_close(&c);
    return status;
}
