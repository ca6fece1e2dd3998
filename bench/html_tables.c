/* html_tables.c - the tables of a report: what the plots show, in figures. */
#include <string.h>
#include "bench/html_tables.h"
#include "bench/plots.h"

/* A number with so many decimals, or a dash where it is unknown. */
static void cell(markup *m, int decimals, double value)
{
    if (value > 0)
        markup_put(m, "<td>%.*f</td>", decimals, value);
    else
        markup_put(m, "<td>–</td>");
}

static void text_cell(markup *m, const char *text)
{
    markup_put(m, "<td class=\"text\">");
    markup_text(m, *text ? text : "–");
    markup_put(m, "</td>");
}

static void head_cell(markup *m, const char *class, const char *text)
{
    markup_put(m, "<th scope=\"row\"%s>", class);
    markup_text(m, text);
    markup_put(m, "</th>");
}

static const char *limit_of(const results *r, const results_row *row)
{
    if (*row->limit || row->bound <= 0 || row->sum)
        return row->limit;
    return plot_memory_side(r, row) ? "memory" : "arithmetic";
}

void html_layers(markup *m, const results *r)
{
    markup_put(m, "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">layer</th>"
               "<th scope=\"col\" class=\"text\">shape</th><th scope=\"col\" class=\"text\">algorithm</th>"
               "<th scope=\"col\">threads</th><th scope=\"col\">samples</th><th scope=\"col\">median, ms</th>"
               "<th scope=\"col\">95&nbsp;%% from</th><th scope=\"col\">to</th><th scope=\"col\">GFLOP/s, direct</th>"
               "<th scope=\"col\">GFLOP/s, executed</th><th scope=\"col\">%% of peak, executed</th>"
               "<th scope=\"col\">MB moved</th><th scope=\"col\">FLOP/byte</th><th scope=\"col\">least, ms</th>"
               "<th scope=\"col\">%% of bound</th><th scope=\"col\" class=\"text\">limited by</th>"
               "<th scope=\"col\" class=\"text\">kernel</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < r->count; i++) {
        const results_row *row = &r->rows[i];
        markup_put(m, "<tr%s>", row->sum ? " class=\"sum\"" : "");
        head_cell(m, "", plot_short(r, row));
        text_cell(m, row->shape);
        text_cell(m, row->algorithm);
        cell(m, 0, row->threads);
        cell(m, 0, row->count);
        cell(m, 3, 1e3 * row->median);
        cell(m, 3, row->high > row->low ? 1e3 * row->low : 0);
        cell(m, 3, row->high > row->low ? 1e3 * row->high : 0);
        cell(m, 1, row->gflops);
        cell(m, 1, row->sum ? 0 : row->executed);
        cell(m, 1, r->peak > 0 && !row->sum ? 100 * row->executed / r->peak : 0);
        cell(m, 2, 1e-6 * row->bytes);
        cell(m, 2, plot_intensity(row));
        cell(m, 3, 1e3 * row->bound);
        cell(m, 1, 100 * row->bound_fraction);
        text_cell(m, limit_of(r, row));
        text_cell(m, row->kernel);
        markup_put(m, "</tr>\n");
    }
    markup_put(m, "</tbody></table></div>\n");
}

void html_peers(markup *m, const results *r)
{
    if (!r->peers)
        return;
    markup_put(m, "<h3>Other libraries in the same run</h3>\n<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>"
               "<th scope=\"col\">what</th><th scope=\"col\" class=\"text\">library</th><th scope=\"col\">median, ms</th>"
               "<th scope=\"col\">95&nbsp;%% from</th><th scope=\"col\">to</th><th scope=\"col\">times ours</th>"
               "<th scope=\"col\">difference of outputs</th><th scope=\"col\" class=\"text\">within its bound</th>"
               "<th scope=\"col\" class=\"text\">version and implementation</th></tr></thead>\n<tbody>\n");
    for (const results_row *row = r->rows + r->count; row < r->rows + r->count + r->peers; row++) {
        markup_put(m, "<tr>");
        head_cell(m, "", plot_short(r, row));
        text_cell(m, row->algorithm);
        cell(m, 3, 1e3 * row->median);
        cell(m, 3, row->high > row->low ? 1e3 * row->low : 0);
        cell(m, 3, row->high > row->low ? 1e3 * row->high : 0);
        cell(m, 2, row->over_ours);
        markup_put(m, "<td>%.1e</td>", row->difference);
        text_cell(m, row->difference <= row->difference_bound ? "yes" : "no");
        text_cell(m, row->implementation);
        markup_put(m, "</tr>\n");
    }
    markup_put(m, "</tbody></table></div>\n<p class=\"note\">Same weights, same input, in turn with ours. Times ours: above 1 ours "
               "is faster. Difference: L2 of theirs minus ours over L2 of ours, the worst image.</p>\n");
}

