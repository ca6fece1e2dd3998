/* report.c - collects rows and turns times into figures. */
#include "bench/report.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "bench/emit.h"
#include "bench/timer.h"

#define PEAK_CHANGE 0.05
#define SWITCHES_A_SECOND 20

nonet_vgg_status bench_fail(nonet_vgg_error *err, nonet_vgg_status status, const char *format, ...)
{
    va_list args;
    if (!err)
        return status;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

static nonet_vgg_status measure_peak(bench_report *report, bench_peak *peak, nonet_vgg_error *err)
{
    bench_pin pin;
    bench_pin_threads(&pin, report->threads);
    int good = bench_peak_measure(report->isa, report->threads, bench_host_last_cache(&report->host), peak);
    bench_unpin_threads(&pin);
    return good ? NONET_VGG_OK : bench_fail(err, NONET_VGG_NO_MEMORY, "no memory to measure the read bandwidth with");
}

nonet_vgg_status bench_report_open(bench_report *report, const bench_settings *settings, nonet_vgg_error *err)
{
    *report = (bench_report){ .settings = settings };
    nonet_status status = nonet_isa_current(&report->isa);
    if (status != NONET_OK)
        return bench_fail(err, NONET_VGG_USAGE, "%s", nonet_status_string(status));
    if (settings->conv.isa != NONET_ISA_AUTO)
        report->isa = settings->conv.isa;
    int available = nonet_threads_available(), wanted = settings->conv.threads;
    report->threads = wanted && wanted < available ? wanted : available;
    if (settings->json && !json_writable(settings->json))
        return bench_fail(err, NONET_VGG_IO, "cannot write %s: %s", settings->json, strerror(errno));
    bench_host_read(&report->host);
    return measure_peak(report, &report->before, err);
}

bench_row *bench_report_add(bench_report *report, bench_kind kind, const char *format, ...)
{
    va_list args;
    if (report->count == report->room) {
        int room = report->room ? 2 * report->room : 32;
        bench_row *rows = realloc(report->rows, (size_t)room * sizeof *rows);
        if (!rows)
            return NULL;
        report->rows = rows;
        report->room = room;
    }
    bench_row *row = &report->rows[report->count++];
    *row = (bench_row){ .kind = kind };
    va_start(args, format);
    vsnprintf(row->name, sizeof row->name, format, args);
    va_end(args);
    return row;
}

void bench_report_free(bench_report *report)
{
    for (int i = 0; i < report->count; i++)
        bench_series_free(&report->rows[i].seconds);
    free(report->rows);
    report->rows = NULL;
    report->count = report->room = 0;
}

/* Of all threads; a thread that waits gives its CPU up by itself and is not counted. */
static long taken_away(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

void bench_report_pin(bench_report *report)
{
    bench_pin_threads(&report->pin, report->threads);
    report->switches -= taken_away();
    report->seconds -= bench_now();
}

void bench_report_unpin(bench_report *report)
{
    report->switches += taken_away();
    report->seconds += bench_now();
    bench_pin_check(&report->pin);
    if (report->pin.threads)
        snprintf(report->pinned, sizeof report->pinned, "pinned to CPU%s %s", report->threads > 1 ? "s" : "", report->pin.cpus);
    else
        snprintf(report->pinned, sizeof report->pinned, "not pinned (%s)",
                 report->pin.lost ? "the OpenMP runtime replaces its threads" : "the CPUs may not be chosen");
    bench_unpin_threads(&report->pin);
}

int bench_again(const bench_settings *settings, int done, double seconds)
{
    if (settings->repetitions)
        return done < settings->repetitions;
    if (done >= BENCH_MOST || (done >= BENCH_FEWEST && seconds >= BENCH_PATIENCE))
        return 0;
    return done < BENCH_REPETITIONS || seconds < settings->min_time;
}

/* The work of a sum's rows, and the sum of their bounds; algorithm and kernel if all agree. */
static void sum_up(const bench_report *report, bench_row *sum, double *macs, double *own)
{
    int index = (int)(sum - report->rows), seen = 0;
    for (int i = sum->first; i < index; i++) {
        const bench_row *row = &report->rows[i];
        if (!(row->kind & sum->of) || row->kind == ROW_OTHER)
            continue;
        *macs += row->work.direct;
        *own += bench_own_bound(&row->work, &report->peak);
        sum->bound += row->bound;
        if (!seen++) {
            memcpy(sum->algorithm, row->algorithm, sizeof sum->algorithm);
            memcpy(sum->kernel, row->kernel, sizeof sum->kernel);
        }
        if (strcmp(sum->algorithm, row->algorithm))
            strcpy(sum->algorithm, "mixed");
        if (strcmp(sum->kernel, row->kernel))
            strcpy(sum->kernel, "several");
    }
}

/* Rows come in order: a sum stands behind its parts. */
static int figure(const bench_report *report, bench_row *row)
{
    double macs = 0, own = 0;
    if (!bench_stats_of(&row->seconds, &row->stats))
        return 0;
    if (row->kind == ROW_SUM) {
        sum_up(report, row, &macs, &own);
    } else if (row->kind != ROW_OTHER) {
        macs = row->work.direct;
        own = bench_own_bound(&row->work, &report->peak);
        row->bound = bench_bound(&row->work, &report->peak);
    }
    double time = row->stats.median;
    if (time > 0) {
        row->gflops = 2e-9 * macs / time;
        row->peak_fraction = row->gflops / report->peak.fma_gflops;
        row->bound_fraction = row->bound / time;
        row->own_fraction = own / time;
    }
    return 1;
}

static double larger(double a, double b, int *disturbed)
{
    double most = a > b ? a : b, least = a > b ? b : a;
    *disturbed |= most - least > PEAK_CHANGE * most;
    return most;
}

nonet_vgg_status bench_report_finish(bench_report *report, nonet_vgg_error *err)
{
    nonet_vgg_status status = measure_peak(report, &report->after, err);
    if (status != NONET_VGG_OK)
        return status;
    report->peak.fma_gflops = larger(report->before.fma_gflops, report->after.fma_gflops, &report->disturbed);
    report->peak.read_gbps = larger(report->before.read_gbps, report->after.read_gbps, &report->disturbed);
    report->disturbed |= (double)report->switches > SWITCHES_A_SECOND * report->seconds;
    for (int i = 0; i < report->count; i++)
        if (!figure(report, &report->rows[i]))
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    const char *json = report->settings->json;
    if (!json || strcmp(json, "-"))
        bench_table(report);
    if (json && !bench_json(report))
        return bench_fail(err, NONET_VGG_IO, "cannot write %s: %s", json, strerror(errno));
    return NONET_VGG_OK;
}
