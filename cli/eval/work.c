/* work.c - see work.h. */
#include "cli/eval/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/timer.h"

enum { AHEAD = 4 };             /* batches that are asked for before the one that is judged */

/* ---- the boss ---- */

enum { SEEN_TWICE = -1, NOT_LISTED = -2, OTHER_NAME = -3 };

static int row_seen(void *context, const eval_row *row, const char *quoted, size_t length)
{
    eval_boss *b = context;
    char room[24];
    if (row->index >= b->header.pictures || row->index % b->header.shards != b->header.shard - 1)
        return NOT_LISTED;
    const char *name = vgg_dataset_name(b->set, row->index, room);
    char *want = malloc(6 * strlen(name) + 3);
    if (!want)
        return cli_fail(EXIT_DATA, "no memory for the results");
    eval_quote(want, 6 * strlen(name) + 3, name);
    int same = strlen(want) == length && memcmp(want, quoted, length) == 0 && row->label == b->set->label[row->index];
    free(want);
    for (int i = 0; i < row->tops; i++)
        same = same && row->top[i] < b->header.classes;
    if (!same)
        return OTHER_NAME;
    if (b->done[row->index])
        return SEEN_TWICE;
    b->done[row->index] = 1;
    return eval_totals_add(&b->totals, row) ? 0 : cli_fail(EXIT_DATA, "no memory to count errors");
}

static void list_todo(eval_boss *b)
{
    for (int64_t i = b->header.shard - 1; i < b->header.pictures; i += b->header.shards)
        if (!b->done[i])
            b->todo[b->todos++] = i;
}

int eval_boss_open(eval_boss *b, const vgg_dataset *set, const eval_header *header, const char *results, int resume)
{
    *b = (eval_boss){.set = set, .header = *header};
    pthread_mutex_init(&b->lock, NULL);
    b->done = calloc((size_t)header->pictures + 1, 1);
    b->todo = malloc(((size_t)header->pictures + 1) * sizeof *b->todo);
    if (!b->done || !b->todo || !eval_totals_open(&b->totals, header->classes))
        return cli_fail(EXIT_DATA, "no memory for the list of pictures");
    int fault = results ? eval_results_open(&b->results, results, header, resume, row_seen, b) : 0;
    if (fault)
        return fault;
    list_todo(b);
    int64_t before = b->totals.judged + b->totals.unreadable;
    eval_progress_start(&b->progress, before, before + b->todos);
    return 0;
}

int eval_boss_close(eval_boss *b)
{
    eval_progress_wipe(&b->progress);
    int fault = eval_results_close(b->results);
    free(b->done);
    free(b->todo);
    eval_totals_close(&b->totals);
    pthread_mutex_destroy(&b->lock);
    return fault;
}

static int boss_more(void *context, int64_t *indices, int room, int *count)
{
    eval_boss *b = context;
    pthread_mutex_lock(&b->lock);
    int64_t left = b->todos - b->next;
    *count = left < room ? (int)left : room;
    memcpy(indices, b->todo + b->next, (size_t)*count * sizeof *indices);
    b->next += *count;
    pthread_mutex_unlock(&b->lock);
    return 0;
}

static int take_row(eval_boss *b, const eval_row *row)
{
    char room[24];
    if (row->tops == 0) {
        eval_progress_wipe(&b->progress);
        cli_fail(0, "%s", row->fault);
    }
    if (!eval_totals_add(&b->totals, row))
        return cli_fail(EXIT_DATA, "no memory to count errors");
    return b->results ? eval_results_append(b->results, row, vgg_dataset_name(b->set, row->index, room)) : 0;
}

static int boss_rows(void *context, const eval_row *rows, int count)
{
    eval_boss *b = context;
    int fault = 0;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; fault == 0 && i < count; i++)
        fault = take_row(b, &rows[i]);
    const eval_totals *t = &b->totals;
    eval_progress_show(&b->progress, t->judged + t->unreadable, t->judged - t->right, t->judged);
    pthread_mutex_unlock(&b->lock);
    return fault;
}

eval_work eval_boss_work(eval_boss *b)
{
    return (eval_work){.context = b, .more = boss_more, .rows = boss_rows};
}

/* ---- the loop ---- */

typedef struct worker {
    eval_engine *engine;
    const vgg_dataset *set;
    const eval_work *work;
    eval_ring *ring;
    eval_row *rows;
    int64_t *indices;
    int ended;
} worker;

static nonet_vgg_status decode(void *context, eval_slot *slot, nonet_vgg_error *err)
{
    worker *w = context;
    nonet_vgg_status status = vgg_dataset_picture(w->set, slot->index, &slot->picture, err);
    return status == NONET_VGG_OK ? eval_engine_prepare(w->engine, slot, err) : status;
}

static int feed(worker *w)
{
    int batch = w->engine->batch;
    while (!w->ended && eval_ring_waiting(w->ring) < AHEAD * batch) {
        int count, fault = w->work->more(w->work->context, w->indices, batch, &count);
        if (fault)
            return fault;
        if (count == 0)
            w->ended = 1;
        else if (!eval_ring_add(w->ring, w->indices, count))
            return cli_fail(EXIT_DATA, "no memory for the list of pictures");
    }
    return 0;
}

static int judge(worker *w, const eval_slot *slots, int count, eval_times *times)
{
    nonet_vgg_error err;
    double start = bench_now();
    for (int i = 0; i < count; i++) {
        w->rows[i] = (eval_row){.index = slots[i].index, .label = w->set->label[slots[i].index]};
    }
    nonet_vgg_status status = eval_engine_judge(w->engine, slots, count, w->rows, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    times->judging += bench_now() - start;
    times->pictures += count;
    return w->work->rows(w->work->context, w->rows, count);
}

int eval_work_run(const eval_work *work, eval_engine *engine, const vgg_dataset *set, eval_times *times)
{
    worker w = {.engine = engine, .set = set, .work = work};
    eval_slot *slots;
    int fault, count = 1;
    *times = (eval_times){0};
    w.rows = calloc((size_t)engine->batch, sizeof *w.rows);
    w.indices = calloc((size_t)engine->batch, sizeof *w.indices);
    w.ring = w.rows && w.indices ? eval_ring_open(engine->batch, engine->floats, decode, &w) : NULL;
    fault = w.ring ? 0 : cli_fail(EXIT_DATA, "no memory, or no thread, for the pictures");
    while (fault == 0 && count > 0) {
        fault = feed(&w);
        count = fault ? 0 : eval_ring_take(w.ring, &slots, &times->waiting);
        if (count > 0)
            fault = judge(&w, slots, count, times);
    }
    eval_ring_close(w.ring);
    free(w.rows);
    free(w.indices);
    return fault;
}
