/* plots.c - bars a layer, speedup over threads, and what all plots say about runs and rows. */
#include "bench/plots.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "bench/svg.h"

enum { BAR_STEP = 20, BARS_MAX = 80, CURVES_MAX = 6, RUNS_MAX = 64 };

void plot_title(const results *r, char *text, size_t size)
{
    char threads[32] = "";
    if (r->threads)
        snprintf(threads, sizeof threads, ", %d thread%s", r->threads, r->threads == 1 ? "" : "s");
    snprintf(text, size, "%s%s%s%s", *r->cpu ? r->cpu : r->path, *r->isa ? ", " : "", r->isa, threads);
}

const char *plot_short(const results *r, const results_row *row)
{
    const char *slash = strchr(r->rows[0].name, '/');
    size_t stem = slash ? (size_t)(slash + 1 - r->rows[0].name) : 0;
    for (int i = 0; i < r->count; i++)
        if (strncmp(r->rows[i].name, r->rows[0].name, stem))
            return row->name;
    return row->name + stem;
}

double plot_intensity(const results_row *row)
{
    return row->bytes > 0 ? 1e9 * row->executed * row->median / row->bytes : 0;
}

int plot_memory_side(const results *r, const results_row *row)
{
    return r->peak > 0 && row->executed > 0 && row->bound > 1.01 * row->executed * row->median / r->peak;
}

/* ---- bars ---- */
typedef struct bars {
    const results *r;
    const results_row *rows[BARS_MAX];
    int count, bounded, left_out;
    double most, label;         /* the longest time; room for names */
} bars;

/* Layers that have a bound; where the file knows no bounds, all but sums. */
static void pick_bars(bars *b)
{
    for (int i = 0; i < b->r->count; i++)
        b->bounded += b->r->rows[i].bound > 0 && !b->r->rows[i].sum;
    for (int i = 0; i < b->r->count; i++) {
        const results_row *row = &b->r->rows[i];
        if (row->sum || (b->bounded && row->bound <= 0))
            continue;
        if (b->count == BARS_MAX) {
            b->left_out++;
            continue;
        }
        b->rows[b->count++] = row;
        b->most = fmax(b->most, fmax(row->high, row->bound));
        b->label = fmin(170, fmax(b->label, svg_width(plot_short(b->r, row))));
    }
}

static void draw_bar(markup *m, const bars *b, const results_row *row, const svg_axis *x, double y)
{
    double end = svg_at(x, 1e3 * row->median), least = svg_at(x, 1e3 * row->bound);
    svg_words(m, x->from - 7, y + 4, "small", "end", "%s", plot_short(b->r, row));
    markup_put(m, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\"><title>", x->from, y - 7,
               end - x->from);
    markup_textf(m, "%s: median %.3f ms, 95 %% interval %.3f to %.3f ms", row->name, 1e3 * row->median, 1e3 * row->low,
                 1e3 * row->high);
    markup_put(m, "</title></rect>\n");
    if (row->bound > 0) {
        markup_put(m, "<rect class=\"s%d\" style=\"stroke:none\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"8\"><title>",
                   plot_memory_side(b->r, row), x->from, y - 4, fmax(0.5, least - x->from));
        markup_textf(m, "%s: at least %.3f ms at the measured peaks", row->name, 1e3 * row->bound);
        markup_put(m, "</title></rect>\n");
        svg_words(m, SVG_WIDTH - 6, y + 4, "small", "end", "%.0f %%", 100 * row->bound_fraction);
    }
    svg_line(m, "whisker", svg_at(x, 1e3 * row->low), y, svg_at(x, 1e3 * row->high), y);
    svg_line(m, "whisker", svg_at(x, 1e3 * row->low), y - 3, svg_at(x, 1e3 * row->low), y + 3);
    svg_line(m, "whisker", svg_at(x, 1e3 * row->high), y - 3, svg_at(x, 1e3 * row->high), y + 3);
    svg_words(m, SVG_WIDTH - 58, y + 4, "small", "end", "%.2f", 1e3 * row->median);
}

static void bar_legend(markup *m, const bars *b, double x, double y)
{
    static const struct { const char *class, *words; double at; } keys[] = {
        { "bar", "time", 0 }, { "s0", "least time: arithmetic", 54 }, { "s1", "least time: memory", 206 },
    };
    for (int i = 0; i < (b->bounded ? 3 : 1); i++) {
        markup_put(m, "<rect class=\"%s\" style=\"stroke:none\" x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\"/>\n",
                   keys[i].class, x + keys[i].at, y - 9);
        svg_words(m, x + keys[i].at + 16, y, "small", "start", "%s", keys[i].words);
    }
}

