/* record.c - the fields of the record, in their order. Those of Google Benchmark come first and keep its names. */
#include "bench/record.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <limits.h>
#include "bench/build_info.h"

#define TEXT(key, value) sink->text(sink->to, key, value)
#define REAL(key, value) sink->real(sink->to, key, value)
#define WHOLE(key, value) sink->whole(sink->to, key, (long long)(value))
#define FLAG(key, value) sink->flag(sink->to, key, value)

/* 2026-11-23T22:02:03+00:00 */
static void put_date(const bench_sink *sink)
{
    char text[40];
    time_t now = time(NULL);
    struct tm local;
    size_t length = localtime_r(&now, &local) ? strftime(text, sizeof text - 1, "%Y-%m-%dT%H:%M:%S%z", &local) : 0;
    text[length] = '\0';
    if (length > 2) {
        memmove(text + length - 1, text + length - 2, 3);
        text[length - 2] = ':';
    }
    TEXT("date", text);
}

static void put_general(const bench_host *host, int anonymous, const bench_sink *sink)
{
    char path[PATH_MAX] = "nonet";
    ssize_t length = anonymous ? 0 : readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0)
        path[length] = '\0';
    put_date(sink);
    TEXT("host_name", anonymous ? "" : host->name);
    TEXT("executable", path);
    WHOLE("num_cpus", host->cpus);
    WHOLE("mhz_per_cpu", host->mhz + 0.5);
    FLAG("cpu_scaling_enabled", host->governor[0] && strcmp(host->governor, "performance"));
    TEXT("library_build_type", "release");
}

static void put_program(const bench_sink *sink)
{
    TEXT("schema", BENCH_SCHEMA);
    TEXT("nonet_version", nonet_version());
    TEXT("commit", bench_build_commit());
    TEXT("compiler", bench_build_compiler());
    TEXT("flags", bench_build_flags());
}

static void put_machine(const bench_host *host, const bench_sink *sink)
{
    char midr[16] = "";
    if (host->midr)
        snprintf(midr, sizeof midr, "0x%08x", host->midr);
    TEXT("cpu", host->cpu);
    TEXT("cpu_vendor", host->vendor);
    WHOLE("cpu_family", host->family);
    WHOLE("cpu_model", host->model);
    WHOLE("cpu_stepping", host->stepping);
    TEXT("midr", midr);
    TEXT("microcode", host->microcode);
    TEXT("hypervisor", host->hypervisor_name[0] ? host->hypervisor_name : host->hypervisor ? "unknown" : "");
    WHOLE("sockets", host->sockets);
    WHOLE("cores", host->cores);
    WHOLE("threads_per_core", host->threads_per_core);
    WHOLE("numa_nodes", host->numa_nodes);
    WHOLE("allowed_cpus", host->allowed);
    TEXT("governor", host->governor);
    TEXT("os", host->os);
}

