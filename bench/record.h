/* record.h - every field of the record, once, for all forms of it. docs/BENCHMARKING.md tells what each means. */
#ifndef NONET_BENCH_RECORD_H
#define NONET_BENCH_RECORD_H

#include "bench/report.h"

/* Raised when a field changes its meaning or its unit, or goes; not when one comes. */
#define BENCH_SCHEMA "nonet-bench/1"

typedef struct bench_sink {
    void (*text)(void *to, const char *key, const char *value);
    void (*real)(void *to, const char *key, double value);
    void (*whole)(void *to, const char *key, long long value);
    void (*flag)(void *to, const char *key, int value);
    void (*reals)(void *to, const char *key, const double *x, int count, double scale);
    void *to;
} bench_sink;

/* The machine, the program, and what holds for the whole run. Caches, load averages, reasons and the table of peaks, which are
 * lists, are left to the writer. */
void bench_record_context(const bench_report *report, const bench_sink *sink);
void bench_record_row(const bench_report *report, int index, const bench_sink *sink);

#endif
