/* csv.c - the record as RFC 4180 has it: a line of names, a line a row; the context's fields stand behind each row's own and are
 * called context.NAME. Lists have one cell, with spaces between their numbers. */
#include <math.h>
#include <string.h>
#include "bench/emit.h"
#include "bench/record.h"

typedef struct csv_line {
    FILE *file;
    int cells;                  /* that are on the line */
    const char *prefix;         /* of names */
} csv_line;

static void quoted(FILE *file, const char *prefix, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fprintf(file, "%s%s", prefix, text);
        return;
    }
    fprintf(file, "\"%s", prefix);
    for (; *text; text++)
        fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
    putc('"', file);
}

static FILE *cell(void *to)
{
    csv_line *line = to;
    if (line->cells++)
        putc(',', line->file);
    return line->file;
}

static void name(void *to, const char *key)
{
    FILE *file = cell(to);
    quoted(file, ((csv_line *)to)->prefix, key);
}

static void name_text(void *to, const char *key, const char *value)
{
    (void)value;
    name(to, key);
}

static void name_real(void *to, const char *key, double value)
{
    (void)value;
    name(to, key);
}

static void name_whole(void *to, const char *key, long long value)
{
    (void)value;
    name(to, key);
}

static void name_flag(void *to, const char *key, int value)
{
    (void)value;
    name(to, key);
}

static void name_reals(void *to, const char *key, const double *x, int count, double scale)
{
    (void)x;
    (void)count;
    (void)scale;
    name(to, key);
}

static void put_text(void *to, const char *key, const char *value)
{
    (void)key;
    quoted(cell(to), "", value);
}

static void put_real(void *to, const char *key, double value)
{
    (void)key;
    FILE *file = cell(to);
    if (isfinite(value))
        fprintf(file, "%.9g", value);
}

static void put_whole(void *to, const char *key, long long value)
{
    (void)key;
    fprintf(cell(to), "%lld", value);
}

static void put_flag(void *to, const char *key, int value)
{
    put_text(to, key, value ? "true" : "false");
}

static void put_reals(void *to, const char *key, const double *x, int count, double scale)
{
    (void)key;
    FILE *file = cell(to);
    for (int i = 0; i < count; i++)
        fprintf(file, "%s%.9g", i ? " " : "", scale * x[i]);
}

/* The lists of the context, as text. */
static void put_lists(const bench_report *report, const bench_sink *sink)
{
    char text[sizeof report->verdict.reason] = "";
    size_t used = 0;
    for (int i = 0; i < report->verdict.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "; " : "", report->verdict.reason[i]);
    sink->text(sink->to, "disturbed_by", text);
    text[used = 0] = '\0';
    for (int i = 0; i < report->host.caches; i++) {
        const bench_cache *c = &report->host.cache[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%sL%d %s %zu/%d", i ? "; " : "", c->level, c->type, c->size,
                                 c->sharing);
    }
    sink->text(sink->to, "caches", text);
    sink->reals(sink->to, "load_avg", report->host.load, 3, 1);
}

static void put_line(const bench_report *report, int row, csv_line *line, const bench_sink *sink)
{
    line->cells = 0;
    line->prefix = "";
    bench_record_row(report, row, sink);
    line->prefix = "context.";
    bench_record_context(report, sink);
    put_lists(report, sink);
    fputs("\r\n", line->file);
}

int bench_csv(const bench_report *report)
{
    json_out out;
    if (!emit_open(&out, report->settings->csv))
        return 0;
    csv_line line = { .file = out.file };
    const bench_sink names = { name_text, name_real, name_whole, name_flag, name_reals, &line };
    const bench_sink values = { put_text, put_real, put_whole, put_flag, put_reals, &line };
    if (report->count)
        put_line(report, 0, &line, &names);
    for (int i = 0; i < report->count; i++)
        put_line(report, i, &line, &values);
    return emit_close(&out);
}
