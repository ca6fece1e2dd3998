/* svg.h - what every plot is drawn with: frame, axes, markers, words. */
#ifndef NONET_BENCH_SVG_H
#define NONET_BENCH_SVG_H

#include "bench/markup.h"

/* Units of a plot: shown 1:1 they are pixels, and the letters 12 of them high. So narrow that a phone shrinks them little. */
enum { SVG_WIDTH = 480, SVG_COLOURS = 6 };

/* Colours for light and dark surroundings; goes into <style> once a page, or once a file. Series s0 ... s5 are those of Okabe and
 * Ito, told apart with any kind of colour vision; markers and dashes differ besides. */
extern const char svg_style[];

typedef struct svg_axis {
    double low, high;           /* values at the ends; both positive if log */
    double from, to;            /* where the ends are drawn */
    int log;
} svg_axis;
double svg_at(const svg_axis *axis, double value);

/* Opens <svg>; title and subtitle (which machine) are drawn, and told with the description to those who do not see it. id: unique
 * on the page. The topmost 40 units are used then. */
void svg_begin(markup *m, const char *id, int height, const char *title, const char *subtitle, const char *description);
void svg_end(markup *m);
/* A complete file around what stands between svg_begin and svg_end. */
void svg_file(markup *file, const markup *plot);

/* Lines across the plot, numbers and a name; the other axis tells how far the lines go. */
void svg_x_axis(markup *m, const svg_axis *x, const svg_axis *y, const char *name);
void svg_y_axis(markup *m, const svg_axis *x, const svg_axis *y, const char *name);
/* The same with numbers at these values alone. */
void svg_x_marks(markup *m, const svg_axis *x, const svg_axis *y, const double *values, int count, const char *name);
void svg_line(markup *m, const char *class, double x1, double y1, double x2, double y2);
/* anchor: start, middle or end. */
void svg_words(markup *m, double x, double y, const char *class, const char *anchor, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Shape and colour number 0 ... ; the text shows when the pointer rests on it. */
void svg_marker(markup *m, int kind, double x, double y, const char *text);
/* About the width of words in the size of class small. */
double svg_width(const char *words);

#endif
