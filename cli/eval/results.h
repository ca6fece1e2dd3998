/* results.h - the results file: a line of JSON that says what was evaluated, then one a picture, in the order they were finished;
 * or the same as CSV, where that line is the name of the last column, which is empty in the records.
 *
 * Records are only ever appended, each by one write; a process that is killed leaves at most one torn record at the end, which
 * the next one drops. The first one is the fingerprint: only the same model, protocol, list and shard may go on with a file. */
#ifndef NONET_CLI_EVAL_RESULTS_H
#define NONET_CLI_EVAL_RESULTS_H

#include "cli/eval/row.h"
#include "vgg/dataset.h"

enum { EVAL_HEADER = 16384 };

/* What an evaluation is; texts are shortened if they must be. */
typedef struct eval_header {
    char model[1024];           /* for people: the file's name, or several with commas */
    uint64_t model_sum;         /* of its bytes */
    char protocol[1024];        /* all that makes a difference: preparation, net, algorithm, protocol */
    char data[1024];            /* for people */
    uint64_t list_sum;          /* of names, labels and IDX pixels: all of them, whatever the shard and limit */
    int classes;
    int64_t pictures;           /* in the list, --limit applied */
    int shard, shards;          /* 1 to shards: pictures i with i % shards == shard - 1 */
    int csv;                    /* the file is CSV, not JSON lines */
    int located;                /* its rows have boxes */
} eval_header;

typedef struct eval_results eval_results;
/* Called for each row that a file holds, in its order; quoted: the picture's name as by eval_quote. 0 goes on; anything else ends
 * the reading and is returned. */
typedef int (*eval_row_seen)(void *context, const eval_row *row, const char *quoted, size_t length);

/* Opens a file to append to. With `resume` a file of the same evaluation is gone on with: its rows are given to `seen`; otherwise
 * the file must be new or empty. 0, or the exit status after a sentence. */
int eval_results_open(eval_results **results, const char *path, const eval_header *header, int resume, eval_row_seen seen,
                      void *context);
/* Appends rows in one write each. 0, or the exit status after a sentence. */
int eval_results_append(eval_results *results, const eval_row *row, const char *name);
/* 0, or the exit status after a sentence: all is on the disk. */
int eval_results_close(eval_results *results);

/* Reads a whole file for --merge; a torn last record does not count. */
int eval_results_read(const char *path, eval_header *header, eval_row_seen seen, void *context);
/* A word for what differs between two evaluations ("model", "protocol", "list" ...), NULL if nothing; shards count if wanted. */
const char *eval_header_differs(const eval_header *a, const eval_header *b, int with_shard);

#endif
