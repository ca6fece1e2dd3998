/* html.c - puts a report's page together. */
#include "bench/html.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "bench/html_tables.h"
#include "bench/page.h"
#include "bench/plots.h"
#include "bench/svg.h"
#include "vgg/model.h"

typedef struct page {
    markup text;
    const results *runs;
    int count;
    const char *folder;
    int plots;                  /* so far */
    nonet_vgg_status status;    /* of the SVG files */
    nonet_vgg_error *err;
} page;

/* The plot as a figure of the page and, when asked for, as a file. */
static void place(page *p, const char *id, markup *plot)
{
    markup file = { 0 };
    char path[4096];
    p->text.failed |= plot->failed;
    if (plot->text && !plot->failed) {
        markup_put(&p->text, "<figure>\n%s</figure>\n", plot->text);
        p->plots++;
    }
    if (plot->text && p->folder && p->status == NONET_VGG_OK) {
        svg_file(&file, plot);
        int length = snprintf(path, sizeof path, "%s/%s.svg", p->folder, id);
        p->status = length < (int)sizeof path ? markup_write(&file, path, p->err)
                                              : vgg_fail(p->err, NONET_VGG_IO, "%s: the name is too long", p->folder);
    }
    markup_free(&file);
    markup_free(plot);
}

static void disturbance(page *p, const results *r)
{
    const char *reasons = results_value(r, "disturbed_by");
    markup_put(&p->text, "<p class=\"warn\">This run was disturbed, so its times are rather too long%s", *reasons ? ": " : "");
    markup_text(&p->text, reasons);
    markup_put(&p->text, ".</p>\n");
}

static void run_section(page *p, int i)
{
    const results *r = &p->runs[i];
    char title[256], id[40];
    markup roofline = { 0 }, layers = { 0 };
    plot_title(r, title, sizeof title);
    markup_put(&p->text, "<section>\n<h2>");
    markup_text(&p->text, title);
    markup_put(&p->text, "</h2>\n");
    if (r->peak > 0 && r->read > 0)
        markup_put(&p->text, "<p>Measured in this run: FMA peak %.1f GFLOP/s, read bandwidth %.1f GB/s.</p>\n", r->peak,
                   r->read);
    if (r->disturbed)
        disturbance(p, r);
    markup_put(&p->text, "<div class=\"plots\">\n");
    snprintf(id, sizeof id, "roofline-%d", i + 1);
    plot_roofline(&roofline, id, r);
    place(p, id, &roofline);
    snprintf(id, sizeof id, "layers-%d", i + 1);
    plot_layers(&layers, id, r);
    place(p, id, &layers);
    markup_put(&p->text, "</div>\n");
    html_layers(&p->text, r);
    html_peers(&p->text, r);
    markup_put(&p->text, "</section>\n");
}

/* Runs of something else on the same machine are no curve together. */
static int same_machine(const results *a, const results *b)
{
    return results_find(b, a->rows[a->count - 1].name, b->threads) && !strcmp(a->cpu, b->cpu) && !strcmp(a->isa, b->isa) &&
           !strcmp(results_value(a, "host_name"), results_value(b, "host_name"));
}

static int by_threads(const void *a, const void *b)
{
    const results *x = *(const results *const *)a, *y = *(const results *const *)b;
    return x->threads != y->threads ? (x->threads > y->threads) - (x->threads < y->threads) : (x > y) - (x < y);
}

/* The runs on run i's machine, one for each number of threads, ascending; 0 if an earlier run stands for them. */
static int threads_of(const page *p, int i, const results **group)
{
    int count = 0, kept = 0;
    for (int j = 0; j < p->count; j++) {
        if (!same_machine(&p->runs[i], &p->runs[j]))
            continue;
        if (j < i)
            return 0;
        group[count++] = &p->runs[j];
    }
    qsort(group, (size_t)count, sizeof *group, by_threads);
    for (int j = 0; j < count; j++)
        if (j == 0 || group[j]->threads != group[kept - 1]->threads)
            group[kept++] = group[j];
    return kept;
}

