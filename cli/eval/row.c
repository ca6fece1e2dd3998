/* row.c - see row.h. The numbers of a line are written so that reading gives the same bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "cli/eval/row.h"

static size_t escape(char to[8], const char *s, size_t *used)
{
    unsigned char c = (unsigned char)*s;
    *used = emit_utf8(s);
    if (*used == 0) {
        *used = 1;
        memcpy(to, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (c == '"' || c == '\\') {
        to[0] = '\\';
        to[1] = (char)c;
        return 2;
    }
    if (c < 0x20)
        return (size_t)snprintf(to, 8, "\\u%04x", c);
    memcpy(to, s, *used);
    return *used;
}

char *eval_quote(char *to, size_t room, const char *text)
{
    size_t at = 1, used;
    char piece[8];
    to[0] = '"';
    while (*text) {
        size_t length = escape(piece, text, &used);
        if (at + length + 2 > room)
            break;
        memcpy(to + at, piece, length);
        at += length;
        text += used;
    }
    to[at] = '"';
    to[at + 1] = 0;
    return to;
}

static int write_probability(char *to, size_t room, int place, double value)
{
    if (!isfinite(value))
        return snprintf(to, room, "%snull", place ? "," : "");
    return snprintf(to, room, "%s%.9g", place ? "," : "", value);
}

static int write_box(char *to, size_t room, const float box[4])
{
    if (isnan(box[0]))
        return snprintf(to, room, "null");
    return snprintf(to, room, "[%.9g,%.9g,%.9g,%.9g]", (double)box[0], (double)box[1], (double)box[2], (double)box[3]);
}

static int write_boxes(char *to, size_t room, const eval_row *row)
{
    int at = snprintf(to, room, "\"hits\":%d,\"box\":[", row->hits);
    for (int i = 0; i < row->tops; i++) {
        at += snprintf(to + at, room - (size_t)at, "%s", i ? "," : "");
        at += write_box(to + at, room - (size_t)at, row->box[i]);
    }
    at += snprintf(to + at, room - (size_t)at, "],\"label_box\":");
    at += write_box(to + at, room - (size_t)at, row->box[EVAL_TOP]);
    return at + snprintf(to + at, room - (size_t)at, ",");
}

size_t eval_row_write(const eval_row *row, const char *quoted, char line[EVAL_LINE])
{
    char fault[6 * EVAL_FAULT + 3];
    int at = snprintf(line, EVAL_LINE, "{\"index\":%lld,\"label\":%d,", (long long)row->index, row->label);
    if (row->tops == 0)
        at += snprintf(line + at, (size_t)(EVAL_LINE - at), "\"error\":%s,", eval_quote(fault, sizeof fault, row->fault));
    else {
        at += snprintf(line + at, (size_t)(EVAL_LINE - at), "\"top\":[");
        for (int i = 0; i < row->tops; i++)
            at += snprintf(line + at, (size_t)(EVAL_LINE - at), "%s%d", i ? "," : "", row->top[i]);
        at += snprintf(line + at, (size_t)(EVAL_LINE - at), "],\"probability\":[");
        for (int i = 0; i < row->tops; i++)
            at += write_probability(line + at, (size_t)(EVAL_LINE - at), i, (double)row->probability[i]);
        at += snprintf(line + at, (size_t)(EVAL_LINE - at), "],");
        if (row->located)
            at += write_boxes(line + at, (size_t)(EVAL_LINE - at), row);
    }
    at += snprintf(line + at, (size_t)(EVAL_LINE - at), "\"picture\":%s}\n", quoted);
    return (size_t)at;
}

/* ---- reading ---- */

static int word(const char **at, const char *text)
{
    size_t length = strlen(text);
    int same = strncmp(*at, text, length) == 0;
    *at += same ? length : 0;
    return same;
}

static int whole(const char **at, long long max, long long *value)
{
    char *end;
    if (**at < '0' || **at > '9')
        return 0;
    *value = strtoll(*at, &end, 10);
    *at = end;
    return *value <= max;
}

