/* row.h - what came of one picture, and its line of JSON or record of CSV in a results file. */
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
    int32_t located;            /* 1: the boxes below are there, one a class in top and one for the label */
    int32_t hits;               /* bit i: box i overlaps a true one, by half of their union or more; bit EVAL_TOP: the label's */
    float box[EVAL_TOP + 1][4]; /* x0, y0, x1, y1; NaN: none was found. The label's is the last, whatever tops is */
    char fault[EVAL_FAULT];     /* why it could not be read */
} eval_row;

/* text as a JSON string with its quotes, cut if it does not fit; bytes that are not UTF-8 become U+FFFD. Returns `to`. */
char *eval_quote(char *to, size_t room, const char *text);
/* A line of JSON with its line end; returns its length. quoted: the picture's name from eval_quote. */
size_t eval_row_write(const eval_row *row, const char *quoted, char line[EVAL_LINE]);
/* The reverse of a line without its end. *quoted points into the line, *length is its length. 0 if it is no such line. */
int eval_row_read(eval_row *row, const char *line, const char **quoted, size_t *length);
/* The first record of CSV with its line end: the columns' names, and `header`, a text, as that of a last one that stays empty. It
 * takes twice the text's length and 1 KiB. */
size_t eval_csv_names(int located, const char *header, char *to);
/* The reverse: cuts a record without its end into pieces. *header is the text, in the record. 0 if it is no such record. */
int eval_csv_read_names(char *record, int *located, char **header);
/* A record of CSV with its line end, with columns for boxes if `located`; returns its length. */
size_t eval_csv_write(const eval_row *row, int located, const char *name, char line[EVAL_LINE]);
/* The reverse of a record without its end, which is changed. *name points into it. 0 if it is no such record. */
int eval_csv_read(eval_row *row, int located, char *record, char **name);
/* Fills top and probability from the posteriors of `classes` classes: higher first, then lower numbers, NaN last. */
void eval_row_rank(eval_row *row, const float *posteriors, int classes);

#endif
