/* peak_table.c - `nonet bench --peaks`: the peaks of every instruction set and number of threads. */
#include <stdlib.h>
#include "bench/report.h"

/* 1, 2, 4 ... and the most there are. */
static int next_threads(int threads, int most)
{
    return threads < most && 2 * threads > most ? most : 2 * threads;
}

static nonet_vgg_status add_entry(bench_report *report, nonet_isa isa, int threads, nonet_vgg_error *err)
{
    bench_pin pin;
    bench_peak_entry entry = { .isa = isa, .threads = threads };
    bench_peak_entry *grown = realloc(report->peaks, (size_t)(report->peak_count + 1) * sizeof *grown);
    if (!grown)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    report->peaks = grown;
    bench_pin_threads(&pin, threads);
    int good = bench_peak_measure(isa, threads, bench_report_caches(report, &pin, threads), &entry.peak);
    bench_unpin_threads(&pin);
    if (!good)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "no memory to measure the bandwidth with");
    report->peaks[report->peak_count++] = entry;
    return NONET_VGG_OK;
}

nonet_vgg_status bench_peak_table(bench_report *report, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    for (nonet_isa isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        for (int t = 1; nonet_isa_supported(isa) && t <= report->threads && status == NONET_VGG_OK;
             t = next_threads(t, report->threads))
            status = add_entry(report, isa, t, err);
    return status;
}
