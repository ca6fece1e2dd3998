/* eval.c - `nonet eval`: error rates of a network on labelled pictures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/eval/merge.h"
#include "cli/eval/ranks.h"
#include "vgg/labels.h"

static const char help[] =
    "Usage: nonet eval PICTURES --model FILE [OPTION...]\n"
    "       nonet eval --merge RESULTS...\n"
    "Tells the top-1 and top-5 error of networks on labelled pictures, with 95 per cent intervals (Wilson). PICTURES is a\n"
    "folder with a folder a class, a folder with --list, or an IDX file (MNIST's format, gzip too). Pictures that cannot\n"
    "be read are listed and do not count. Pictures are prepared as by `nonet classify`, beside the computing. With --task\n"
    "localise the lines of --list are `name label x0 y0 x1 y1`, with four more numbers for each further box of the class;\n"
    "a picture is right if the class is, and its box shares half of its union, or more, with one of these.\n\n"
    "  --model FILE      .safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content\n"
    "  --list FILE       lines `name label`, names relative to PICTURES; or the IDX file of labels (default: PICTURES with\n"
    "                    images-idx3 replaced by labels-idx1). A label is a class's number from 0, its name, or the first word\n"
    "                    of its name; so are the names of a folder's folders, or they are as many as the classes, in order\n"
    "  --labels FILE     names of the classes, one a line (default: the model's own, else ImageNet's if there are 1000)\n"
    "  --batch N         pictures in one forward, 1 to 1024 (default 8)\n"
    "  --limit N         only the first N pictures of the list\n"
    "  --shard I/N       only every N-th picture, from the I-th on: a part for one of N machines\n"
    "  --results FILE    append a line of JSON a picture to FILE as it goes, or a record of CSV if its name ends in .csv\n"
    "  --results-format NAME  jsonl or csv, whatever its name\n"
    "  --resume          go on with the results in FILE, of the same model, protocol, pictures and shard\n"
    "  --merge           the arguments are results files, of the shards of one evaluation: print their totals\n"
    "  --per-class       a line a class too\n"
    "  --confused N      the N pairs most often confused (default 5)\n"
    "  --verbose         also tell memory, pictures a second, and how long the kernels waited for pictures\n";
static const char help_end[] =
    "\n`mpirun -n N nonet-mpi eval ...` (make mpi) shares the pictures among N processes, with the same totals and results.\n"
    "Errors: exit status 1 if the model, list or results cannot be used or no picture can be read, 2 for a wrong option.\n"
    "Example: nonet eval val --list val.txt --model vgg16.nonet --results val.jsonl --resume\n";

enum {
    OPT_LIST = CLI_OWN, OPT_LABELS, OPT_BATCH, OPT_LIMIT, OPT_SHARD, OPT_RESULTS, OPT_RESUME, OPT_MERGE, OPT_PER_CLASS,
    OPT_CONFUSED, OPT_VERBOSE, OPT_RESULTS_FORMAT
};
enum { BATCH_DEFAULT = 8, BATCH_MAX = 1024, SHARDS_MAX = 1000000 };

typedef struct request {
    char **path;
    int paths;
    const char *list, *results, *results_format;
    int resume, merge, verbose, shard, shards;
    int64_t limit;              /* 0: none */
    eval_shown shown;
    cli_common common;
    eval_engine_options engine;
    int rank, ranks;
} request;

/* ---- the command line ---- */

static void read_shard(const char *text, request *r)
{
    int used = 0;
    if (strspn(text, "0123456789/") != strlen(text) || sscanf(text, "%7d/%7d%n", &r->shard, &r->shards, &used) != 2 ||
        text[used] || r->shard < 1 || r->shard > r->shards || r->shards > SHARDS_MAX)
        exit(cli_fail(EXIT_USAGE, "--shard wants I/N with I from 1 to N, such as 2/4, not '%s'", text));
}

