/* profile.c - the profile as an object: sorted rows, and the one that decides for a problem. */
#include "engine/profile.h"
#include <stdlib.h>
#include <string.h>

nonet_profile *nonet_profile_new(void)
{
    nonet_isa isa;
    nonet_profile *profile = nonet_isa_current(&isa) == NONET_OK ? calloc(1, sizeof *profile) : NULL;
    if (profile)
        profile->isa = isa;
    return profile;
}

void nonet_profile_close(nonet_profile *profile)
{
    if (profile)
        free(profile->rows);
    free(profile);
}

nonet_conv nonet_profile_problem(const nonet_conv *p)
{
    nonet_conv problem = *p;
    problem.relu = 0;
    problem.pool = p->pool != 0;
    return problem;
}

int nonet_profile_compare(const nonet_profile_row *a, const nonet_profile_row *b)
{
    const nonet_conv *p = &a->p, *q = &b->p;
    const int pairs[][2] = {
        { p->n, q->n }, { q->h, p->h }, { q->w, p->w }, { p->c, q->c }, { p->k, q->k }, { p->r, q->r }, { p->s, q->s },
        { p->stride, q->stride }, { p->pad, q->pad }, { p->pool, q->pool }, { (int)p->src_layout, (int)q->src_layout },
        { (int)p->dst_layout, (int)q->dst_layout }, { (int)a->fc, (int)b->fc }, { (int)a->asked, (int)b->asked },
        { a->threads, b->threads },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][0] != pairs[i][1])
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
    return 0;
}

static int place_of(const nonet_profile *profile, const nonet_profile_row *row)
{
    int i = 0;
    for (; i < profile->count; i++) {
        const nonet_profile_row *at = &profile->rows[i];
        int order = nonet_profile_compare(row, at);
        if (order < 0 || (order == 0 && (row->kind < at->kind || (row->kind == at->kind && row->us < at->us))))
            break;
    }
    return i;
}

int nonet_profile_add(nonet_profile *profile, const nonet_profile_row *row)
{
    if (profile->count == profile->room) {
        int room = profile->room ? 2 * profile->room : 64;
        nonet_profile_row *rows = realloc(profile->rows, (size_t)room * sizeof *rows);
        if (!rows)
            return 0;
        profile->rows = rows;
        profile->room = room;
    }
    int at = place_of(profile, row);
    memmove(profile->rows + at + 1, profile->rows + at, (size_t)(profile->count - at) * sizeof *row);
    profile->rows[at] = *row;
    profile->count++;
    return 1;
}

void nonet_profile_drop(nonet_profile *profile, const nonet_profile_row *row)
{
    int kept = 0;
    for (int i = 0; i < profile->count; i++)
        if (nonet_profile_compare(&profile->rows[i], row) != 0)
            profile->rows[kept++] = profile->rows[i];
    profile->count = kept;
}

/* The first row of what is asked, by halving; -1 if there is none. */
static int first_of(const nonet_profile *profile, const nonet_profile_row *asked)
{
    int low = 0, high = profile->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (nonet_profile_compare(&profile->rows[middle], asked) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < profile->count && nonet_profile_compare(&profile->rows[low], asked) == 0 ? low : -1;
}

/* What the caller names is not overruled. */
static int goes_with(const nonet_profile_row *row, const nonet_options *options)
{
    const nonet_choice *c = &row->choice;
    return row->kind == PROFILE_USE && (options->algo == NONET_AUTO || options->algo == c->algo) &&
           (options->isa == NONET_ISA_AUTO || options->isa == c->isa) &&
           (options->weights == NONET_WEIGHTS_AUTO || c->weights == NONET_WEIGHTS_AUTO || options->weights == c->weights);
}

const nonet_profile_row *nonet_profile_find(const nonet_profile *profile, const nonet_conv *p, const nonet_options *options,
                                            int threads)
{
    nonet_isa isa;
    if (!profile || nonet_isa_current(&isa) != NONET_OK || isa != profile->isa)
        return NULL;
    int fc = p->r == p->h && p->s == p->w && p->pad == 0;
    nonet_profile_row asked = {
        .p = nonet_profile_problem(p), .asked = options->algo, .threads = threads, .fc = fc ? options->fc_weights : NONET_FC_F32,
    };
    int at = first_of(profile, &asked);
    if (at < 0 && options->algo != NONET_AUTO) {    /* a network keeps to the algorithm that AUTO once gave */
        asked.asked = NONET_AUTO;
        at = first_of(profile, &asked);
    }
    return at >= 0 && goes_with(&profile->rows[at], options) ? &profile->rows[at] : NULL;
}