int plot_layers(markup *m, const char *id, const results *r)
{
    bars b = { .r = r };
    char run[200];
    pick_bars(&b);
    if (b.count == 0)
        return 0;
    int bottom = 84 + BAR_STEP * b.count, height = bottom + 44 + 16 * (b.left_out > 0);
    svg_axis x = { 0, 1.03e3 * b.most, b.label + 14, SVG_WIDTH - 108, 0 }, y = { 0, 1, bottom, 76, 0 };
    plot_title(r, run, sizeof run);
    svg_begin(m, id, height, "Time of each layer", run, "A bar for each layer: its median time in milliseconds with the 95 per "
              "cent interval, and within it the least time at the measured peaks.");
    bar_legend(m, &b, 4, 52);
    svg_words(m, SVG_WIDTH - 58, 70, "small faint", "end", "ms");
    if (b.bounded)
        svg_words(m, SVG_WIDTH - 6, 70, "small faint", "end", "%% bound");
    svg_x_axis(m, &x, &y, "milliseconds");
    for (int i = 0; i < b.count; i++)
        draw_bar(m, &b, b.rows[i], &x, 86 + BAR_STEP * i);
    if (b.left_out)
        svg_words(m, 4, height - 4, "small faint", "start", "%d more rows stand in the table", b.left_out);
    svg_end(m);
    return 1;
}

/* ---- threads ---- */
typedef struct curve {
    const char *name;
    double threads[RUNS_MAX], speedup[RUNS_MAX];
    int points;
} curve;

static void trace(curve *c, const results *const *runs, int count, const results_row *base)
{
    c->name = plot_short(runs[0], base);
    c->points = 0;
    for (int i = 0; i < count; i++) {
        const results_row *row = results_find(runs[i], base->name, runs[i]->threads);
        if (!row)
            continue;
        c->threads[c->points] = runs[i]->threads;
        c->speedup[c->points++] = base->median / row->median;
    }
}

/* The sums; without any, the first layers. */
static int pick_curves(curve curves[CURVES_MAX], const results *const *runs, int count)
{
    int sums = 0, picked = 0;
    for (int i = 0; i < runs[0]->count; i++)
        sums += runs[0]->rows[i].sum;
    for (int i = 0; i < runs[0]->count && picked < CURVES_MAX; i++) {
        const results_row *row = &runs[0]->rows[i];
        if (sums && !row->sum)
            continue;
        trace(&curves[picked], runs, count, row);
        picked += curves[picked].points > 1;
    }
    return picked;
}

static void draw_curve(markup *m, const curve *c, int kind, const svg_axis *x, const svg_axis *y)
{
    char text[256];
    markup_put(m, "<polyline class=\"curve s%d\" points=\"", kind % SVG_COLOURS);
    for (int i = 0; i < c->points; i++)
        markup_put(m, "%.1f,%.1f ", svg_at(x, c->threads[i]), svg_at(y, c->speedup[i]));
    markup_put(m, "\"/>\n");
    for (int i = 0; i < c->points; i++) {
        snprintf(text, sizeof text, "%s, %g threads: %.2f times as fast", c->name, c->threads[i], c->speedup[i]);
        svg_marker(m, kind, svg_at(x, c->threads[i]), svg_at(y, c->speedup[i]), text);
    }
}

static void draw_scaling(markup *m, const curve *curves, int picked, const results *const *runs, int count)
{
    double first = runs[0]->threads, last = runs[count - 1]->threads, most = last / first, marks[RUNS_MAX];
    for (int i = 0; i < picked; i++)
        for (int j = 0; j < curves[i].points; j++)
            most = fmax(most, curves[i].speedup[j]);
    svg_axis x = { 0, 1.04 * last, 46, SVG_WIDTH - 12, 0 }, y = { 0, 1.05 * most, 300, 62, 0 };
    for (int i = 0; i < count; i++)
        marks[i] = runs[i]->threads;
    svg_x_marks(m, &x, &y, marks, count, "threads");
    svg_y_axis(m, &x, &y, first > 1 ? "times as fast as with the fewest threads" : "times as fast as with one thread");
    svg_line(m, "ideal", svg_at(&x, first), svg_at(&y, 1), svg_at(&x, last), svg_at(&y, last / first));
    for (int i = 0; i < picked; i++) {
        const curve *c = &curves[i];
        draw_curve(m, c, i, &x, &y);
        svg_marker(m, i, 54, 352 + 18 * i, c->name);
        svg_words(m, 66, 356 + 18 * i, "small", "start", "%s: %.2f times as fast with %g threads", c->name,
                  c->speedup[c->points - 1], c->threads[c->points - 1]);
    }
    svg_line(m, "ideal", 44, 352 + 18 * picked, 62, 352 + 18 * picked);
    svg_words(m, 66, 356 + 18 * picked, "small", "start", "as many times as there are threads");
}

int plot_scaling(markup *m, const char *id, const results *const *runs, int count)
{
    curve curves[CURVES_MAX];
    char machine[200];
    count = count < RUNS_MAX ? count : RUNS_MAX;
    if (count < 2 || runs[0]->threads <= 0 || runs[0]->threads == runs[count - 1]->threads)
        return 0;
    int picked = pick_curves(curves, runs, count);
    if (picked == 0)
        return 0;
    snprintf(machine, sizeof machine, "%s%s%s", runs[0]->cpu, *runs[0]->isa ? ", " : "", runs[0]->isa);
    svg_begin(m, id, 370 + 18 * picked, "Speedup over threads", machine, "A curve for each part of the network: how many "
              "times as fast it is with more threads, beside the ideal.");
    draw_scaling(m, curves, picked, runs, count);
    svg_end(m);
    return 1;
}
