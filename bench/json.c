/* json.c - the record in Google Benchmark's schema, so that its compare tool reads it; and as JSON lines. */
#include "bench/emit.h"
#include "bench/record.h"

static void put_text(void *to, const char *key, const char *value)
{
    json_text(to, key, value);
}

static void put_real(void *to, const char *key, double value)
{
    json_real(to, key, value);
}

static void put_whole(void *to, const char *key, long long value)
{
    json_whole(to, key, value);
}

static void put_flag(void *to, const char *key, int value)
{
    json_bool(to, key, value);
}

static void put_reals(void *to, const char *key, const double *x, int count, double scale)
{
    json_begin(to, key, '[');
    for (int i = 0; i < count; i++)
        json_real(to, NULL, scale * x[i]);
    json_end(to, ']');
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

static void put_peak_table(json_out *out, const bench_report *report)
{
    json_begin(out, "peaks", '[');
    for (int i = 0; i < report->peak_count; i++) {
        const bench_peak_entry *e = &report->peaks[i];
        json_begin(out, NULL, '{');
        json_text(out, "isa", nonet_isa_name(e->isa));
        json_whole(out, "threads", e->threads);
        json_real(out, "fma_peak_gflops", e->peak.fma_gflops);
        json_real(out, "read_gbps", e->peak.read_gbps);
        json_real(out, "copy_gbps", e->peak.copy_gbps);
        json_end(out, '}');
    }
    json_end(out, ']');
}

static void put_context(json_out *out, const bench_report *report, const bench_sink *sink)
{
    json_begin(out, "context", '{');
    bench_record_context(report, sink);
    json_begin(out, "disturbed_by", '[');
    for (int i = 0; i < report->verdict.count; i++)
        json_text(out, NULL, report->verdict.reason[i]);
    json_end(out, ']');
    put_caches(out, &report->host);
    json_begin(out, "load_avg", '[');
    for (int i = 0; i < 3; i++)
        json_real(out, NULL, report->host.load[i]);
    json_end(out, ']');
    if (report->peak_count)
        put_peak_table(out, report);
    json_end(out, '}');
}

static bench_sink sink_of(json_out *out)
{
    return (bench_sink){ put_text, put_real, put_whole, put_flag, put_reals, out };
}

int bench_json(const bench_report *report)
{
    json_out out;
    bench_sink sink = sink_of(&out);
    if (!emit_open(&out, report->settings->json))
        return 0;
    json_begin(&out, NULL, '{');
    put_context(&out, report, &sink);
    json_begin(&out, "benchmarks", '[');
    for (int i = 0; i < report->count; i++) {
        json_begin(&out, NULL, '{');
        bench_record_row(report, i, &sink);
        json_end(&out, '}');
    }
    json_end(&out, ']');
    json_end(&out, '}');
    return emit_close(&out);
}

/* A line a row, each with the whole context: lines of many runs and machines may be put together in one file. */
int bench_jsonl(const bench_report *report)
{
    json_out out;
    bench_sink sink = sink_of(&out);
    if (!emit_open(&out, report->settings->jsonl))
        return 0;
    out.compact = 1;
    for (int i = 0; i < report->count; i++) {
        json_begin(&out, NULL, '{');
        out.empty = 1;
        bench_record_row(report, i, &sink);
        put_context(&out, report, &sink);
        json_end(&out, '}');
    }
    return emit_close(&out);
}
