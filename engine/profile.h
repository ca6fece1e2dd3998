/* profile.h - what tuning found on this machine: which problems are computed in another way than the model would. */
#ifndef NONET_ENGINE_PROFILE_H
#define NONET_ENGINE_PROFILE_H

#include <stddef.h>
#include "engine/choose.h"

enum {
    PROFILE_BYTES = 1 << 20,    /* a larger file is none of ours */
    PROFILE_LINE = 1024
};

/* What a row says of its choice. */
typedef enum nonet_profile_kind {
    PROFILE_USE,                /* it computes the problem from now on */
    PROFILE_KEEP,               /* the default, which stays */
    PROFILE_TRIED,              /* measured, and not taken */
    PROFILE_KINDS
} nonet_profile_kind;

typedef struct nonet_profile_row {
    nonet_profile_kind kind;
    nonet_conv p;               /* defaults filled in, relu 0: it changes nothing */
    nonet_algo asked;           /* the options' algorithm */
    nonet_fc_weights fc;
    int threads;                /* that the plan may use */
    nonet_choice choice;        /* in full: nothing is left to the model */
    double guess, us, base;     /* microseconds: predicted; medians of this choice and, in the same minutes, of the default */
    double faster, low, high;   /* base / us, and its 95 % interval */
    int samples;
} nonet_profile_row;

struct nonet_profile {
    nonet_isa isa;              /* that was in force */
    nonet_profile_row *rows;    /* sorted by problem, then kind, then time */
    int count, room;
};

/* Empty, for what is in force now; NULL: no memory. */
nonet_profile *nonet_profile_new(void);
/* 0: no memory, or too many rows. The row comes to its place. */
int nonet_profile_add(nonet_profile *profile, const nonet_profile_row *row);
/* Takes out every row of this row's problem (its choice is not looked at). */
void nonet_profile_drop(nonet_profile *profile, const nonet_profile_row *row);
/* Order of rows by what is asked, without kind and time: 0 for rows of one problem. */
int nonet_profile_compare(const nonet_profile_row *a, const nonet_profile_row *b);
/* The row that decides for a problem, NULL if none does or it does not go with the options. */
const nonet_profile_row *nonet_profile_find(const nonet_profile *profile, const nonet_conv *p, const nonet_options *options,
                                            int threads);
/* p without what makes no difference; r, s and stride must be there. */
nonet_conv nonet_profile_problem(const nonet_conv *p);

/* ---- text ---- */

/* A row as a line without its end, or NULL and why not in `why`: static sentences. */
int nonet_profile_row_parse(char *line, nonet_profile_row *row, const char **why);
int nonet_profile_row_format(const nonet_profile_row *row, char *line, size_t size);
/* The whole file; text is changed. path for the sentences. why: the refusal, or a warning of rows that were skipped, or "". */
nonet_status nonet_profile_parse(nonet_profile **profile, char *text, size_t size, const char *path, char *why, size_t room);
/* The text of a profile (free it), NULL: no memory. */
char *nonet_profile_format(const nonet_profile *profile, size_t *size);

#endif
