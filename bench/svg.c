/* svg.c - see svg.h. No CSS variables: viewers other than browsers do not know them. */
#include "bench/svg.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TICKS_MAX = 24 };

const char svg_style[] =
    ".plot text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1b1f24}\n"
    ".plot .small{font-size:10.5px}.plot .faint{fill:#59636e}.plot .strong{font-weight:600}\n"
    ".plot .paper{fill:#fff}.plot .grid{stroke:#d9dee3;stroke-width:1}.plot .axis{stroke:#59636e;stroke-width:1}\n"
    ".plot .roof{stroke:#1b1f24;stroke-width:2;fill:none}.plot .ideal{stroke:#59636e;stroke-width:1.5;stroke-dasharray:5 4}\n"
    ".plot .leader{stroke:#8b949e;stroke-width:.8}.plot .whisker{stroke:#1b1f24;stroke-width:1.2}\n"
    ".plot .bar{fill:#ccd5de}.plot .mark{stroke:#fff;stroke-width:1}.plot .curve{fill:none;stroke-width:2}\n"
    ".s0{fill:#0072b2;stroke:#0072b2}.s1{fill:#d55e00;stroke:#d55e00}.s2{fill:#009e73;stroke:#009e73}\n"
    ".s3{fill:#b8588f;stroke:#b8588f}.s4{fill:#a87400;stroke:#a87400}.s5{fill:#3a93c9;stroke:#3a93c9}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".plot text{fill:#e6edf3}.plot .faint{fill:#9aa5b1}.plot .paper{fill:#14181d}.plot .grid{stroke:#2d343c}\n"
    ".plot .axis,.plot .ideal{stroke:#9aa5b1}.plot .roof,.plot .whisker{stroke:#e6edf3}.plot .leader{stroke:#6e7781}\n"
    ".plot .bar{fill:#3b4551}.plot .mark{stroke:#14181d}\n"
    ".s0{fill:#56b4e9;stroke:#56b4e9}.s1{fill:#f58a3c;stroke:#f58a3c}.s2{fill:#2bc49a;stroke:#2bc49a}\n"
    ".s3{fill:#e39cc4;stroke:#e39cc4}.s4{fill:#f0c04a;stroke:#f0c04a}.s5{fill:#b5dcf7;stroke:#b5dcf7}}\n";

double svg_at(const svg_axis *axis, double value)
{
    double part = axis->log ? log(value / axis->low) / log(axis->high / axis->low)
                            : (value - axis->low) / (axis->high - axis->low);
    return axis->from + part * (axis->to - axis->from);
}

void svg_begin(markup *m, const char *id, int height, const char *title, const char *subtitle, const char *description)
{
    markup_put(m, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-labelledby=\"%s-title %s-description\">\n<title id=\"%s-title\">", SVG_WIDTH, height, id, id, id);
    markup_textf(m, "%s: %s", title, subtitle);
    markup_put(m, "</title>\n<desc id=\"%s-description\">", id);
    markup_text(m, description);
    markup_put(m, "</desc>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", SVG_WIDTH, height);
    svg_words(m, 4, 16, "strong", "start", "%s", title);
    svg_words(m, 4, 32, "small faint", "start", "%s", subtitle);
}

void svg_end(markup *m)
{
    markup_put(m, "</svg>\n");
}

void svg_file(markup *file, const markup *plot)
{
    const char *inside = plot->text ? strstr(plot->text, "<title") : NULL;
    file->failed |= plot->failed || !inside;
    if (!file->failed)
        markup_put(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%.*s<style>\n%s</style>\n%s",
                   (int)(inside - plot->text), plot->text, svg_style, inside);
}

/* 1, 2, 5, 10 ... times a power of ten; on a long logarithmic axis the powers alone. */
static int ticks_of(const svg_axis *axis, double ticks[TICKS_MAX])
{
    int count = 0;
    if (!axis->log) {
        double span = axis->high - axis->low, unit = pow(10, floor(log10(span / 5))), step = unit;
        for (int i = 0; span / step > 7; i++)
            step = unit * (i % 3 == 0 ? 2 : i % 3 == 1 ? 5 : 10);
        for (double v = ceil(axis->low / step - 1e-9); v * step <= axis->high + 1e-9 * span && count < TICKS_MAX; v++)
            ticks[count++] = v * step + 0.0;     /* + 0: no "-0" */
        return count;
    }
    int long_axis = log10(axis->high / axis->low) > 3.5;
    for (int e = (int)floor(log10(axis->low)); e <= log10(axis->high); e++)
        for (int i = 0; i < (long_axis ? 1 : 3); i++) {
            double v = pow(10, e) * (i == 0 ? 1 : i == 1 ? 2 : 5);
            if (v >= axis->low * 0.999 && v <= axis->high * 1.001 && count < TICKS_MAX)
                ticks[count++] = v;
        }
    return count;
}

void svg_line(markup *m, const char *class, double x1, double y1, double x2, double y2)
{
    markup_put(m, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2);
}

void svg_words(markup *m, double x, double y, const char *class, const char *anchor, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    markup_put(m, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y, anchor);
    markup_text(m, text);
    markup_put(m, "</text>\n");
}

void svg_x_marks(markup *m, const svg_axis *x, const svg_axis *y, const double *values, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        double at = svg_at(x, values[i]);
        svg_line(m, "grid", at, y->from, at, y->to);
        svg_words(m, at, y->from + 16, "small", "middle", "%g", values[i]);
    }
    svg_line(m, "axis", x->from, y->from, x->to, y->from);
    svg_words(m, 0.5 * (x->from + x->to), y->from + 33, "small faint", "middle", "%s", name);
}

void svg_x_axis(markup *m, const svg_axis *x, const svg_axis *y, const char *name)
{
    double ticks[TICKS_MAX];
    svg_x_marks(m, x, y, ticks, ticks_of(x, ticks), name);
}

void svg_y_axis(markup *m, const svg_axis *x, const svg_axis *y, const char *name)
{
    double ticks[TICKS_MAX];
    int count = ticks_of(y, ticks);
    for (int i = 0; i < count; i++) {
        double at = svg_at(y, ticks[i]);
        svg_line(m, "grid", x->from, at, x->to, at);
        svg_words(m, x->from - 6, at + 4, "small", "end", "%g", ticks[i]);
    }
    svg_line(m, "axis", x->from, y->from, x->from, y->to);
    svg_words(m, 4, y->to - 12, "small faint", "start", "%s", name);
}

double svg_width(const char *words)
{
    return 6.0 * (double)strlen(words);
}

void svg_marker(markup *m, int kind, double x, double y, const char *text)
{
    int colour = kind % SVG_COLOURS;
    markup_put(m, "<g class=\"s%d\">", colour);
    switch (kind % 4) {
    case 0:
        markup_put(m, "<circle class=\"mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\">", x, y);
        break;
    case 1:
        markup_put(m, "<rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\">", x - 4.5, y - 4.5);
        break;
    case 2:
        markup_put(m, "<path class=\"mark\" d=\"M%.1f %.1fl6 6l-6 6l-6 -6z\">", x, y - 6);
        break;
    default:
        markup_put(m, "<path class=\"mark\" d=\"M%.1f %.1fl6 10h-12z\">", x, y - 6);
        break;
    }
    markup_put(m, "<title>");
    markup_text(m, text);
    markup_put(m, "</title></%s></g>\n", kind % 4 == 0 ? "circle" : kind % 4 == 1 ? "rect" : "path");
}