/* In an earlier run, or earlier in this one with another number of threads. */
static int seen_before(const results *runs, int run, const results_row *row)
{
    for (int i = 0; i < run; i++)
        if (results_find(&runs[i], row->name, row->threads))
            return 1;
    for (const results_row *other = runs[run].rows; other < row; other++)
        if (!strcmp(other->name, row->name))
            return 1;
    return 0;
}

static void matrix_row(markup *m, const results *runs, int count, const results_row *named)
{
    const results_row *best = NULL;
    int there = 0;
    for (int i = 0; i < count; i++) {
        const results_row *row = results_find(&runs[i], named->name, runs[i].threads);
        there += row != NULL;
        if (row && (!best || row->median < best->median))
            best = row;
    }
    markup_put(m, "<tr%s>", named->sum ? " class=\"sum\"" : "");
    head_cell(m, "", named->name);
    for (int i = 0; i < count; i++) {
        const results_row *row = results_find(&runs[i], named->name, runs[i].threads);
        markup_put(m, row && row == best && there > 1 ? "<td class=\"best\">%.3f</td>" : row ? "<td>%.3f</td>" : "<td>–</td>",
                   row ? 1e3 * row->median : 0);
        cell(m, 1, row ? row->gflops : 0);
        cell(m, 1, row ? 100 * row->bound_fraction : 0);
    }
    markup_put(m, "</tr>\n");
}

void html_matrix(markup *m, const results *runs, int count)
{
    char title[256];
    markup_put(m, "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\" rowspan=\"2\">layer</th>");
    for (int i = 0; i < count; i++) {
        plot_title(&runs[i], title, sizeof title);
        markup_put(m, "<th scope=\"colgroup\" colspan=\"3\" class=\"group\">");
        markup_text(m, title);
        markup_put(m, "</th>");
    }
    markup_put(m, "</tr>\n<tr>");
    for (int i = 0; i < count; i++)
        markup_put(m, "<th scope=\"col\">ms</th><th scope=\"col\">GFLOP/s</th><th scope=\"col\">%% bound</th>");
    markup_put(m, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < count; i++)
        for (int j = 0; j < runs[i].count; j++)
            if (!seen_before(runs, i, &runs[i].rows[j]))
                matrix_row(m, runs, count, &runs[i].rows[j]);
    markup_put(m, "</tbody></table></div>\n");
}

/* A page is for showing around: the host's name and paths on it are not. */
static int is_private(const char *key)
{
    return !strcmp(key, "host_name") || !strcmp(key, "executable");
}

void html_environment(markup *m, const results *runs, int count)
{
    markup_put(m, "<div class=\"scroll\" tabindex=\"0\"><table class=\"environment\"><thead><tr><th scope=\"col\">what</th>");
    for (int i = 0; i < count; i++) {
        const char *slash = strrchr(runs[i].path, '/');
        markup_put(m, "<th scope=\"col\" class=\"text\">");
        markup_text(m, slash ? slash + 1 : runs[i].path);
        markup_put(m, "</th>");
    }
    markup_put(m, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < count; i++)
        for (int j = 0; j < runs[i].entries; j++) {
            const char *key = runs[i].environment[j].key;
            int known = is_private(key);
            for (int k = 0; k < i && !known; k++)
                known = *results_value(&runs[k], key) != '\0';
            if (known)
                continue;
            markup_put(m, "<tr>");
            head_cell(m, "", key);
            for (int k = 0; k < count; k++)
                text_cell(m, results_value(&runs[k], key));
            markup_put(m, "</tr>\n");
        }
    markup_put(m, "</tbody></table></div>\n");
}
