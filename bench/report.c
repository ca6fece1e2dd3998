/* report.c - collects rows and turns times into figures. */
#include "bench/report.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "bench/peers/run.h"

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

size_t bench_report_caches(const bench_report *report, const bench_pin *pin, int threads)
{
    cpu_set_t cpus;
    bench_pin_set(pin, &cpus);
    size_t all = bench_host_caches("", &cpus, threads), one = bench_host_last_cache(&report->host);
    return all > one ? all : one;
}

static nonet_vgg_status measure_peak(bench_report *report, bench_peak *peak, double *mhz, nonet_vgg_error *err)
{
    bench_pin pin;
    bench_pin_threads(&pin, report->threads);
    *mhz = bench_clock_mhz();
    int good = bench_peak_measure(report->isa, report->threads, bench_report_caches(report, &pin, report->threads), peak);
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
    report->threads = nonet_threads_for(settings->conv.threads);
    const char *const files[] = { settings->json, settings->jsonl, settings->csv };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] && !emit_possible(files[i]))
            return bench_fail(err, NONET_VGG_IO, "cannot write %s: %s", files[i], strerror(errno));
    bench_host_read(&report->host);
    if (settings->cold != BENCH_WARM && !bench_broom_open(&report->broom, bench_host_last_cache(&report->host), report->threads))
        return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory to empty the caches with");
    nonet_vgg_status measured = measure_peak(report, &report->before, &report->mhz_before, err);
    return measured == NONET_VGG_OK && settings->peaks ? bench_peak_table(report, err) : measured;
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
    free(report->peaks);
    bench_broom_close(&report->broom);
    report->rows = NULL;
    report->count = report->room = 0;
}

static void read_watch(const bench_report *report, bench_watch *watch)
{
    cpu_set_t cpus;
    bench_pin_set(&report->pin, &cpus);
    bench_watch_read(watch, &report->helpers, &cpus);
}

void bench_report_pin(bench_report *report)
{
    bench_pin_threads(&report->pin, report->threads);
    read_watch(report, &report->start);
}

void bench_report_unpin(bench_report *report)
{
    bench_watch now;
    read_watch(report, &now);
    bench_watch_add(&report->sum, &report->start, &now);
    bench_pin_where(report->threads, report->ran_on, sizeof report->ran_on);
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

/* Is the row part of the sum, with work to be counted? */
static int is_part(const bench_row *sum, const bench_row *row)
{
    return (row->kind & sum->of) && row->kind != ROW_OTHER;
}

/* Algorithm and kernel of a sum, if all of its rows have the same. */
static void name_sum(const bench_report *report, bench_row *sum)
{
    int index = (int)(sum - report->rows), seen = 0;
    for (int i = sum->first; i < index; i++) {
        const bench_row *row = &report->rows[i];
        if (!is_part(sum, row))
            continue;
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

/* The work of a sum's rows, and the sum of their bounds. */
static void sum_up(const bench_report *report, bench_row *sum, double *macs, double *own)
{
    int index = (int)(sum - report->rows);
    double by_memory = 0;
    for (int i = sum->first; i < index; i++) {
        const bench_row *row = &report->rows[i];
        if (!is_part(sum, row))
            continue;
        *macs += row->work.direct;
        *own += bench_own_bound(&row->work, &report->peak);
        sum->bound += row->bound;
        sum->work.own += row->work.own;
        sum->work.bytes += row->work.bytes;
        sum->work.memory_bytes += row->work.memory_bytes;
        sum->roofline += row->roofline;
        by_memory += row->limit == LIMIT_MEMORY ? row->roofline : 0;
    }
    sum->limit = sum->roofline <= 0 ? LIMIT_NONE : 2 * by_memory > sum->roofline ? LIMIT_MEMORY : LIMIT_ARITHMETIC;
}

/* Rows come in order: a sum stands behind its parts. */
static int figure(const bench_report *report, bench_row *row)
{
    double macs = 0, own = 0;
    if (!bench_stats_of(&row->seconds, &row->stats))
        return 0;
    if (row->kind == ROW_SUM) {
        sum_up(report, row, &macs, &own);
        if (!row->peer[0])      /* a peer's row has its own names */
            name_sum(report, row);
    } else if (row->kind != ROW_OTHER) {
        macs = row->work.direct;
        own = bench_own_bound(&row->work, &report->peak);
        row->bound = bench_bound(&row->work, &report->peak);
    }
    if (row->kind != ROW_SUM)
        row->roofline = bench_roofline(&row->work, &report->peak, &row->limit);
    double time = row->stats.median;
    if (time > 0) {
        row->executed = 2e-9 * row->work.own / time;
        row->executed_fraction = row->executed / report->peak.fma_gflops;
        row->roofline_fraction = row->roofline / time;
        row->gflops = 2e-9 * macs / time;
        row->peak_fraction = row->gflops / report->peak.fma_gflops;
        row->bound_fraction = row->bound / time;
        row->own_fraction = own / time;
    }
    bench_peers_figure(report, row);
    return 1;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Standard output takes one thing: the table, or what goes to "-". */
static nonet_vgg_status write_all(const bench_report *report, nonet_vgg_error *err)
{
    const bench_settings *s = report->settings;
    const struct {
        const char *path;
        int (*write)(const bench_report *);
    } outputs[] = { { s->json, bench_json }, { s->jsonl, bench_jsonl }, { s->csv, bench_csv } };
    int taken = 0;
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        taken |= outputs[i].path && !strcmp(outputs[i].path, "-");
    if (!taken)
        bench_table(report);
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        if (outputs[i].path && !outputs[i].write(report))
            return bench_fail(err, NONET_VGG_IO, "cannot write %s: %s", outputs[i].path, strerror(errno));
    return NONET_VGG_OK;
}

static void judge(bench_report *report)
{
    bench_evidence evidence = { .sum = report->sum, .threads = report->threads, .before = report->before, .after = report->after,
                                .mhz_before = report->mhz_before, .mhz_after = report->mhz_after };
    bench_judge(&evidence, &report->verdict);
}

nonet_vgg_status bench_report_finish(bench_report *report, nonet_vgg_error *err)
{
    nonet_vgg_status status = measure_peak(report, &report->after, &report->mhz_after, err);
    if (status != NONET_VGG_OK)
        return status;
    report->peak.fma_gflops = larger(report->before.fma_gflops, report->after.fma_gflops);
    report->peak.read_gbps = larger(report->before.read_gbps, report->after.read_gbps);
    report->peak.copy_gbps = larger(report->before.copy_gbps, report->after.copy_gbps);
    judge(report);
    for (int i = 0; i < report->count; i++)
        if (!figure(report, &report->rows[i]))
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    return write_all(report, err);
}
