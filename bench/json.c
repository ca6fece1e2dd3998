/* json.c - the report in Google Benchmark's schema, so that its compare tool reads it. */
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench/emit.h"
#include "bench/report.h"

/* 2026-11-23T22:02:03+00:00 */
static void put_date(json_out *out)
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
    json_text(out, "date", text);
}

static void put_caches(json_out *out, const bench_host *host)
{
    json_begin(out, "caches", '[');
    for (int i = 0; i < host->caches; i++) {
        json_begin(out, NULL, '{');
        json_text(out, "type", host->cache[i].type);
        json_whole(out, "level", host->cache[i].level);
        json_whole(out, "size", (long long)host->cache[i].size);
        json_whole(out, "num_sharing", host->cache[i].sharing);
        json_end(out, '}');
    }
    json_end(out, ']');
}

static void put_machine(json_out *out, const bench_host *host)
{
    char path[PATH_MAX] = "nonet";
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0)
        path[length] = '\0';
    put_date(out);
    json_text(out, "host_name", host->name);
    json_text(out, "executable", path);
    json_whole(out, "num_cpus", host->cpus);
    json_whole(out, "mhz_per_cpu", (long long)(host->mhz + 0.5));
    json_bool(out, "cpu_scaling_enabled", host->governor[0] && strcmp(host->governor, "performance"));
    put_caches(out, host);
    json_begin(out, "load_avg", '[');
    for (int i = 0; i < 3; i++)
        json_real(out, NULL, host->load[i]);
    json_end(out, ']');
    json_text(out, "library_build_type", "release");
    json_text(out, "cpu", host->cpu);
}

static void put_context(json_out *out, const bench_report *report)
{
    const char *hash = "";
    for (int i = report->count - 1; i >= 0; i--)
        if (report->rows[i].hash[0])
            hash = report->rows[i].hash;
    json_begin(out, "context", '{');
    put_machine(out, &report->host);
    json_text(out, "isa", nonet_isa_name(report->isa));
    json_whole(out, "threads", report->threads);
    json_text(out, "affinity", report->pinned);
    json_real(out, "fma_peak_gflops", report->peak.fma_gflops);
    json_real(out, "read_gbps", report->peak.read_gbps);
    json_bool(out, "disturbed", report->disturbed);
    json_whole(out, "involuntary_switches", report->switches);
    json_text(out, "output_hash", hash);
    json_text(out, "nonet_version", nonet_version());
    json_text(out, "subject", report->subject);
    json_whole(out, "seed", (long long)report->settings->seed);
    json_end(out, '}');
}

static void put_times(json_out *out, const bench_row *row)
{
    const bench_stats *s = &row->stats;
    json_real(out, "real_time", 1e3 * s->median);
    json_real(out, "cpu_time", 1e3 * (row->cpu > 0 ? row->cpu : s->median));
    json_text(out, "time_unit", "ms");
    json_real(out, "real_time_min", 1e3 * s->min);
    json_real(out, "real_time_p90", 1e3 * s->p90);
    json_real(out, "real_time_mad", 1e3 * s->mad);
    json_real(out, "real_time_low", 1e3 * s->low);
    json_real(out, "real_time_high", 1e3 * s->high);
}

static void put_row(json_out *out, const bench_row *row, int index)
{
    json_begin(out, NULL, '{');
    json_text(out, "name", row->name);
    json_whole(out, "family_index", index);
    json_whole(out, "per_family_instance_index", 0);
    json_text(out, "run_name", row->name);
    json_text(out, "run_type", "iteration");
    json_whole(out, "repetitions", row->stats.count);
    json_whole(out, "repetition_index", 0);
    json_whole(out, "threads", row->threads);
    json_whole(out, "iterations", row->iterations);
    put_times(out, row);
    json_text(out, "shape", row->shape);
    json_text(out, "algorithm", row->algorithm);
    json_text(out, "kernel", row->kernel);
    json_real(out, "gflops", row->gflops);
    json_real(out, "peak_fraction", row->peak_fraction);
    json_real(out, "bound_time", 1e3 * row->bound);
    json_real(out, "bound_fraction", row->bound_fraction);
    json_real(out, "own_bound_fraction", row->own_fraction);
    if (row->hash[0])
        json_text(out, "output_hash", row->hash);
    json_end(out, '}');
}

int bench_json(const bench_report *report)
{
    json_out out;
    if (!json_open(&out, report->settings->json))
        return 0;
    json_begin(&out, NULL, '{');
    put_context(&out, report);
    json_begin(&out, "benchmarks", '[');
    for (int i = 0; i < report->count; i++)
        put_row(&out, &report->rows[i], i);
    json_end(&out, ']');
    json_end(&out, '}');
    return json_close(&out);
}