/* Steps over a JSON string. */
static int string(const char **at)
{
    if (**at != '"')
        return 0;
    for ((*at)++; **at && **at != '"'; (*at)++)
        if (**at == '\\' && !*++*at)
            return 0;
    return **at == '"' && (*at)++;
}

static int read_top(eval_row *row, const char **at)
{
    do {
        long long class;
        if (row->tops == EVAL_TOP || !whole(at, INT32_MAX, &class))
            return 0;
        row->top[row->tops++] = (int32_t)class;
    } while (word(at, ","));
    if (!word(at, "],\"probability\":["))
        return 0;
    for (int i = 0; i < row->tops; i++) {
        char *end;
        if (i && !word(at, ","))
            return 0;
        if (word(at, "null")) {
            row->probability[i] = NAN;
            continue;
        }
        row->probability[i] = strtof(*at, &end);
        if (end == *at)
            return 0;
        *at = end;
    }
    return word(at, "],");
}

static int read_box(float box[4], const char **at)
{
    char *end;
    if (word(at, "null")) {
        box[0] = NAN;
        return 1;
    }
    for (int i = 0; i < 4; i++) {
        if (!word(at, i ? "," : "["))
            return 0;
        box[i] = strtof(*at, &end);
        if (end == *at)
            return 0;
        *at = end;
    }
    return word(at, "]");
}

static int read_boxes(eval_row *row, const char **at)
{
    long long hits;
    if (!whole(at, (2 << EVAL_TOP) - 1, &hits) || !word(at, ",\"box\":["))
        return 0;
    for (int i = 0; i < row->tops; i++)
        if ((i && !word(at, ",")) || !read_box(row->box[i], at))
            return 0;
    row->located = 1;
    row->hits = (int32_t)hits;
    return word(at, "],\"label_box\":") && read_box(row->box[EVAL_TOP], at) && word(at, ",");
}

static int read_fault(eval_row *row, const char **at)
{
    const char *from = *at;
    if (!string(at))
        return 0;
    snprintf(row->fault, sizeof row->fault, "%.*s", (int)(*at - from - 2), from + 1);
    return word(at, ",");
}

int eval_row_read(eval_row *row, const char *line, const char **quoted, size_t *length)
{
    const char *at = line;
    long long index, label;
    *row = (eval_row){0};
    if (!word(&at, "{\"index\":") || !whole(&at, INT64_MAX, &index) || !word(&at, ",\"label\":") ||
        !whole(&at, INT32_MAX, &label) || !word(&at, ","))
        return 0;
    row->index = index;
    row->label = (int32_t)label;
    if (!(word(&at, "\"top\":[") ? read_top(row, &at) : word(&at, "\"error\":") && read_fault(row, &at)))
        return 0;
    if (row->tops && word(&at, "\"hits\":") && !read_boxes(row, &at))
        return 0;
    if (!word(&at, "\"picture\":"))
        return 0;
    *quoted = at;
    if (!string(&at))
        return 0;
    *length = (size_t)(at - *quoted);
    return strcmp(at, "}") == 0;
}

/* ---- ranking ---- */

static int before(const float *p, int i, int j)
{
    return p[i] > p[j] || (p[i] == p[i] && p[j] != p[j]);
}

void eval_row_rank(eval_row *row, const float *posteriors, int classes)
{
    row->tops = 0;
    for (int class = 0; class < classes; class++) {
        int place = row->tops;
        while (place > 0 && before(posteriors, class, row->top[place - 1]))
            place--;
        if (place == EVAL_TOP)
            continue;
        row->tops += row->tops < EVAL_TOP;
        for (int i = row->tops - 1; i > place; i--)
            row->top[i] = row->top[i - 1];
        row->top[place] = class;
    }
    for (int i = 0; i < row->tops; i++)
        row->probability[i] = posteriors[row->top[i]];
}
