/* results.c - reads result files with cJSON. Everything in them is tolerated but what would make the figures wrong. */
#include "bench/results.h"
#include "vgg/model.h"

#ifdef NONET_HAVE_CJSON

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/stats.h"
#include "vgg/file.h"

/* Texts of 64 MB become some 700 MB as a tree; a run of VGG-16 with 1000 samples a row is below 1 MB. */
enum { FILE_LIMIT = 64 << 20, ENTRIES_MAX = 256, NESTING_MAX = 4 };

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* 0 for what no measurement can be: negative, not finite, or so far out that quotients would no longer be finite. */
static double sane(const cJSON *item)
{
    return cJSON_IsNumber(item) && item->valuedouble > 1e-15 && item->valuedouble < 1e18 ? item->valuedouble : 0;
}

static double number_of(const cJSON *object, const char *key)
{
    return sane(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int whole_of(const cJSON *object, const char *key)
{
    double value = number_of(object, key);
    return value > 0 && value < 1e6 ? (int)value : 0;
}

/* ---- the context as keys and texts ---- */
static const char *size_text(double bytes, char text[32])
{
    if (bytes >= 1 << 20)
        snprintf(text, 32, "%.4g MiB", bytes / (1 << 20));
    else
        snprintf(text, 32, "%.4g KiB", bytes / 1024);
    return text;
}

static void append(results_entry *entry, const char *separator, const char *text)
{
    size_t used = strlen(entry->value);
    snprintf(entry->value + used, sizeof entry->value - used, "%s%s", used ? separator : "", text);
}

static void append_cache(results_entry *entry, const cJSON *cache)
{
    char text[128], size[32];
    snprintf(text, sizeof text, "L%d %.16s %s for %d", whole_of(cache, "level"), text_of(cache, "type"),
             size_text(number_of(cache, "size"), size), whole_of(cache, "num_sharing"));
    append(entry, ", ", text);
}

static void append_scalar(results_entry *entry, const char *separator, const cJSON *item)
{
    char text[32];
    snprintf(text, sizeof text, "%.10g", item->valuedouble);
    append(entry, separator, cJSON_IsString(item) ? item->valuestring : cJSON_IsNumber(item) ? text : cJSON_IsTrue(item) ? "yes" :
           cJSON_IsFalse(item) ? "no" : "unknown");
}

/* The values alone, apart from those of the object before. */
static void append_object(results_entry *entry, const cJSON *object)
{
    const cJSON *item;
    const char *separator = "; ";
    cJSON_ArrayForEach(item, object) {
        append_scalar(entry, separator, item);
        separator = " ";
    }
}

static void append_list(results_entry *entry, const cJSON *list)
{
    const cJSON *element;
    cJSON_ArrayForEach(element, list) {
        if (cJSON_IsObject(element) && !strcmp(entry->key, "caches"))
            append_cache(entry, element);
        else if (cJSON_IsObject(element))
            append_object(entry, element);
        else
            append_scalar(entry, "; ", element);
    }
}

static void flatten(results *r, const cJSON *object, const char *prefix, int depth)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        if (r->entries == ENTRIES_MAX || !item->string)
            return;
        results_entry *entry = &r->environment[r->entries];
        *entry = (results_entry){ "", "" };
        snprintf(entry->key, sizeof entry->key, "%s%s", prefix, item->string);
        if (cJSON_IsObject(item) && depth < NESTING_MAX) {
            char inner[66];
            snprintf(inner, sizeof inner, "%s ", entry->key);
            flatten(r, item, inner, depth + 1);
            continue;
        }
        if (!cJSON_IsArray(item))
            append_scalar(entry, "", item);
        else
            append_list(entry, item);
        r->entries++;
    }
}

const char *results_value(const results *r, const char *key)
{
    for (int i = 0; i < r->entries; i++)
        if (!strcmp(r->environment[i].key, key))
            return r->environment[i].value;
    return "";
}

/* Of CPU time: what other programs took of all CPUs, and the hypervisor of the threads'. */
static double lost_share(const cJSON *context)
{
    double seconds = number_of(context, "measuring_seconds"), cpus = number_of(context, "num_cpus");
    double threads = number_of(context, "threads"), lost = 0;
    if (cpus > 0)
        lost += number_of(context, "other_load_cpus") / cpus;
    if (seconds > 0 && threads > 0)
        lost += number_of(context, "steal_seconds") / (seconds * threads);
    return lost;
}