static void scaling_section(page *p)
{
    const results **group = malloc((size_t)p->count * sizeof *group);
    char id[40];
    int drawn = 0;
    p->text.failed |= !group;
    for (int i = 0; i < p->count && group; i++) {
        markup plot = { 0 };
        int count = threads_of(p, i, group);
        snprintf(id, sizeof id, "scaling-%d", i + 1);
        if (count > 1 && plot_scaling(&plot, id, group, count)) {
            if (!drawn++)
                markup_put(&p->text, "<section>\n<h2>Threads</h2>\n<div class=\"plots\">\n");
            place(p, id, &plot);
        }
        markup_free(&plot);
    }
    if (drawn)
        markup_put(&p->text, "</div>\n</section>\n");
    free(group);
}

static int machines(const page *p)
{
    int count = 0;
    for (int i = 0; i < p->count; i++) {
        int known = 0;
        for (int j = 0; j < i; j++)
            known |= !strcmp(p->runs[i].cpu, p->runs[j].cpu);
        count += !known;
    }
    return count;
}

static void explain(page *p)
{
    markup_put(&p->text, "<section>\n<h2>What the figures mean</h2>\n"
               "<p class=\"note\">Times are medians; the whiskers and the columns beside them are their 95&nbsp;%% interval. "
               "GFLOP/s, direct, count two operations for each multiply-add of a direct convolution, whatever algorithm ran; "
               "executed counts those of the algorithm that ran, so that it can be held against the FMA peak. "
               "MB moved: input, output and weights once each, weights in the form that is multiplied. "
               "The least time (bound) of a convolution is the fewest multiply-adds that an algorithm of nonet needs for its "
               "shape, at the measured FMA peak; that of a fully connected layer is its weights' bytes at the measured read "
               "bandwidth. Rows convolutions, fc and total are sums.</p>\n</section>\n");
}

static void write_page(page *p)
{
    const char *version = p->count ? results_value(&p->runs[0], "nonet_version") : "";
    page_begin(&p->text, "nonet: benchmark report", "");
    markup_put(&p->text, "<h1>nonet: convolution against the bound</h1>\n<p>");
    markup_textf(&p->text, "%d run%s on %d CPU%s", p->count, p->count == 1 ? "" : "s", machines(p), machines(p) == 1 ? "" : "s");
    if (*version)
        markup_textf(&p->text, ", nonet %s", version);
    markup_put(&p->text, ".</p>\n");
    if (p->count > 1) {
        markup_put(&p->text, "<section>\n<h2>%s</h2>\n", machines(p) > 1 ? "Layers and CPUs" : "Layers and runs");
        html_matrix(&p->text, p->runs, p->count);
        markup_put(&p->text, "<p class=\"note\">The fastest of each line is underlined. GFLOP/s count a direct convolution."
                   "</p>\n</section>\n");
    }
    scaling_section(p);
    for (int i = 0; i < p->count; i++)
        run_section(p, i);
    markup_put(&p->text, "<section>\n<h2>Environment</h2>\n");
    html_environment(&p->text, p->runs, p->count);
    markup_put(&p->text, "</section>\n");
    explain(p);
    page_end(&p->text);
}

nonet_vgg_status html_report(const results *runs, int count, const char *path, const char *folder, nonet_vgg_error *err)
{
    page p = { .runs = runs, .count = count, .folder = folder, .err = err };
    if (folder && mkdir(folder, 0777) != 0 && errno != EEXIST)
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
    write_page(&p);
    if (p.status == NONET_VGG_OK && p.text.failed)
        p.status = vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the report");
    if (p.status == NONET_VGG_OK && path)
        p.status = markup_write(&p.text, path, err);
    markup_free(&p.text);
    return p.status;
}
