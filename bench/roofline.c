/* roofline.c - the roofline plot: where each layer stands under the two things that limit it. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "bench/plots.h"
#include "bench/svg.h"

enum { POINTS_MAX = 64, KINDS_MAX = 8, HEIGHT = 430, STEPS = 16, DIRECTIONS = 32, ROOM = (STEPS + 2) * POINTS_MAX + 1 };

typedef struct box { double x1, y1, x2, y2; } box;

typedef struct roofline {
    const results *r;
    const results_row *rows[POINTS_MAX];
    int kind[POINTS_MAX], count;
    const char *kinds[KINDS_MAX];       /* algorithms, in the order they come */
    int kind_count;
    svg_axis x, y;
    box taken[ROOM];                    /* by points, words and lines */
    int boxes;
} roofline;

static int kind_of(roofline *f, const char *algorithm)
{
    int i = 0;
    while (i < f->kind_count && strcmp(f->kinds[i], algorithm))
        i++;
    if (i == f->kind_count && i < KINDS_MAX)
        f->kinds[f->kind_count++] = algorithm;
    return i < KINDS_MAX ? i : KINDS_MAX - 1;
}

/* Also the ranges of both axes, so that all points and the ridge are within. */
static void pick_points(roofline *f)
{
    double ridge = f->r->peak / f->r->read;
    f->x = (svg_axis){ ridge / 2, 4 * ridge, 46, SVG_WIDTH - 10, 1 };
    f->y = (svg_axis){ f->r->peak / 4, 1.7 * f->r->peak, HEIGHT - 76, 62, 1 };
    for (int i = 0; i < f->r->count && f->count < POINTS_MAX; i++) {
        const results_row *row = &f->r->rows[i];
        double intensity = plot_intensity(row);
        if (row->sum || intensity <= 0 || row->executed <= 0)
            continue;
        f->kind[f->count] = kind_of(f, row->algorithm);
        f->rows[f->count++] = row;
        f->x.low = fmin(f->x.low, intensity / 2);
        f->x.high = fmax(f->x.high, 2 * intensity);
        f->y.low = fmin(f->y.low, row->executed / 2);
        f->y.high = fmax(f->y.high, 1.3 * row->executed);
    }
}

static void take(roofline *f, double x, double y, double half_width, double half_height)
{
    f->taken[f->boxes++] = (box){ x - half_width, y - half_height, x + half_width, y + half_height };
}

/* The roof, with its two figures on it. */
static void draw_roof(roofline *f, markup *m)
{
    double peak = f->r->peak, read = f->r->read, ridge = peak / read;
    double from = fmax(f->x.low, f->y.low / read);
    double x1 = svg_at(&f->x, from), y1 = svg_at(&f->y, read * from), x2 = svg_at(&f->x, ridge), y2 = svg_at(&f->y, peak);
    double x3 = svg_at(&f->x, f->x.high), middle = 0.5 * (x1 + x2), level = 0.5 * (y1 + y2);
    markup_put(m, "<polyline class=\"roof\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n", x1, y1, x2, y2, x3, y2);
    svg_words(m, x3 - 2, y2 - 7, "", "end", "FMA peak %.1f GFLOP/s", peak);
    take(f, 0.5 * (x2 + x3), y2 - 6, 0.5 * (x3 - x2), 9);
    markup_put(m, "<text text-anchor=\"middle\" transform=\"translate(%.1f %.1f) rotate(%.1f)\">reading %.1f GB/s</text>\n",
               middle - 6, level - 8, atan2(y2 - y1, x2 - x1) * 57.29578, read);
}

static int is_free(const roofline *f, const box *b)
{
    if (b->x1 < f->x.from + 2 || b->x2 > f->x.to - 1 || b->y1 < f->y.to || b->y2 > f->y.from - 2)
        return 0;
    for (int i = 0; i < f->boxes; i++)
        if (b->x1 < f->taken[i].x2 && f->taken[i].x1 < b->x2 && b->y1 < f->taken[i].y2 && f->taken[i].y1 < b->y2)
            return 0;
    return 1;
}

/* A line from a point to words, as a row of small boxes; those near the point are its own. */
static int line_boxes(double px, double py, double x, double y, box boxes[STEPS])
{
    double length = hypot(x - px, y - py);
    int count = 0;
    for (int i = 0; i < STEPS; i++) {
        double part = (i + 0.5) / STEPS, cx = px + part * (x - px), cy = py + part * (y - py);
        if (part * length > 8)
            boxes[count++] = (box){ cx - 1, cy - 1, cx + 1, cy + 1 };
    }
    return count;
}