static int take_number(int option, const char *value, request *r)
{
    if (option == OPT_BATCH)
        r->engine.batch = (int)cli_number("--batch", value, 1, BATCH_MAX);
    else if (option == OPT_LIMIT)
        r->limit = cli_number("--limit", value, 1, INT64_MAX);
    else if (option == OPT_CONFUSED)
        r->shown.confused = (int)cli_number("--confused", value, 0, 1000000);
    else if (option == OPT_SHARD)
        read_shard(value, r);
    else
        return 0;
    return 1;
}

static int take_flag(int option, request *r)
{
    r->resume |= option == OPT_RESUME;
    r->merge |= option == OPT_MERGE;
    r->shown.per_class |= option == OPT_PER_CLASS;
    r->verbose |= option == OPT_VERBOSE;
    return option == OPT_RESUME || option == OPT_MERGE || option == OPT_PER_CLASS || option == OPT_VERBOSE;
}

static int take_name(int option, const char *value, request *r)
{
    if (option == OPT_LIST)
        r->list = value;
    else if (option == OPT_LABELS)
        r->engine.labels = value;
    else if (option == OPT_RESULTS)
        r->results = value;
    else if (option == OPT_RESULTS_FORMAT)
        r->results_format = value;
    else
        return 0;
    return 1;
}

