/* draw.c - the parts of the page: bars of classes, the class maps over the picture, tiles of activations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/svg.h"
#include "cli/explain/explain.h"

/* The radio buttons stand before the figure in one fieldset: what is checked shows its map and its legend. */
const char explain_style[] =
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:1rem;align-items:start}\n"
    ".stack{display:grid;gap:1rem}\n"
    "fieldset{display:grid;grid-template-columns:auto 1fr;align-items:center;border:1px solid #d9dee3;border-radius:6px;margin:0;"
    "padding:.4rem .7rem .7rem;min-width:0}\n"
    "legend{font-weight:600;padding:0 .3rem}label{padding:.2rem .4rem;line-height:1.3}\n"
    "fieldset figure{grid-column:1/-1;margin-top:.5rem}figcaption{padding:.5rem .7rem;font-size:.9rem}\n"
    ".photo{filter:grayscale(1)}#class-none:checked~figure .photo{filter:none}.map{fill:#ff5a00}\n"
    ".window{fill:none;stroke:#fff;stroke-width:2;stroke-dasharray:6 4;vector-effect:non-scaling-stroke}\n"
    ".window.under{stroke:#000;stroke-dasharray:none;stroke-opacity:.55;stroke-width:4}\n"
    ".shown{display:none}#class-0:checked~figure .of-0,#class-1:checked~figure .of-1,#class-2:checked~figure .of-2,"
    "#class-3:checked~figure .of-3,#class-4:checked~figure .of-4,#class-none:checked~figure .of-none{display:inline}\n"
    ".ramp{display:flex;gap:.6rem;align-items:center;font-variant-numeric:tabular-nums;margin-top:.4rem}\n"
    ".ramp i{flex:1;height:.9rem;border-radius:3px;max-width:16rem;"
    "background:linear-gradient(90deg,rgba(255,90,0,0),rgba(255,90,0,.85)),#808080}\n"
    "#class-none:checked~figure .ramp{visibility:hidden}\n"
    ".tiles{list-style:none;padding:0;margin:.6rem 0;display:grid;gap:.5rem;"
    "grid-template-columns:repeat(auto-fill,minmax(76px,1fr))}\n"
    ".tiles img{display:block;width:100%;image-rendering:pixelated;border-radius:3px;background:#000}\n"
    ".tiles span{display:block;font-size:.75rem;line-height:1.3;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "@media (prefers-color-scheme:dark){fieldset{border-color:#2d343c}}\n";

const char *explain_name(const explain_class *class, char *text)
{
    if (*class->label)
        snprintf(text, 160, "%s", class->label);
    else
        snprintf(text, 160, "class %d", class->number);
    return text;
}

const char *explain_percent(float posterior, char *text)
{
    if (posterior == posterior)
        snprintf(text, 32, "%.2f %%", 100.0 * (double)posterior);
    else
        snprintf(text, 32, "not a number");
    return text;
}

/* ---- classes ---- */

enum { CLASS_STEP = 46, BAR_FROM = 10, BAR_TO = SVG_WIDTH - 76, NAME_BYTES = 64 };

/* A name that would leave the plot ends in three dots, at the start of a UTF-8 character. */
static void shorten(char *name)
{
    if (strlen(name) <= NAME_BYTES)
        return;
    size_t end = NAME_BYTES - 3;
    while (end > 0 && ((unsigned char)name[end] & 0xc0) == 0x80)
        end--;
    strcpy(name + end, "...");
}

static void class_bar(markup *m, const char *class, double y, float posterior, const char *name, const char *of)
{
    char percent[32];
    double part = posterior > 0 ? fmin(1, (double)posterior) : 0;
    explain_percent(posterior, percent);
    markup_put(m, "<rect class=\"%s\" style=\"stroke:none\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"11\"><title>", class,
               BAR_FROM, y, fmax(0.5, part * (BAR_TO - BAR_FROM)));
    markup_textf(m, "%s: %s of the %s", name, percent, of);
    markup_put(m, "</title></rect>\n");
    svg_words(m, SVG_WIDTH - 6, y + 9.5, "small", "end", "%s", percent);
}

static void class_legend(markup *m, double y)
{
    markup_put(m, "<rect class=\"s0\" style=\"stroke:none\" x=\"4\" y=\"%.1f\" width=\"11\" height=\"11\"/>\n", y - 9);
    svg_words(m, 20, y, "small", "start", "centre crop, as nonet classify");
    markup_put(m, "<rect class=\"bar\" x=\"196\" y=\"%.1f\" width=\"11\" height=\"11\"/>\n", y - 9);
    svg_words(m, 212, y, "small", "start", "whole picture, scores averaged (dense)");
}

void explain_draw_classes(markup *m, const explanation *x)
{
    char about[128], name[160];
    int height = 66 + CLASS_STEP * x->tops;
    snprintf(about, sizeof about, "the likeliest %d of %d classes, by the centre crop", x->tops, x->classes);
    markup_put(m, "<figure>\n");
    svg_begin(m, "classes", height, "What it shows", about,
              "Two bars for each class: its posterior for the centre crop, and for the whole picture with the scores averaged "
              "over all positions.");
    class_legend(m, 52);
    for (int i = 0; i < x->tops; i++) {
        double y = 76 + CLASS_STEP * i;
        explain_name(&x->top[i], name);
        shorten(name);
        svg_words(m, BAR_FROM, y, "strong", "start", "%s", name);
        class_bar(m, "s0", y + 5, x->top[i].centre, name, "centre crop");
        class_bar(m, "bar", y + 17, x->top[i].dense, name, "whole picture");
    }
    svg_end(m);
    markup_put(m, "</figure>\n");
}

/* ---- pictures ---- */

/* The picture as an address; a page without memory for it fails as a whole. */
static void put_picture(markup *m, const vgg_picture *p)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    nonet_vgg_error err;
    if (vgg_picture_encode(p, &bytes, &size, &err) != NONET_VGG_OK)
        m->failed = 1;
    markup_put(m, "data:image/png;base64,");
    markup_base64(m, bytes, size);
    free(bytes);
}

/* ---- the maps ---- */

/* A square a position where the middle of what it sees lies; the more opaque, the likelier. */
static void draw_cells(markup *m, const explanation *x, int i)
{
    const explain_class *class = &x->top[i];
    char percent[32];
    markup_put(m, "<g class=\"map shown of-%d\" shape-rendering=\"crispEdges\" transform=\"translate(%.1f %.1f) scale(%g %g)\">"
               "\n", i, x->across.first - 0.5 * x->across.step, x->down.first - 0.5 * x->down.step, x->across.step, x->down.step);
    for (int p = 0; p < x->map_h * x->map_w; p++) {
        double part = class->most > 0 && class->map[p] > 0 ? (double)class->map[p] / (double)class->most : 0;
        markup_put(m, "<rect x=\"%d\" y=\"%d\" width=\"1\" height=\"1\" fill-opacity=\"%.3f\"><title>%s</title></rect>\n",
                   p % x->map_w, p / x->map_w, 0.85 * part, explain_percent(class->map[p], percent));
    }
    markup_put(m, "</g>\n");
}

/* What the likeliest position sees, as far as it is inside the picture. */
static void draw_window(markup *m, const explanation *x, int i)
{
    int at = x->top[i].at;
    double left = x->across.first + x->across.step * (at % x->map_w) - 0.5 * x->view_w;
    double top = x->down.first + x->down.step * (at / x->map_w) - 0.5 * x->view_h;
    for (int pass = 0; pass < 2; pass++)
        markup_put(m, "<rect class=\"window%s shown of-%d\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n",
                   pass ? "" : " under", i, left, top, x->view_w, x->view_h);
}

static void draw_caption(markup *m, const explanation *x, int i)
{
    char name[160], percent[32];
    markup_put(m, "<span class=\"shown of-%d\">", i);
    markup_textf(m, "%s, at most %s at a position. ", explain_name(&x->top[i], name), explain_percent(x->top[i].most, percent));
    markup_put(m, "The dashed line is what that position sees.</span>\n");
}

static void draw_ramps(markup *m, const explanation *x)
{
    char percent[32];
    markup_put(m, "<div class=\"ramp\"><span>0 %%</span><i></i>");
    for (int i = 0; i < x->tops; i++)
        markup_put(m, "<span class=\"shown of-%d\">%s</span>", i, explain_percent(x->top[i].most, percent));
    markup_put(m, "</div>\n");
}

static void draw_choice(markup *m, const explanation *x)
{
    char name[160], percent[32];
    for (int i = 0; i < x->tops; i++) {
        markup_put(m, "<input type=\"radio\" name=\"class\" id=\"class-%d\"%s><label for=\"class-%d\">", i, i ? "" : " checked",
                   i);
        markup_textf(m, "%s (%s)", explain_name(&x->top[i], name), explain_percent(x->top[i].dense, percent));
        markup_put(m, "</label>\n");
    }
    markup_put(m, "<input type=\"radio\" name=\"class\" id=\"class-none\"><label for=\"class-none\">the picture alone</label>\n");
}

void explain_draw_map(markup *m, const explanation *x)
{
    markup_put(m, "<fieldset>\n<legend>Where it is seen: the map of</legend>\n");
    draw_choice(m, x);
    markup_put(m, "<figure>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-labelledby=\"map-title map-description\">\n<title id=\"map-title\">Class map over the picture</title>\n"
               "<desc id=\"map-description\">The picture in grey; over it, for the class that is chosen, a map of %d by %d "
               "squares, the more orange the likelier.</desc>\n<image class=\"photo\" width=\"%d\" height=\"%d\" href=\"",
               x->seen.w, x->seen.h, x->map_w, x->map_h, x->seen.w, x->seen.h);
    put_picture(m, &x->seen);
    markup_put(m, "\"/>\n");
    for (int i = 0; i < x->tops; i++) {
        draw_cells(m, x, i);
        draw_window(m, x, i);
    }
    markup_put(m, "</svg>\n<figcaption>");
    for (int i = 0; i < x->tops; i++)
        draw_caption(m, x, i);
    markup_put(m, "<span class=\"shown of-none\">The picture as the network saw it, %d x %d.</span>\n", x->seen.w, x->seen.h);
    draw_ramps(m, x);
    markup_put(m, "</figcaption>\n</figure>\n</fieldset>\n");
}

/* ---- tiles ---- */

void explain_draw_tiles(markup *m, const explanation *x)
{
    char about[160];
    markup_put(m, "<ul class=\"tiles\">\n");
    for (int i = 0; i < x->tiles; i++) {
        const explain_tile *tile = &x->tile[i];
        snprintf(about, sizeof about, "channel %d: mean %.4g, black is %.4g, white %.4g", tile->channel, tile->mean,
                 (double)tile->low, (double)tile->high);
        markup_put(m, "<li><img width=\"%d\" height=\"%d\" style=\"height:auto\" title=\"%s\" alt=\"%s\" src=\"", tile->picture.w,
                   tile->picture.h, about, about);
        put_picture(m, &tile->picture);
        markup_put(m, "\"><span>%d: %.3g<br>max %.3g</span></li>\n", tile->channel, tile->mean, (double)tile->high);
    }
    markup_put(m, "</ul>\n");
}
