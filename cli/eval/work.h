/* work.h - an evaluation at work: who hands out pictures, who takes the rows, and the loop between them. */
#ifndef NONET_CLI_EVAL_WORK_H
#define NONET_CLI_EVAL_WORK_H

#include <pthread.h>
#include "cli/eval/engine.h"
#include "cli/eval/progress.h"
#include "cli/eval/totals.h"

/* Where a process gets pictures from and brings rows to. Both return 0 or an exit status after a sentence. */
typedef struct eval_work {
    void *context;
    int (*more)(void *context, int64_t *indices, int room, int *count);     /* *count 0: there are no more */
    int (*rows)(void *context, const eval_row *rows, int count);
} eval_work;

/* The one that owns the list and the results; its work may be asked from several threads. */
typedef struct eval_boss {
    pthread_mutex_t lock;
    const vgg_dataset *set;
    eval_header header;
    unsigned char *done;        /* one a picture of the list, while a results file is read */
    int64_t *todo, todos, next;
    eval_totals totals;
    eval_results *results;      /* or NULL */
    eval_progress progress;
} eval_boss;

/* Prepares the list; results: NULL or a file. 0, or the exit status after a sentence. Close it in any case. */
int eval_boss_open(eval_boss *boss, const vgg_dataset *set, const eval_header *header, const char *results, int resume);
int eval_boss_close(eval_boss *boss);
eval_work eval_boss_work(eval_boss *boss);

typedef struct eval_times {
    double waiting, judging;    /* seconds that the kernels waited for pictures, and ran */
    int64_t pictures;
} eval_times;
/* Decodes beside, judges, until there is no more work. */
int eval_work_run(const eval_work *work, eval_engine *engine, const vgg_dataset *set, eval_times *times);

#endif