static int read_context(results *r)
{
    const cJSON *context = cJSON_GetObjectItemCaseSensitive(r->tree, "context");
    r->environment = calloc(ENTRIES_MAX, sizeof *r->environment);
    if (!r->environment)
        return 0;
    r->cpu = text_of(context, "cpu");
    r->isa = text_of(context, "isa");
    r->threads = whole_of(context, "threads");
    r->peak = number_of(context, "fma_peak_gflops");
    r->read = number_of(context, "read_gbps");
    r->disturbed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(context, "disturbed"));
    if (r->disturbed)
        r->lost = lost_share(context);
    if (cJSON_IsObject(context))
        flatten(r, context, "", 0);
    return 1;
}

/* ---- rows ---- */
static double seconds_of_unit(const char *unit)
{
    return !strcmp(unit, "s") ? 1 : !strcmp(unit, "ms") ? 1e-3 : !strcmp(unit, "us") ? 1e-6 : 1e-9;
}

/* Appends the row's samples; a row that has none is itself one sample. 0 when there is no memory. */
static int add_samples(results_row *row, const cJSON *item, double unit)
{
    const cJSON *samples = cJSON_GetObjectItemCaseSensitive(item, "samples"), *sample;
    double time = number_of(item, "real_time");
    int more = cJSON_IsArray(samples) ? cJSON_GetArraySize(samples) : 0;
    if (!more)
        samples = NULL;
    double *grown = realloc(row->samples, ((size_t)row->count + (size_t)more + 1) * sizeof *grown);
    if (!grown)
        return 0;
    row->samples = grown;
    cJSON_ArrayForEach(sample, samples)
        if (sane(sample) > 0)
            row->samples[row->count++] = unit * sample->valuedouble;
    if (!more && time > 0)
        row->samples[row->count++] = unit * time;
    return 1;
}

static int is_sum(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash && (!strcmp(slash, "/convolutions") || !strcmp(slash, "/fc") || !strcmp(slash, "/total"));
}

/* Input, output and weights, from "64x224x224 -> 64x224x224": f32, and Winograd's weights as they are multiplied. */
static double bytes_of(const results_row *row, int batch)
{
    double c, h, w, k, oh, ow, taps;
    if (sscanf(row->shape, "%lfx%lfx%lf -> %lfx%lfx%lf", &c, &h, &w, &k, &oh, &ow) != 6)
        return 0;
    taps = oh == 1 && ow == 1 && h * w > 1 ? h * w : h * w == 1 ? 1 : 9;
    if (!strcmp(row->algorithm, "winograd-f2"))
        taps = 16;
    if (!strcmp(row->algorithm, "winograd-f4"))
        taps = 36;
    if (!strcmp(row->algorithm, "winograd-f6"))
        taps = 64;
    return 4 * (batch * (c * h * w + k * oh * ow) + taps * c * k);
}

/* What later versions say themselves is taken, the rest worked out. */
static void read_figures(const results *r, results_row *row, const cJSON *item, double unit)
{
    const char *batch = strstr(results_value(r, "subject"), "batch ");
    int images = batch ? atoi(batch + 6) : 1;
    double own = number_of(item, "own_bound_fraction");
    row->gflops = number_of(item, "gflops");
    row->bound = unit * number_of(item, "bound_time");
    row->bound_fraction = number_of(item, "bound_fraction");
    row->executed = number_of(item, "gflops_executed");
    if (row->executed <= 0)
        row->executed = strncmp(row->algorithm, "winograd", 8) ? row->gflops : own * r->peak;
    row->bytes = number_of(item, "bytes");
    if (row->bytes <= 0 && row->gflops > 0 && !row->sum)
        row->bytes = bytes_of(row, images > 0 ? images : 1);
    row->median = unit * number_of(item, "real_time");
    row->low = unit * number_of(item, "real_time_low");
    row->high = unit * number_of(item, "real_time_high");
    if (row->low <= 0 || row->high < row->low)
        row->low = row->high = row->median;
}