static void take_option(int option, request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s%s%s%s", help, cli_protocol_help, cli_localise_help, cli_model_help, cli_common_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (!take_flag(option, r) && !take_name(option, optarg, r) && !take_number(option, optarg, r) &&
        !cli_protocol_option(option, optarg, &r->engine.protocol) && !cli_model_option(option, optarg, &r->engine.model) &&
        !cli_localise_option(option, optarg, &r->engine.localise) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

static void check_outputs(const request *r)
{
    const char *json = r->common.json;
    cli_no_stream("--results", r->results);
    cli_two_outputs("--results", r->results, "--json", json);
    cli_keep("--json", json, r->merge ? "results" : "the pictures", (const char *const *)r->path, r->paths);
    cli_keep("--json", json, "the list", &r->list, 1);
    cli_keep("--json", json, "a model", r->engine.protocol.model, r->engine.protocol.models);
    cli_keep("--json", json, "a network of boxes", r->engine.localise.net, r->engine.localise.nets);
    cli_keep("--json", json, "the labels", &r->engine.labels, 1);
}

static void check(const request *r)
{
    if (r->merge && r->paths == 0)
        exit(cli_fail(EXIT_USAGE, "which results? Name the files after --merge"));
    if (r->merge && (r->results || r->resume || r->list || r->engine.protocol.models || r->engine.localise.wanted || r->limit ||
                     r->shards > 1))
        exit(cli_fail(EXIT_USAGE, "--merge takes results files, --labels, --per-class, --confused and --json only"));
    if (!r->merge && r->paths != 1)
        exit(cli_fail(EXIT_USAGE, "which pictures? Name one folder or one IDX file, not %d", r->paths));
    if ((r->resume || r->results_format) && !r->results)
        exit(cli_fail(EXIT_USAGE, "--resume and --results-format are for a file: name it with --results"));
    if (r->results_format && strcmp(r->results_format, "csv") != 0 && strcmp(r->results_format, "jsonl") != 0)
        exit(cli_fail(EXIT_USAGE, "--results-format knows jsonl and csv, not '%s'", r->results_format));
    cli_localise_check(&r->engine.localise);
    if (r->engine.localise.wanted && !r->merge && !r->list)
        exit(cli_fail(EXIT_USAGE, "where are things in the pictures? Name a list with boxes with --list"));
    if (!r->merge && !r->engine.protocol.models)
        exit(cli_fail(EXIT_USAGE, "which model? Name its file with --model"));
    check_outputs(r);
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        {"list", required_argument, NULL, OPT_LIST}, {"labels", required_argument, NULL, OPT_LABELS},
        {"batch", required_argument, NULL, OPT_BATCH}, {"limit", required_argument, NULL, OPT_LIMIT},
        {"shard", required_argument, NULL, OPT_SHARD}, {"results", required_argument, NULL, OPT_RESULTS},
        {"resume", no_argument, NULL, OPT_RESUME}, {"merge", no_argument, NULL, OPT_MERGE},
        {"results-format", required_argument, NULL, OPT_RESULTS_FORMAT},
        {"per-class", no_argument, NULL, OPT_PER_CLASS}, {"confused", required_argument, NULL, OPT_CONFUSED},
        {"verbose", no_argument, NULL, OPT_VERBOSE}, CLI_MODEL_LONG, CLI_PROTOCOL_LONG,
        CLI_LOCALISE_LONG, CLI_COMMON_LONG, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(option, r);
    r->path = argv + optind;
    r->paths = argc - optind;
    check(r);
}

/* ---- the report ---- */

static void json_report(json_out *out, const request *r, const eval_header *h, eval_totals *totals, int64_t missing,
                        const eval_times *times)
{
    json_begin(out, NULL, '{');
    json_text(out, "nonet_version", nonet_version());
    json_text(out, "model", h->model);
    json_text(out, "data", h->data);
    json_text(out, "protocol", h->protocol);
    json_whole(out, "classes", h->classes);
    json_whole(out, "pictures", h->pictures);
    json_whole(out, "missing", missing);
    eval_totals_json(totals, &r->shown, out);
    if (times) {
        json_real(out, "seconds", times->judging + times->waiting);
        json_real(out, "waiting_seconds", times->waiting);
        json_whole(out, "judged_now", times->pictures);
    }
    json_end(out, '}');
}

/* Prints the totals; 0, or the exit status. missing: pictures of the list that were not judged here. */
static int report(const request *r, const eval_header *h, eval_totals *totals, int64_t missing, const eval_times *times)
{
    json_out out;
    if (!r->common.json || strcmp(r->common.json, "-") != 0) {
        eval_totals_print(totals, &r->shown, stdout);
        if (missing)
            printf("%lld of the %lld pictures are not among these results\n", (long long)missing, (long long)h->pictures);
    }
    if (r->common.json) {
        if (!emit_open(&out, r->common.json))
            return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
        json_report(&out, r, h, totals, missing, times);
        if (!emit_close(&out))
            return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    }
    return totals->judged || !totals->unreadable ? 0 : cli_fail(EXIT_DATA, "none of the pictures can be read");
}

static void tell_times(const request *r, const eval_engine *engine, const eval_times *t)
{
    double all = t->judging + t->waiting;
    fprintf(stderr, "memory of the network: %.1f MiB\n", (double)eval_engine_memory(engine) / 1048576);
    fprintf(stderr, "%lld pictures%s in %.2f s: %.1f a second; the kernels waited for pictures %.2f %% of that time\n",
            (long long)t->pictures, r->ranks > 1 ? " of rank 0" : "", all, all > 0 ? (double)t->pictures / all : 0,
            all > 0 ? 100 * t->waiting / all : 0);
}

/* ---- merging ---- */

static int merge_all(request *r)
{
    eval_header header = { 0 };
    eval_totals totals;
    int64_t missing;
    char **labels = NULL;
    int count = 0, fault = eval_merge(r->path, r->paths, &header, &totals, &missing);
    if (fault == 0 && r->engine.labels) {
        nonet_vgg_error err;
        nonet_vgg_status status = vgg_labels_read(&labels, &count, r->engine.labels, &err);
        fault = status == NONET_VGG_OK ? 0 : cli_fail(cli_exit_of(status), "%s", err.text);
        if (fault == 0 && count != header.classes)
            fault = cli_fail(EXIT_DATA, "%s: has %d names, but there are %d classes", r->engine.labels, count, header.classes);
    }
    r->shown.labels = labels ? (const char *const *)labels : header.classes == VGG_IMAGENET_CLASSES ? vgg_labels_imagenet : NULL;
    if (fault == 0)
        fault = report(r, &header, &totals, missing, NULL);
    vgg_labels_free(labels, count);
    eval_totals_close(&totals);
    return fault;
}

/* ---- judging ---- */

static int ends_in_csv(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".csv") == 0;
}

