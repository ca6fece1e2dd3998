/* row.h - what came of one picture, and its line in a results file. */
#ifndef NONET_CLI_EVAL_ROW_H
#define NONET_CLI_EVAL_ROW_H

#include <stddef.h>
#include <stdint.h>

enum { EVAL_TOP = 5, EVAL_FAULT = 512, EVAL_LINE = 40000 };

typedef struct eval_row {
    int64_t index;
    int32_t label;
    int32_t tops;               /* min(5, classes); 0: the picture could not be read */
    int32_t top[EVAL_TOP];      /* classes, likeliest first */
    float probability[EVAL_TOP];
    char fault[EVAL_FAULT];     /* why it could not be read */
} eval_row;

/* text as a JSON string with its quotes, cut if it does not fit; bytes that are not UTF-8 become U+FFFD. Returns `to`. */
char *eval_quote(char *to, size_t room, const char *text);
/* A line of JSON with its line end; returns its length. quoted: the picture's name from eval_quote. */
size_t eval_row_write(const eval_row *row, const char *quoted, char line[EVAL_LINE]);
/* The reverse of a line without its end. *quoted points into the line, *length is its length. 0 if it is no such line. */
int eval_row_read(eval_row *row, const char *line, const char **quoted, size_t *length);
/* Fills top and probability from the posteriors of `classes` classes: higher first, then lower numbers, NaN last. */
void eval_row_rank(eval_row *row, const float *posteriors, int classes);

#endif