static int read_row(results *r, const cJSON *item)
{
    const char *name = text_of(item, "run_name");
    int threads = whole_of(item, "threads");
    if (!*name)
        name = text_of(item, "name");
    if (!*name || !strcmp(text_of(item, "run_type"), "aggregate") ||
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "error_occurred")))
        return 1;
    double unit = seconds_of_unit(text_of(item, "time_unit"));
    for (int i = 0; i < r->count; i++)
        if (r->rows[i].threads == threads && !strcmp(r->rows[i].name, name))
            return add_samples(&r->rows[i], item, unit);
    results_row *row = &r->rows[r->count++];
    *row = (results_row){ .name = name, .shape = text_of(item, "shape"), .algorithm = text_of(item, "algorithm"),
                          .kernel = text_of(item, "kernel"), .limit = text_of(item, "limit"), .threads = threads,
                          .sum = is_sum(name), .implementation = text_of(item, "peer") };
    read_figures(r, row, item, unit);
    row->peer = *row->implementation != '\0';
    row->over_ours = number_of(item, "time_over_ours");
    row->difference = number_of(item, "difference");
    row->difference_bound = number_of(item, "difference_bound");
    return add_samples(row, item, unit);
}

/* With several samples the median and its interval are theirs; one sample alone is no series. */
static int finish_row(results_row *row)
{
    bench_series series = { row->samples, row->count, row->count };
    bench_stats stats;
    if (row->count < 2) {
        free(row->samples);
        row->samples = NULL;
        row->count = 0;
        return 1;
    }
    if (!bench_stats_of(&series, &stats))
        return 0;
    row->median = stats.median;
    row->low = stats.low;
    row->high = stats.high;
    return 1;
}

/* Ours to the front, each kind in its order. 0 when there is no memory. */
static int part_peers(results *r)
{
    results_row *parted = malloc(((size_t)r->count + 1) * sizeof *parted);
    int ours = 0, all = 0;
    if (!parted)
        return 0;
    for (int peer = 0; peer < 2; peer++) {
        for (int i = 0; i < r->count; i++)
            if (r->rows[i].peer == peer)
                parted[all++] = r->rows[i];
        ours = peer ? ours : all;
    }
    free(r->rows);
    r->rows = parted;
    r->count = ours;
    r->peers = all - ours;
    return 1;
}

static nonet_vgg_status read_rows(results *r, nonet_vgg_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(r->tree, "benchmarks"), *item;
    if (!cJSON_IsArray(list))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is JSON, but not of a benchmark: it has no list \"benchmarks\"", r->path);
    r->rows = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *r->rows);
    int good = r->rows && read_context(r);
    cJSON_ArrayForEach(item, list)
        good = good && read_row(r, item);
    for (int i = 0; i < r->count; i++)
        good = good && finish_row(&r->rows[i]);
    if (!good)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its rows", r->path);
    for (int i = 0; i < r->count; i++)
        if (!(r->rows[i].median > 0))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: row %.100s has no time", r->path, r->rows[i].name);
    if (!part_peers(r))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its rows", r->path);
    if (r->count == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has no measurement in it", r->path);
    return NONET_VGG_OK;
}

nonet_vgg_status results_load(results *r, const char *path, nonet_vgg_error *err)
{
    uint8_t *bytes;
    size_t size;
    const char *end = NULL;
    *r = (results){ .path = path, .cpu = "", .isa = "" };
    nonet_vgg_status status = vgg_file_read(path, FILE_LIMIT, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    r->tree = cJSON_ParseWithOpts((const char *)bytes, &end, 1);
    if (!r->tree)
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is not JSON, or ends too early (at byte %zu of %zu)", path,
                          end ? (size_t)(end - (const char *)bytes) : 0, size);
    free(bytes);
    if (status == NONET_VGG_OK)
        status = read_rows(r, err);
    if (status != NONET_VGG_OK)
        results_free(r);
    return status;
}

void results_free(results *r)
{
    for (int i = 0; i < r->count + r->peers; i++)
        free(r->rows[i].samples);
    free(r->rows);
    free(r->environment);
    cJSON_Delete(r->tree);
    *r = (results){ .path = r->path, .cpu = "", .isa = "" };
}

const results_row *results_find(const results *r, const char *name, int threads)
{
    const results_row *found = NULL;
    for (int i = 0; i < r->count; i++) {
        if (strcmp(r->rows[i].name, name))
            continue;
        if (r->rows[i].threads == threads)
            return &r->rows[i];
        if (!found)
            found = &r->rows[i];
    }
    return found;
}

#else

nonet_vgg_status results_load(results *r, const char *path, nonet_vgg_error *err)
{
    *r = (results){ .path = path, .cpu = "", .isa = "" };
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: this build cannot read JSON: it was made without cJSON", path);
}

void results_free(results *r)
{
    (void)r;
}

const char *results_value(const results *r, const char *key)
{
    (void)r;
    (void)key;
    return "";
}

const results_row *results_find(const results *r, const char *name, int threads)
{
    (void)r;
    (void)name;
    (void)threads;
    return NULL;
}

#endif
