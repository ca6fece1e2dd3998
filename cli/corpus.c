/* corpus.c - `nonet verify --record` and `--replay`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/corpus.h"

enum { FAMILIES = 32 };

/* One family's line of the summary. */
typedef struct tally {
    const char *name;
    int run, failed, judged;    /* judged: the oracle had a say too */
    double worst;
} tally;

typedef struct totals {
    const corpus_request *request;
    tally family[FAMILIES];
    int families, run, failed, skipped;
} totals;

/* One entry a family; there are fewer than FAMILIES of them. */
static tally *tally_of(totals *t, const char *name)
{
    int i = 0;

    while (i < t->families && strcmp(t->family[i].name, name))
        i++;
    if (i == t->families)
        t->family[t->families++] = (tally){ .name = name };
    return &t->family[i];
}

/* What is wrong with a result; "" if nothing is. */
static void compare(const corpus_problem *p, const corpus_result *result, char *fault, size_t size)
{
    fault[0] = 0;
    if (!result->hash[0])
        snprintf(fault, size, "%s", result->fault);
    else if (strcmp(p->hash, result->hash))
        snprintf(fault, size, "hash %s instead of %s; %s", result->hash, p->hash,
                 result->fault[0]    ? result->fault
                 : result->worst < 0 ? "too large for the oracle"
                                     : "within its bound");
    else if (result->fault[0])
        snprintf(fault, size, "the recorded bits, but %s", result->fault);
    else if (p->kind == CORPUS_CONV && p->standard != result->standard)
        snprintf(fault, size, "the recorded bits, but auto takes %s instead of %s", nonet_algo_name(result->standard),
                 nonet_algo_name(p->standard));
}

static void show_failure(totals *t, const corpus_problem *p, const char *fault)
{
    char text[CORPUS_LINE_MAX];

    corpus_text(p, text);
    if (t->request->text)
        fprintf(t->request->text, "FAIL  %s, line %d: %s: %s\n", t->request->replay, p->line, text, fault);
    if (t->request->json)
        fprintf(t->request->json, "%s    {\"line\": %d, \"problem\": \"%s\", \"fault\": \"%s\"}", t->failed ? ",\n" : "", p->line,
                text, fault);
}

static void replay_one(totals *t, const corpus_problem *p)
{
    corpus_result result;
    corpus_size size;
    char fault[260];

    corpus_measure(p, &size);
    if (t->request->limit > 0 && size.work > t->request->limit) {
        t->skipped++;
        return;
    }
    corpus_run(p, &t->request->options, &result);
    compare(p, &result, fault, sizeof fault);
    tally *family = tally_of(t, corpus_family(p));
    if (fault[0]) {
        show_failure(t, p, fault);
        family->failed++;
        t->failed++;
    }
    family->run++;
    t->run++;
    family->judged += result.worst >= 0;
    family->worst = result.worst > family->worst ? result.worst : family->worst;
}

static void show_text(const totals *t, FILE *out)
{
    for (int i = 0; i < t->families; i++) {
        const tally *f = &t->family[i];

        if (f->failed)
            continue;
        fprintf(out, "ok    %-16s %4d problems, the recorded bits", f->name, f->run);
        if (f->judged)
            fprintf(out, "; worst %5.3f of its bound", f->worst);
        if (f->judged < f->run)
            fprintf(out, "; %d too large for the oracle, bits only", f->run - f->judged);
        putc('\n', out);
    }
    if (t->skipped)
        fprintf(out, "SKIP  %d problems above %.0f million multiply-adds (--limit)\n", t->skipped, t->request->limit / 1e6);
    fprintf(out, "%d problems, %d failed, %d skipped\n", t->run, t->failed, t->skipped);
}

static void show_json(const totals *t, FILE *out)
{
    fprintf(out, "%s  ],\n  \"families\": [\n", t->failed ? "\n" : "");
    for (int i = 0; i < t->families; i++) {
        const tally *f = &t->family[i];

        fprintf(out, "    {\"family\": \"%s\", \"problems\": %d, \"failed\": %d, \"judged\": %d, \"worst\": %.6g}%s\n", f->name,
                f->run, f->failed, f->judged, f->worst, i + 1 < t->families ? "," : "");
    }
    fprintf(out, "  ],\n  \"problems\": %d,\n  \"failed\": %d,\n  \"skipped\": %d\n}\n", t->run, t->failed, t->skipped);
}

int corpus_replay(const corpus_request *request, const corpus *list)
{
    totals t = { .request = request };
    nonet_isa isa;

    if (nonet_isa_current(&isa) == NONET_OK && request->text)
        fprintf(request->text, "%s: %d problems, recorded by nonet %s; this is %s on %s\n", request->replay, list->count,
                list->library, nonet_version(), nonet_isa_name(isa));
    if (request->json)
        fprintf(request->json, "{\n  \"failures\": [\n");
    for (int i = 0; i < list->count; i++)
        replay_one(&t, &list->problem[i]);
    if (request->text)
        show_text(&t, request->text);
    if (request->json)
        show_json(&t, request->json);
    return t.failed ? EXIT_DATA : 0;
}

/* What the oracle does not agree with is not recorded. */
static int record_all(const corpus_request *request, corpus *list)
{
    for (int i = 0; i < list->count; i++) {
        corpus_problem *p = &list->problem[i];
        corpus_result result;
        char text[CORPUS_LINE_MAX];

        corpus_run(p, &request->options, &result);
        p->standard = result.standard;
        corpus_text(p, text);
        if (result.fault[0])
            return cli_fail(EXIT_DATA, "%s: %s; nothing is written", text, result.fault);
        memcpy(p->hash, result.hash, sizeof p->hash);
    }
    return corpus_write(request->record, list);
}

int corpus_record(const corpus_request *request)
{
    corpus list;
    int status = 0;

    if (request->shapes)
        status = corpus_shapes(request->shapes, &list);
    else if (!corpus_list(&list))
        status = cli_fail(EXIT_DATA, "%s", nonet_status_string(NONET_NO_MEMORY));
    if (status)
        return status;
    status = record_all(request, &list);
    int count = list.count;
    corpus_free(&list);
    if (status == 0)
        printf("%s: %d problems\n", request->record, count);
    return status;
}
