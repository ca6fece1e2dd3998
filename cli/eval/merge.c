/* merge.c - see merge.h. */
#include "cli/eval/merge.h"

#include <stdlib.h>
#include "cli/cli.h"

/* The totals are opened by the first header, so rows are kept until their file's header is known. */
typedef struct kept {
    eval_row *rows;
    int64_t count, room;
} kept;

static int keep_row(void *context, const eval_row *row, const char *quoted, size_t length)
{
    kept *k = context;
    (void)quoted;
    (void)length;
    if (k->count == k->room) {
        int64_t room = k->room ? 2 * k->room : 1024;
        eval_row *more = realloc(k->rows, (size_t)room * sizeof *more);
        if (!more)
            return cli_fail(EXIT_DATA, "no memory for the results");
        k->rows = more;
        k->room = room;
    }
    k->rows[k->count++] = *row;
    return 0;
}

static int in_range(const eval_row *row, const eval_header *h)
{
    int good = row->index < h->pictures && row->label < h->classes;
    for (int i = 0; i < row->tops; i++)
        good = good && row->top[i] < h->classes;
    return good;
}

static int add_rows(const kept *k, const char *path, const eval_header *h, unsigned char *done, eval_totals *totals)
{
    for (int64_t i = 0; i < k->count; i++) {
        const eval_row *row = &k->rows[i];
        if (!in_range(row, h))
            return cli_fail(EXIT_DATA, "%s: picture %lld or its classes are outside the list or network", path,
                            (long long)row->index);
        if (done[row->index])
            return cli_fail(EXIT_DATA, "%s: picture %lld is there twice, or in an earlier file", path, (long long)row->index);
        done[row->index] = 1;
        if (!eval_totals_add(totals, row))
            return cli_fail(EXIT_DATA, "no memory to count errors");
    }
    return 0;
}

static int open_totals(const eval_header *h, unsigned char **done, eval_totals *totals)
{
    *done = calloc((size_t)h->pictures + 1, 1);
    return *done && eval_totals_open(totals, h->classes) ? 0 : cli_fail(EXIT_DATA, "no memory for the results");
}

static int add_file(char **paths, int index, eval_header *header, unsigned char **done, eval_totals *totals)
{
    kept k = {0};
    eval_header h;
    int fault = eval_results_read(paths[index], &h, keep_row, &k);
    if (fault == 0 && index == 0) {
        *header = h;
        fault = open_totals(header, done, totals);
    }
    const char *differs = fault ? NULL : eval_header_differs(&h, header, 0);
    if (differs)
        fault = cli_fail(EXIT_DATA, "%s: holds results for another %s than %s", paths[index], differs, paths[0]);
    if (fault == 0)
        fault = add_rows(&k, paths[index], header, *done, totals);
    free(k.rows);
    return fault;
}

int eval_merge(char **paths, int count, eval_header *header, eval_totals *totals, int64_t *missing)
{
    unsigned char *done = NULL;
    int fault = 0;
    *totals = (eval_totals){0};
    for (int i = 0; fault == 0 && i < count; i++)
        fault = add_file(paths, i, header, &done, totals);
    *missing = fault ? 0 : header->pictures - totals->judged - totals->unreadable;
    free(done);
    return fault;
}
