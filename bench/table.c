/* table.c - the report for people: columns that line up. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "bench/build_info.h"
#include "bench/peers/run.h"
#include "bench/report.h"

static void head(const bench_report *report)
{
    const bench_peak *p = &report->peak;
    printf("nonet %s (%s), %s, %s, %d thread%s%s%s\n", nonet_version(), bench_build_commit(), report->host.cpu,
           nonet_isa_name(report->isa), report->threads, report->threads == 1 ? "" : "s",
           report->pinned[0] ? " " : "", report->pinned);
    printf("FMA peak %.1f GFLOP/s, read bandwidth %.1f GB/s, measured before and after; copy %.1f GB/s; clock %.0f MHz\n",
           p->fma_gflops, p->read_gbps, p->copy_gbps, report->mhz_after);
    for (int i = 0; i < report->verdict.count; i++)
        printf("%s%s\n", i ? "           " : "disturbed: ", report->verdict.reason[i]);
    if (report->count)
        printf("%s\n", report->subject);
    putchar('\n');
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
        printf(" %41.1f\n", 1e-6 * row->work.bytes);
    else
        printf(" %8.1f %6.1f %7.1f %6.1f %9.1f %6.1f %-3.3s  %s\n", row->gflops, 100 * row->peak_fraction,
               100 * row->bound_fraction, 100 * row->own_fraction, 1e-6 * row->work.bytes, 100 * row->roofline_fraction,
               bench_limit_name(row->limit), row->kernel);
}

static void peak_table(const bench_report *report)
{
    printf("%-8s %7s %10s %10s %10s\n", "set", "threads", "GFLOP/s", "read GB/s", "copy GB/s");
    for (int i = 0; i < report->peak_count; i++) {
        const bench_peak_entry *e = &report->peaks[i];
        printf("%-8s %7d %10.1f %10.1f %10.1f\n", nonet_isa_name(e->isa), e->threads, e->peak.fma_gflops, e->peak.read_gbps,
               e->peak.copy_gbps);
    }
    if (report->count)
        putchar('\n');
}

/* The multiply's share of the peak counts the multiply-adds of the whole layer; %: of the three together. */
static void phase_table(const bench_report *report, int name_width)
{
    printf("\n%-*s %9s %9s %9s %9s %6s %6s %6s %6s\n", name_width, "layer", "in ms", "mul ms", "out ms", "sum ms",
           "in %", "mul %", "out %", "%peak");
    for (int i = 0; i < report->count; i++) {
        const bench_row *row = &report->rows[i];
        const bench_phase_times *p = &row->phases;
        double sum = p->in + p->multiply + p->out, peak = report->peak.fma_gflops;
        if (sum > 0)
            printf("%-*s %9.3f %9.3f %9.3f %9.3f %6.1f %6.1f %6.1f %6.1f\n", name_width, short_name(report, row), 1e3 * p->in,
                   1e3 * p->multiply, 1e3 * p->out, 1e3 * sum, 100 * p->in / sum, 100 * p->multiply / sum, 100 * p->out / sum,
                   200e-9 * row->work.own / (p->multiply * peak));
    }
    printf("\nPhases: the least of several runs, mean of the threads, without waiting. The filter transform of expanded weights\n"
           "is in mul.\n");
}

void bench_table_counts(const bench_report *report, char *text, size_t size)
{
    int least = INT_MAX, most = 0;
    for (int i = 0; i < report->count; i++) {
        int count = report->rows[i].stats.count;
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    if (least < most)
        snprintf(text, size, "medians of %d to %d samples", least, most);
    else
        snprintf(text, size, "median of %d", most);
}

void bench_table(const bench_report *report)
{
    widths w = { 5, 5, 9 };
    char counts[64];
    head(report);
    if (report->peak_count)
        peak_table(report);
    if (!report->count)
        return;
    for (int i = 0; i < report->count; i++) {
        w.name = widest(w.name, short_name(report, &report->rows[i]));
        w.shape = widest(w.shape, report->rows[i].shape);
        w.algorithm = widest(w.algorithm, report->rows[i].algorithm);
    }
    printf("%-*s  %-*s  %-*s %9s %5s %8s %6s %7s %6s %9s %6s %-3s  %s\n", w.name, "layer", w.shape, "shape", w.algorithm,
           "algorithm", "ms", "+-%", "GFLOP/s", "%peak", "%bound", "%own", "MB", "%roof", "by", "kernel");
    for (int i = 0; i < report->count; i++)
        if (!report->rows[i].peer[0])
            print_row(report, &report->rows[i], &w);
    bench_table_counts(report, counts, sizeof counts);
    printf("\nms: %s; +-%%: median deviation. GFLOP/s count a direct convolution. %%bound: least time at these peaks,\n"
           "by the fewest multiply-adds of direct, F(2x2), F(4x4), or by the weights' bytes; %%own: of the algorithm that ran.\n"
           "MB: input, output and packed weights. %%roof: least time of what ran, by its arithmetic or by memory.\n", counts);
    bench_peers_table(report);
    if (report->settings->phases)
        phase_table(report, w.name);
}
