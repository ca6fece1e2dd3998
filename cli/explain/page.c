/* page.c - puts the page together. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "bench/build_info.h"
#include "bench/host.h"
#include "bench/page.h"
#include "bench/plots.h"
#include "cli/explain/explain.h"

/* Pages are shown around: the folders on this machine are not. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void head(markup *m, const explanation *x, const explain_request *r)
{
    char title[512], name[160], percent[32];
    snprintf(title, sizeof title, "nonet: %.200s", base_name(r->picture));
    page_begin(m, title, explain_style);
    markup_put(m, "<h1>");
    markup_textf(m, "What %s sees in %s", !strcmp(x->net, "sequence") ? base_name(r->model.path) : x->net, base_name(r->picture));
    markup_put(m, "</h1>\n<p>");
    markup_textf(m, "%s, with %s by the centre crop", explain_name(&x->top[0], name), explain_percent(x->top[0].centre, percent));
    markup_textf(m, " and %s by the whole picture.", explain_percent(x->top[0].dense, percent));
    markup_put(m, "</p>\n");
}

/* How the map comes about; in a small picture that was not enlarged it would be no map. */
static void about_map(markup *m, const explanation *x)
{
    int one = x->map_h * x->map_w == 1;
    markup_put(m, "<p class=\"note\">The map: the network with its fully connected layers as convolutions, over the whole "
               "picture resized from %d&nbsp;x&nbsp;%d to %d&nbsp;x&nbsp;%d; at the size that the network was trained on, "
               "%d&nbsp;x&nbsp;%d, there is but one position.", x->whole.w, x->whole.h, x->seen.w, x->seen.h, x->view_w,
               x->view_h);
    if (one)
        markup_put(m, " So it is here: a larger --dense-size gives a map.</p>\n");
    else
        markup_put(m, " Here are %d&nbsp;x&nbsp;%d, %g pixels apart; each sees %d&nbsp;x&nbsp;%d pixels around its square and "
                   "has a soft-max of its own, which is what is shown. Squares stand where the middles of these windows lie, so "
                   "the border has none. Colours go from 0 to the chosen class's own largest value.</p>\n", x->map_w, x->map_h,
                   x->across.step, x->view_w, x->view_h);
}

static void times(markup *m, const explanation *x)
{
    double total = 0;
    for (int i = 0; i < x->times.count; i++)
        total += x->times.rows[i].median;
    markup_put(m, "<figure>\n");
    if (x->times.count)
        plot_layers(m, "times", &x->times);
    markup_put(m, "<figcaption>%.2f ms in all for one picture of %d x %d. Medians of %d run%s after one that warms up, taken "
               "while this page was made.</figcaption>\n</figure>\n", 1e3 * total, x->view_w, x->view_h, x->repetitions,
               x->repetitions == 1 ? "" : "s");
}

static void tiles(markup *m, const explanation *x)
{
    int negative = 0, reduced = x->layer_w > EXPLAIN_TILE_SIDE || x->layer_h > EXPLAIN_TILE_SIDE;
    for (int i = 0; i < x->tiles; i++)
        negative |= x->tile[i].low < 0;
    markup_put(m, "<section>\n<h2>");
    markup_textf(m, "What %s answers with", x->layer);
    markup_put(m, "</h2>\n<p class=\"note\">%d of %d channels, those with the largest mean first; each a map of "
               "%d&nbsp;x&nbsp;%d over the whole picture%s. In each tile black is zero%s and white the channel's largest value; "
               "below it its number and mean, and that largest value. %d channel%s zero everywhere.</p>\n", x->tiles,
               x->channels, x->layer_w, x->layer_h, reduced ? ", reduced" : "",
               negative ? " (or the smallest value where that is below)" : "", x->silent, x->silent == 1 ? " is" : "s are");
    explain_draw_tiles(m, x);
    markup_put(m, "</section>\n");
}

/* ---- the table ---- */

static void row(markup *m, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void row(markup *m, const char *what, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    markup_put(m, "<tr><th scope=\"row\">%s</th><td class=\"text\">", what);
    markup_text(m, text);
    markup_put(m, "</td></tr>\n");
}

static void preparation_row(markup *m, const vgg_prepare *how)
{
    static const char *const ways[] = {
        [NONET_VGG_TORCH] = "torch: R, G, B, (v/255 - mean)/std", [NONET_VGG_CAFFE] = "caffe: B, G, R, v - mean",
        [NONET_VGG_GREY] = "grey: (v/255 - mean)/std",
    };
    char means[128] = "", stds[128] = "";
    for (int i = 0; i < how->c; i++) {
        snprintf(means + strlen(means), sizeof means - strlen(means), "%s%g", i ? ", " : "", (double)how->mean[i]);
        snprintf(stds + strlen(stds), sizeof stds - strlen(stds), "%s%g", i ? ", " : "", (double)how->std[i]);
    }
    int no_std = how->kind == NONET_VGG_CAFFE;
    row(m, "preparation", "%s; mean %s%s%s", ways[how->kind], means, no_std ? "" : ", std ", no_std ? "" : stds);
}

static void table(markup *m, const explanation *x, const explain_request *r)
{
    markup_put(m, "<section>\n<h2>How it was made</h2>\n"
               "<div class=\"scroll\" tabindex=\"0\"><table class=\"environment\"><tbody>\n");
    row(m, "model", "%s (%s, %d classes, inputs of %d x %d)", base_name(r->model.path), x->net, x->classes, x->view_w, x->view_h);
    row(m, "picture", "%s, %d x %d", base_name(r->picture), x->whole.w, x->whole.h);
    preparation_row(m, &x->prepared.how);
    row(m, "resized", "bilinear, antialiased: centre crop of %d x %d, and the whole picture as %d x %d", x->view_w, x->view_h,
        x->seen.w, x->seen.h);
    row(m, "class map", "%d x %d positions", x->map_w, x->map_h);
    row(m, "layer shown", "%s, %d channels of %d x %d", x->layer, x->channels, x->layer_w, x->layer_h);
    row(m, "nonet", "%s, commit %s, %s", nonet_version(), bench_build_commit(), bench_build_compiler());
    row(m, "CPU", "%s", x->times.cpu);
    row(m, "instruction set", "%s", x->times.isa);
    row(m, "threads", "%d", x->times.threads);
    row(m, "algorithm", "%s", nonet_algo_name(r->common.conv.algo));
    row(m, "memory", "%.1f MB of weights, activations and workspace", (double)x->memory / 1e6);
    markup_put(m, "</tbody></table></div>\n</section>\n");
}

void explain_page(markup *m, const explanation *x, const explain_request *r)
{
    head(m, x, r);
    markup_put(m, "<div class=\"two\">\n<div class=\"stack\">\n");
    explain_draw_map(m, x);
    about_map(m, x);
    markup_put(m, "</div>\n<div class=\"stack\">\n");
    explain_draw_classes(m, x);
    times(m, x);
    markup_put(m, "</div>\n</div>\n");
    tiles(m, x);
    table(m, x, r);
    page_end(m);
}