/* Puts words into a box, with a line when they are not beside their point; 0 if something is in the way. */
static int put_name(roofline *f, markup *m, const char *words, double px, double py, box b, int far, int crossing)
{
    double x = fmin(fmax(px, b.x1), b.x2), y = fmin(fmax(py, b.y1 + 1), b.y2 - 1);
    box way[STEPS];
    int count = far ? line_boxes(px, py, x, y, way) : 0;
    if (!is_free(f, &b))
        return 0;
    for (int i = 0; i < count && !crossing; i++)
        if (!is_free(f, &way[i]))
            return 0;
    if (far)
        svg_line(m, "leader", px, py, x, y);
    svg_words(m, 0.5 * (b.x1 + b.x2), 0.5 * (b.y1 + b.y2) + 3.7, "small", "middle", "%s", words);
    memcpy(f->taken + f->boxes, way, (size_t)count * sizeof *way);
    f->boxes += count;
    f->taken[f->boxes++] = b;
    return 1;
}

/* Beside the point or farther off, wherever nothing is yet; rather with a line across others than nameless. Where even that
 * finds no room the table has the name. */
static void name_point(roofline *f, markup *m, const char *words, double px, double py)
{
    double half = 0.5 * svg_width(words);
    for (int crossing = 0; crossing < 2; crossing++)
        for (double radius = 14; radius < 150; radius += 7)
            for (int i = 0; i < DIRECTIONS; i++) {
                double angle = (i % 2 ? i + 1 : -i) * M_PI / DIRECTIONS;
                double cx = px + (radius + (half - 4) * fabs(cos(angle))) * cos(angle), cy = py + radius * sin(angle);
                box b = { cx - half - 1, cy - 6, cx + half + 1, cy + 6 };
                if (put_name(f, m, words, px, py, b, radius > 20, crossing))
                    return;
            }
}

static void draw_points(roofline *f, markup *m)
{
    char text[256];
    markup marks = { 0 };
    for (int i = 0; i < f->count; i++)
        take(f, svg_at(&f->x, plot_intensity(f->rows[i])), svg_at(&f->y, f->rows[i]->executed), 5, 5);
    for (int i = 0; i < f->count; i++) {
        const results_row *row = f->rows[i];
        double x = svg_at(&f->x, plot_intensity(row)), y = svg_at(&f->y, row->executed);
        snprintf(text, sizeof text, "%.100s, %.40s: %.1f GFLOP/s executed, %.2f FLOP a byte", row->name, row->algorithm,
                 row->executed, plot_intensity(row));
        name_point(f, m, plot_short(f->r, row), x, y);
        svg_marker(&marks, f->kind[i], x, y, text);
    }
    m->failed |= marks.failed;
    if (marks.text)
        markup_put(m, "%s", marks.text);        /* above the lines to the words */
    markup_free(&marks);
}

static void draw_legend(const roofline *f, markup *m)
{
    double x = f->x.from + 6;
    for (int i = 0; i < f->kind_count; i++) {
        const char *name = *f->kinds[i] ? f->kinds[i] : "unknown";
        svg_marker(m, i, x, HEIGHT - 16, name);
        svg_words(m, x + 11, HEIGHT - 12, "small", "start", "%s", name);
        x += 28 + svg_width(name);
    }
}

int plot_roofline(markup *m, const char *id, const results *r)
{
    roofline f = { .r = r };
    char run[200];
    if (r->peak <= 0 || r->read <= 0)
        return 0;
    pick_points(&f);
    if (f.count == 0)
        return 0;
    plot_title(r, run, sizeof run);
    svg_begin(m, id, HEIGHT, "Roofline", run, "A point for each layer: arithmetic done in a second over arithmetic for each "
              "byte moved, below the measured FMA peak and read bandwidth. Both axes are logarithmic.");
    svg_x_axis(m, &f.x, &f.y, "FLOP executed a byte of input, output and weights");
    svg_y_axis(m, &f.x, &f.y, "GFLOP/s executed");
    draw_roof(&f, m);
    draw_points(&f, m);
    draw_legend(&f, m);
    svg_end(m);
    return 1;
}
