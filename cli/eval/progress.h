/* progress.h - one line on a terminal that grows; nothing elsewhere. */
#ifndef NONET_CLI_EVAL_PROGRESS_H
#define NONET_CLI_EVAL_PROGRESS_H

#include <stdint.h>

typedef struct eval_progress {
    int shown;                  /* standard error is a terminal */
    double start, last;         /* seconds; last: when the line was drawn */
    int64_t before, total;      /* pictures that were done at the start, and all */
} eval_progress;

void eval_progress_start(eval_progress *progress, int64_t before, int64_t total);
/* Draws the line anew, at most five times a second. errors: wrong ones among `judged`. */
void eval_progress_show(eval_progress *progress, int64_t done, int64_t wrong, int64_t judged);
/* Wipes the line, before other text and at the end. */
void eval_progress_wipe(eval_progress *progress);

#endif
