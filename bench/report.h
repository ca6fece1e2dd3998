/* report.h - what a run found out: rows, the machine, and how they are shown. */
#ifndef NONET_BENCH_REPORT_H
#define NONET_BENCH_REPORT_H

#include "bench/bench.h"
#include "bench/bounds.h"
#include "bench/host.h"
#include "bench/peak.h"
#include "bench/phases.h"
#include "bench/pin.h"
#include "bench/stats.h"
#include "bench/watch.h"

typedef enum bench_kind { ROW_CONV = 1, ROW_FC = 2, ROW_OTHER = 4, ROW_SUM = 8 } bench_kind;

typedef struct bench_row {
    bench_kind kind;
    char name[128];             /* vgg16/conv3_2 */
    char shape[64];
    char algorithm[24], kernel[64];
    char hash[17];              /* of the output, or "" */
    bench_work work;            /* CONV, FC */
    unsigned of;                /* SUM: kinds of the rows from `first` to this one that are summed up */
    int first;
    int threads;
    long iterations;            /* runs in all samples together */
    double cpu;                 /* CPU seconds of one run; 0 if not measured apart */
    long runs;                  /* of one sample */
    char blocking[80];
    int batch;
    bench_phase_times phases;   /* zeros: not measured */
    bench_series seconds;       /* of one run */
    char peer[320];             /* another library: name, version, implementation; "" for ours */
    double difference, difference_bound;    /* a peer's output from ours, relative L2; what it may be */
    int ours;                   /* a peer's: the row that it competes with */
    /* From here on: filled by bench_report_finish. */
    bench_stats stats;
    double ratio;               /* a peer's median over ours; 1 for ours */
    double gflops, peak_fraction, bound_fraction, own_fraction, bound;
    double executed, executed_fraction;     /* GFLOP/s of the multiply-adds that the algorithm does; of the peak */
    double roofline, roofline_fraction;     /* seconds; of the median */
    bench_limit limit;                      /* the side of the roofline; a sum: of most of its time */
} bench_row;

typedef struct bench_peak_entry {
    nonet_isa isa;
    int threads;
    bench_peak peak;
} bench_peak_entry;

typedef struct bench_report {
    const bench_settings *settings;
    bench_host host;
    nonet_isa isa;
    int threads;
    bench_peak before, after, peak;     /* peak: the larger of both */
    bench_helpers helpers;              /* processes of peers */
    bench_watch start, sum;             /* of the measurement that runs; of all that are over */
    double mhz_before, mhz_after;       /* measured */
    bench_verdict verdict;              /* reasons to call the run disturbed */
    bench_broom broom;                  /* open if settings->cold says so */
    bench_peak_entry *peaks;            /* settings->peaks */
    int peak_count;
    bench_pin pin;
    char pinned[PIN_TEXT + 32];         /* CPUs during the measurement, or why there are none */
    char ran_on[PIN_TEXT];              /* CPU of each thread at its end */
    char subject[1024];                 /* what is measured: a line a network or layer */
    bench_row *rows;
    int count, room;
} bench_report;

nonet_vgg_status bench_fail(nonet_vgg_error *err, nonet_vgg_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills in the machine, the instruction set and the threads, checks that the files can be written, measures the
 * peaks, and prepares cold caches. */
nonet_vgg_status bench_report_open(bench_report *report, const bench_settings *settings, nonet_vgg_error *err);
/* A new zeroed row with this name; NULL when there is no memory. Pointers to other rows go stale. */
bench_row *bench_report_add(bench_report *report, bench_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Peaks again, figures, and all that is printed and written. */
nonet_vgg_status bench_report_finish(bench_report *report, nonet_vgg_error *err);
void bench_report_free(bench_report *report);

/* Pinned from one to the other; plans are made before, for a pinned process seems to have one CPU. */
void bench_report_pin(bench_report *report);
void bench_report_unpin(bench_report *report);

/* Bytes of the last caches that a pinned team has together; 0 if unknown. */
size_t bench_report_caches(const bench_report *report, const bench_pin *pin, int threads);

#define PHASE_SECONDS 0.2       /* spent on the phases of a layer */

/* 1 if another repetition is wanted after `done` that took `seconds`. */
int bench_again(const bench_settings *settings, int done, double seconds);

/* peak_table.c, table.c; json.c, csv.c: 0 and errno if the file could not be written */
nonet_vgg_status bench_peak_table(bench_report *report, nonet_vgg_error *err);
void bench_table(const bench_report *report);
/* "median of 7", or, where rows differ (layers of a list have a time each, not a count), "medians of 7 to 300 samples". */
void bench_table_counts(const bench_report *report, char *text, size_t size);
int bench_json(const bench_report *report);
int bench_jsonl(const bench_report *report);
int bench_csv(const bench_report *report);

#endif
