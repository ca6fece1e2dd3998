/* table.c - the report for people: columns that line up. */
#include <stdio.h>
#include <string.h>
#include "bench/report.h"

static void head(const bench_report *report)
{
    const bench_peak *a = &report->before, *b = &report->after, *p = &report->peak;
    printf("nonet %s, %s, %s, %d thread%s %s\n", nonet_version(), report->host.cpu, nonet_isa_name(report->isa),
           report->threads, report->threads == 1 ? "" : "s", report->pinned);
    printf("FMA peak %.1f GFLOP/s, read bandwidth %.1f GB/s, measured before and after\n", p->fma_gflops, p->read_gbps);
    if (report->disturbed)
        printf("disturbed: something else was running; peaks before %.1f GFLOP/s, %.1f GB/s, after %.1f, %.1f; CPU lost %ld "
               "times in %.1f s\n", a->fma_gflops, a->read_gbps, b->fma_gflops, b->read_gbps, report->switches, report->seconds);
    printf("%s\n\n", report->subject);
}

/* Without what all names of a run share: everything up to the first '/'. */
static const char *short_name(const bench_report *report, const bench_row *row)
{
    const char *slash = strchr(report->rows[0].name, '/');
    size_t stem = slash ? (size_t)(slash + 1 - report->rows[0].name) : 0;
    for (int i = 0; i < report->count; i++)
        if (strncmp(report->rows[i].name, report->rows[0].name, stem))
            return row->name;
    return row->name + stem;
}

typedef struct widths { int name, shape, algorithm; } widths;

static int widest(int width, const char *text)
{
    int length = (int)strlen(text);
    return length > width ? length : width;
}

static void print_row(const bench_report *report, const bench_row *row, const widths *w)
{
    const bench_stats *s = &row->stats;
    printf("%-*s  %-*s  %-*s %9.3f %5.1f", w->name, short_name(report, row), w->shape, row->shape, w->algorithm, row->algorithm,
           1e3 * s->median, s->median > 0 ? 100 * s->mad / s->median : 0);
    if (row->kind == ROW_OTHER)
        printf("\n");
    else
        printf(" %8.1f %6.1f %7.1f %6.1f  %s\n", row->gflops, 100 * row->peak_fraction, 100 * row->bound_fraction,
               100 * row->own_fraction, row->kernel);
}

void bench_table(const bench_report *report)
{
    widths w = { 5, 5, 9 };
    head(report);
    for (int i = 0; i < report->count; i++) {
        w.name = widest(w.name, short_name(report, &report->rows[i]));
        w.shape = widest(w.shape, report->rows[i].shape);
        w.algorithm = widest(w.algorithm, report->rows[i].algorithm);
    }
    printf("%-*s  %-*s  %-*s %9s %5s %8s %6s %7s %6s  %s\n", w.name, "layer", w.shape, "shape", w.algorithm, "algorithm", "ms",
           "+-%", "GFLOP/s", "%peak", "%bound", "%own", "kernel");
    for (int i = 0; i < report->count; i++)
        print_row(report, &report->rows[i], &w);
    printf("\nms: median of %d; +-%%: median deviation. GFLOP/s count a direct convolution. %%bound: least time at these peaks,\n"
           "by the fewest multiply-adds of direct, F(2x2), F(4x4), or by the weights' bytes; %%own: of the algorithm that ran.\n",
           report->count ? report->rows[report->count - 1].stats.count : 0);
}