static void put_sets(const bench_report *report, const bench_sink *sink)
{
    char found[64] = "";
    for (nonet_isa isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        if (nonet_isa_supported(isa)) {
            size_t used = strlen(found);
            snprintf(found + used, sizeof found - used, "%s%s", used ? " " : "", nonet_isa_name(isa));
        }
    TEXT("isa", nonet_isa_name(report->isa));
    TEXT("isa_found", found);
    WHOLE("threads", report->threads);
    TEXT("affinity", report->pinned);
    TEXT("ran_on", report->ran_on);
}

static void put_peaks(const bench_report *report, const bench_sink *sink)
{
    REAL("fma_peak_gflops", report->peak.fma_gflops);
    REAL("fma_peak_gflops_before", report->before.fma_gflops);
    REAL("fma_peak_gflops_after", report->after.fma_gflops);
    REAL("read_gbps", report->peak.read_gbps);
    REAL("read_gbps_before", report->before.read_gbps);
    REAL("read_gbps_after", report->after.read_gbps);
    REAL("copy_gbps", report->peak.copy_gbps);
    REAL("clock_mhz_before", report->mhz_before);
    REAL("clock_mhz_after", report->mhz_after);
}

static void put_disturbance(const bench_report *report, const bench_sink *sink)
{
    const bench_watch *s = &report->sum;
    FLAG("disturbed", report->verdict.count > 0);
    WHOLE("involuntary_switches", s->switches);
    REAL("measuring_seconds", s->seconds);
    REAL("other_load_cpus", s->seconds > 0 && s->busy > s->own ? (s->busy - s->own) / s->seconds : 0);
    REAL("steal_seconds", s->steal);
    WHOLE("throttled", s->throttled);
}

void bench_record_context(const bench_report *report, const bench_sink *sink)
{
    static const char *const cold[] = { "none", "weights", "all" };
    const char *hash = "";
    unsigned long long seed = report->settings->seed;
    for (int i = 0; i < report->count; i++)
        if (report->rows[i].hash[0])    /* a sum in the middle has none, and peers have none: the last that there is */
            hash = report->rows[i].hash;
    put_general(&report->host, report->settings->anonymous, sink);
    put_program(sink);
    put_machine(&report->host, sink);
    put_sets(report, sink);
    put_peaks(report, sink);
    put_disturbance(report, sink);
    TEXT("cold", cold[report->settings->cold]);
    TEXT("output_hash", hash);
    TEXT("subject", report->subject);
    WHOLE("seed", seed);
}

static void put_times(const bench_row *row, const bench_sink *sink)
{
    const bench_stats *s = &row->stats;
    REAL("real_time", 1e3 * s->median);
    REAL("cpu_time", 1e3 * (row->cpu > 0 ? row->cpu : s->median));
    TEXT("time_unit", "ms");
    REAL("real_time_min", 1e3 * s->min);
    REAL("real_time_p90", 1e3 * s->p90);
    REAL("real_time_p99", 1e3 * s->p99);
    REAL("real_time_mad", 1e3 * s->mad);
    REAL("real_time_low", 1e3 * s->low);
    REAL("real_time_high", 1e3 * s->high);
    WHOLE("sample_iterations", row->runs);
    sink->reals(sink->to, "samples", row->seconds.x, row->seconds.count, 1e3);
}

static void put_figures(const bench_row *row, const bench_sink *sink)
{
    REAL("gflops", row->gflops);
    REAL("peak_fraction", row->peak_fraction);
    REAL("gflops_executed", row->executed);
    REAL("executed_peak_fraction", row->executed_fraction);
    REAL("bound_time", 1e3 * row->bound);
    REAL("bound_fraction", row->bound_fraction);
    REAL("own_bound_fraction", row->own_fraction);
    REAL("bytes", row->work.bytes);
    REAL("memory_bytes", row->work.memory_bytes);
    REAL("roofline_time", 1e3 * row->roofline);
    REAL("roofline_fraction", row->roofline_fraction);
    TEXT("limit", bench_limit_name(row->limit));
    REAL("phase_in", 1e3 * row->phases.in);
    REAL("phase_multiply", 1e3 * row->phases.multiply);
    REAL("phase_out", 1e3 * row->phases.out);
}

void bench_record_row(const bench_report *report, int index, const bench_sink *sink)
{
    const bench_row *row = &report->rows[index];
    TEXT("name", row->name);
    WHOLE("family_index", index);
    WHOLE("per_family_instance_index", 0);
    TEXT("run_name", row->name);
    TEXT("run_type", "iteration");
    WHOLE("repetitions", row->stats.count);
    WHOLE("repetition_index", 0);
    WHOLE("threads", row->threads);
    WHOLE("iterations", row->iterations);
    put_times(row, sink);
    TEXT("shape", row->shape);
    WHOLE("batch", row->batch);
    TEXT("algorithm", row->algorithm);
    TEXT("kernel", row->kernel);
    TEXT("blocking", row->blocking);
    put_figures(row, sink);
    TEXT("peer", row->peer);
    REAL("time_over_ours", row->ratio);
    REAL("difference", row->difference);
    REAL("difference_bound", row->difference_bound);
    TEXT("output_hash", row->hash);
}