static int describe(const request *r, const eval_engine *engine, const vgg_dataset *set, eval_header *header)
{
    *header = (eval_header){.list_sum = vgg_dataset_sum(set), .pictures = set->count, .shard = r->shard, .shards = r->shards};
    snprintf(header->data, sizeof header->data, "%s", r->path[0]);
    if (r->limit && r->limit < set->count)
        header->pictures = r->limit;
    header->located = r->engine.localise.wanted;
    if (r->results)
        header->csv = r->results_format ? strcmp(r->results_format, "csv") == 0 : ends_in_csv(r->results);
    return eval_engine_describe(engine, &r->engine, header);
}

/* Rank 0, or the only process. */
static int lead(const request *r, eval_engine *engine, const vgg_dataset *set, const eval_header *header)
{
    eval_boss boss;
    eval_times times;
    const uint64_t sums[2] = {header->model_sum, header->list_sum};
    int fault = eval_boss_open(&boss, set, header, r->results, r->resume);
    eval_work work = eval_boss_work(&boss);
    if (fault == 0)
        fault = eval_ranks_serve(&work, sums);
    if (fault == 0)
        fault = eval_work_run(&work, engine, set, &times);
    eval_ranks_end(fault);
    eval_progress_wipe(&boss.progress);
    if (fault == 0 && r->verbose)
        tell_times(r, engine, &times);
    if (fault == 0) {
        const eval_totals *t = &boss.totals;
        fault = report(r, header, &boss.totals, header->pictures - t->judged - t->unreadable, &times);
    }
    int closed = eval_boss_close(&boss);
    return fault ? fault : closed;
}

static int follow(eval_engine *engine, const vgg_dataset *set, const eval_header *header)
{
    eval_times times;
    const uint64_t sums[2] = {header->model_sum, header->list_sum};
    eval_work work = eval_ranks_work(sums);
    int fault = eval_work_run(&work, engine, set, &times);
    eval_ranks_end(fault);
    return fault;
}

static int judge_all(request *r)
{
    eval_engine engine;
    vgg_dataset set = {0};
    eval_header header;
    nonet_vgg_error err;
    int fault = eval_engine_open(&engine, &r->engine);
    const vgg_classes classes = {.count = engine.info.out_c, .names = engine.labels};
    nonet_vgg_status status = NONET_VGG_OK;
    if (fault == 0)
        status = vgg_dataset_open(&set, r->path[0], r->list, &classes, r->engine.localise.wanted, &err);
    engine.set = &set;
    if (status != NONET_VGG_OK)
        fault = cli_fail(cli_exit_of(status), "%s", err.text);
    if (fault == 0 && r->rank == 0 && r->common.json && !emit_possible(r->common.json))     /* before the work, not after it */
        fault = cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    if (fault == 0)
        fault = describe(r, &engine, &set, &header);
    r->shown.labels = engine.labels;
    if (fault)
        eval_ranks_end(fault);
    else
        fault = r->rank == 0 ? lead(r, &engine, &set, &header) : follow(&engine, &set, &header);
    vgg_dataset_close(&set);
    eval_engine_close(&engine);
    return fault;
}

int cmd_eval(int argc, char **argv)
{
    request r = {.engine = {.batch = BATCH_DEFAULT}, .shard = 1, .shards = 1, .shown = {.confused = 5}};
    parse(argc, argv, &r);
    r.engine.conv = cli_conv(&r.common);
    if (r.merge)
        return merge_all(&r);
    int fault = eval_ranks_start(&r.rank, &r.ranks);
    return fault ? fault : judge_all(&r);
}
