/* row_csv.c - rows as CSV (RFC 4180; lines end in LF): numbers that are not there are empty, and reading gives the same bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/eval/row.h"

static const char names[] =
    "index,label,top1,top2,top3,top4,top5,probability1,probability2,probability3,probability4,probability5,";
static const char box_names[] =
    "hits,box1_x0,box1_y0,box1_x1,box1_y1,box2_x0,box2_y0,box2_x1,box2_y1,box3_x0,box3_y0,box3_x1,box3_y1,box4_x0,box4_y0,"
    "box4_x1,box4_y1,box5_x0,box5_y0,box5_x1,box5_y1,label_box_x0,label_box_y0,label_box_x1,label_box_y1,";
static const char end_names[] = "error,picture,";

/* ---- writing ---- */

typedef struct pen { char *at; } pen;

/* A field in quotes if it needs them: room for twice its length, and two. */
static void put_text(pen *p, const char *text)
{
    int plain = text[strcspn(text, ",\"\r\n")] == 0;
    if (!plain)
        *p->at++ = '"';
    for (; *text; text++) {
        *p->at++ = *text;
        if (*text == '"')
            *p->at++ = '"';
    }
    if (!plain)
        *p->at++ = '"';
}

static void put_number(pen *p, int there, double value)
{
    if (there && isfinite(value))
        p->at += sprintf(p->at, "%.9g", value);
    *p->at++ = ',';
}

size_t eval_csv_names(int located, const char *header, char *to)
{
    pen p = {to + sprintf(to, "%s%s%s", names, located ? box_names : "", end_names)};
    put_text(&p, header);
    *p.at++ = '\n';
    return (size_t)(p.at - to);
}

size_t eval_csv_write(const eval_row *row, int located, const char *name, char line[EVAL_LINE])
{
    pen p = {line + sprintf(line, "%lld,%d,", (long long)row->index, row->label)};
    for (int i = 0; i < EVAL_TOP; i++)
        p.at += i < row->tops ? sprintf(p.at, "%d,", row->top[i]) : sprintf(p.at, ",");
    for (int i = 0; i < EVAL_TOP; i++)
        put_number(&p, i < row->tops, (double)row->probability[i]);
    if (located) {
        p.at += row->tops ? sprintf(p.at, "%d,", row->hits) : sprintf(p.at, ",");
        for (int i = 0; i < 4 * (EVAL_TOP + 1); i++) {
            int of = i / 4, there = row->located && (of < row->tops || of == EVAL_TOP) && !isnan(row->box[of][0]);
            put_number(&p, there, (double)row->box[of][i % 4]);
        }
    }
    put_text(&p, row->tops ? "" : row->fault);
    *p.at++ = ',';
    put_text(&p, name);
    *p.at++ = ',';
    *p.at++ = '\n';
    return (size_t)(p.at - line);
}

/* ---- reading ---- */

/* The field at *at, without its quotes and ended by a zero; *at moves behind the comma, or becomes NULL behind the last field.
 * NULL if it is none. */
static char *take(char **at)
{
    char *from = *at, *to = from, *field = from;
    if (!from)
        return NULL;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            *to++ = *from;
        }
        if (*from++ != '"')
            return NULL;
    } else {
        from += strcspn(from, ",\"");
        to = from;
    }
    char end = *from;
    if (end && end != ',')
        return NULL;
    *to = 0;
    *at = end ? from + 1 : NULL;
    return field;
}

/* 1: a number from 0 to max, 0: nothing, -1: something else. */
static int take_whole(char **at, long long max, long long *value)
{
    const char *field = take(at);
    char *end;
    if (!field || (*field && (*field < '0' || *field > '9')))
        return -1;
    *value = strtoll(field, &end, 10);
    return *end || *value > max ? -1 : *field != 0;
}

static int take_float(char **at, float *value)
{
    const char *field = take(at);
    char *end;
    if (!field)
        return 0;
    *value = *field ? strtof(field, &end) : NAN;
    return !*field || (end != field && !*end);
}

static int take_tops(eval_row *row, char **at)
{
    for (int i = 0; i < EVAL_TOP; i++) {
        long long class = 0;
        int got = take_whole(at, INT32_MAX, &class);
        if (got < 0 || (got && row->tops != i))
            return 0;
        row->top[i] = (int32_t)class;
        row->tops += got;
    }
    for (int i = 0; i < EVAL_TOP; i++)
        if (!take_float(at, &row->probability[i]))
            return 0;
    return 1;
}

static int take_boxes(eval_row *row, char **at)
{
    long long hits = 0;
    int got = take_whole(at, (2 << EVAL_TOP) - 1, &hits);
    if (got != (row->tops > 0))
        return 0;
    row->located = 1;
    row->hits = (int32_t)hits;
    for (int i = 0; i < 4 * (EVAL_TOP + 1); i++)
        if (!take_float(at, &row->box[i / 4][i % 4]))
            return 0;
    return 1;
}

int eval_csv_read(eval_row *row, int located, char *record, char **name)
{
    long long index = 0, label = 0;
    *row = (eval_row){0};
    if (take_whole(&record, INT64_MAX, &index) != 1 || take_whole(&record, INT32_MAX, &label) != 1 || !take_tops(row, &record) ||
        (located && !take_boxes(row, &record)))
        return 0;
    row->index = index;
    row->label = (int32_t)label;
    const char *fault = take(&record);
    *name = take(&record);
    const char *last = take(&record);
    if (!fault || !*name || !last || *last || record || (row->tops == 0) != (*fault != 0))
        return 0;
    snprintf(row->fault, sizeof row->fault, "%s", fault);
    return 1;
}

static int starts(char **at, const char *text)
{
    size_t length = strlen(text);
    int good = strncmp(*at, text, length) == 0;
    *at += good ? length : 0;
    return good;
}

int eval_csv_read_names(char *record, int *located, char **header)
{
    if (!starts(&record, names))
        return 0;
    *located = starts(&record, box_names);
    if (!starts(&record, end_names))
        return 0;
    *header = take(&record);
    return *header && !record;
}
