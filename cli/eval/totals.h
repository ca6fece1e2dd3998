/* totals.h - errors counted from rows, and how they are told. */
#ifndef NONET_CLI_EVAL_TOTALS_H
#define NONET_CLI_EVAL_TOTALS_H

#include <stdio.h>
#include "bench/emit.h"
#include "cli/eval/row.h"

typedef struct eval_totals {
    int classes;
    int64_t right, top5, judged, unreadable;
    int64_t located;            /* of the judged: with boxes */
    int64_t found, found5, found_label; /* right class and box, among five, and the true class's box alone */
    int64_t *of_class;          /* [3][classes]: pictures, right, right among five */
    int64_t *wrong;             /* label << 32 | answer, of every wrong one */
    int64_t wrongs, room;
} eval_totals;

/* 0 when there is no memory. */
int eval_totals_open(eval_totals *totals, int classes);
void eval_totals_close(eval_totals *totals);
int eval_totals_add(eval_totals *totals, const eval_row *row);

/* The interval of Wilson's score that holds the true share with 95 per cent: `hits` of `of` were seen. */
void eval_wilson(int64_t hits, int64_t of, double *low, double *high);

typedef struct eval_shown {
    int per_class;
    int confused;               /* pairs to show at most */
    const char *const *labels;  /* NULL or one a class */
} eval_shown;
void eval_totals_print(eval_totals *totals, const eval_shown *shown, FILE *to);
void eval_totals_json(eval_totals *totals, const eval_shown *shown, json_out *out);

#endif
