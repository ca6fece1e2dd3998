/* bench.c - `nonet bench`: reads the command line; bench/ measures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/shapes.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "vgg/nets.h"

enum {
    OPT_BATCH = CLI_OWN, OPT_SIZE, OPT_DENSE, OPT_MODEL, OPT_SEED, OPT_MIN_TIME, OPT_REPETITIONS, OPT_WARMUP,
    OPT_JSONL, OPT_CSV, OPT_COLD, OPT_PHASES, OPT_PEAKS, OPT_PEERS, OPT_ANONYMOUS, OPT_SHAPES,
    OPT_KERNEL, OPT_STRIDE, OPT_PAD, OPT_POOL
};
enum { BATCH_MAX = 4096, DIM_MAX = 1 << 16, SHAPE_NUMBERS = 5 };

static const char help[] =
    "Usage: nonet bench [OPTION...] NET...\n"
    "       nonet bench [OPTION...] --model FILE [NET]\n"
    "       nonet bench [OPTION...] layer N C H W K\n"
    "       nonet bench [OPTION...] --shapes FILE\n"
    "Measures the FMA peak and the read bandwidth of this machine, then times every layer of a network, or one\n"
    "convolution of a batch of N maps with C channels of H x W to K channels. Weights and inputs are random, from a seed,\n"
    "unless a model is given. Threads are pinned, one to a CPU. Networks: " VGG_NET_NAMES ".\n\n"
    "  --batch N         images in one run of a network (default 1)\n"
    "  --dense           the fully connected layers as convolutions, for inputs of any size: a map of class scores\n"
    "  --size HxW        of the input (default: what the network was trained on)\n"
    "  --model FILE      the network in a model file of any format that nonet reads\n"
    "  --seed N          of weights and inputs (default 1)\n"
    "  --min-time S      measure for at least S seconds (default 2), and at least 7 times\n"
    "  --repetitions N   measure exactly N times instead\n"
    "  --warmup N        runs before the first measurement (default 1), after one that makes the hash\n"
    "  --cold WHAT       put 'weights' or 'all' out of the caches before each measurement\n"
    "  --phases          Winograd layers: time of input transform, multiply and output transform as well\n"
    "  --peaks           peaks of every instruction set and number of threads as well; alone if there is no NET\n"
    "  --jsonl FILE, --csv FILE   the record of docs/BENCHMARKING.md as JSON lines, or as CSV\n"
    "  --peers LIST      other libraries in turn with ours, same weights, same input: onednn, nnpack, xnnpack, openblas,\n"
    "                    onnxruntime, onnxruntime-node, ncnn with commas, or all that were built ('nonet info' lists them)\n"
    "  --anonymous       the record names neither the host nor folders\n"
    "layers only:\n"
    "  --shapes FILE     every layer of a list: a line has N C H W K, then if need be kernel=R or RxS, stride=2, pad=0 or 1,\n"
    "                    pool, linear (no ReLU); # begins a remark\n"
    "  --algo LIST       besides the names below: several with commas, or all; they are measured in turn\n"
    "  --kernel N        N x N (default 3)\n"
    "  --stride N        1 (default) or 2\n"
    "  --pad N           0 or 1 (default: 1 for a 3x3 kernel, else 0)\n"
    "  --pool            with a 2x2 max pool after it\n"
    "both:\n";

typedef struct request {
    cli_common common;
    bench_settings settings;
    nonet_conv layer;
    const char *shapes;         /* a file with many, or NULL */
    const char *algos;          /* a list for a layer, or NULL */
    const char *layer_option, *net_option;  /* the last option given that only one of both takes */
} request;

static double seconds_option(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0 && seconds <= 86400))
        exit(cli_fail(EXIT_USAGE, "--min-time wants seconds from 0 to 86400, not '%s'", text));
    return seconds;
}

static bench_cold cold_option(const char *text)
{
    if (!strcmp(text, "weights"))
        return BENCH_COLD_WEIGHTS;
    if (!strcmp(text, "all"))
        return BENCH_COLD_ALL;
    exit(cli_fail(EXIT_USAGE, "--cold wants weights or all, not '%s'", text));
}

static void check_outputs(const request *r)
{
    static const char *const options[] = { "--json", "--jsonl", "--csv" };
    const char *const files[] = { r->settings.json, r->settings.jsonl, r->settings.csv };
    const char *const inputs[] = { r->settings.model, r->shapes };
    for (int i = 0; i < 3; i++) {
        cli_two_outputs(options[i], files[i], options[(i + 1) % 3], files[(i + 1) % 3]);
        cli_keep(options[i], files[i], "an input", inputs, 2);
    }
}

static int layer_option(int option, const char *value, request *r)
{
    if (option == OPT_KERNEL)
        r->layer.r = r->layer.s = (int)cli_number(r->layer_option = "--kernel", value, 1, 1024);
    else if (option == OPT_STRIDE)
        r->layer.stride = (int)cli_number(r->layer_option = "--stride", value, 1, 2);
    else if (option == OPT_PAD)
        r->layer.pad = (int)cli_number(r->layer_option = "--pad", value, 0, 1);
    else if (option == OPT_POOL) {
        r->layer_option = "--pool";
        r->layer.pool = 1;
    } else
        return 0;
    return 1;
}

static int bench_option(int option, const char *value, request *r)
{
    bench_settings *s = &r->settings;
    if (option == OPT_BATCH)
        s->batch = (int)cli_number(r->net_option = "--batch", value, 1, BATCH_MAX);
    else if (option == OPT_SIZE)
        cli_size(r->net_option = "--size", value, &s->height, &s->width);
    else if (option == OPT_DENSE) {
        r->net_option = "--dense";
        s->dense = 1;
    } else if (option == OPT_MODEL) {
        r->net_option = "--model";
        s->model = value;
    } else if (option == OPT_SEED)
        s->seed = (uint64_t)cli_number("--seed", value, 0, INT64_MAX);
    else if (option == OPT_MIN_TIME)
        s->min_time = seconds_option(value);
    else if (option == OPT_REPETITIONS)
        s->repetitions = (int)cli_number("--repetitions", value, 1, BENCH_MOST);
    else if (option == OPT_PEERS)
        s->peers = value;
    else if (option == OPT_WARMUP)
        s->warmup = (int)cli_number("--warmup", value, 0, 1000);
    else if (option == OPT_JSONL)
        s->jsonl = value;
    else if (option == OPT_CSV)
        s->csv = value;
    else if (option == OPT_COLD)
        s->cold = cold_option(value);
    else if (option == OPT_PHASES)
        s->phases = 1;
    else if (option == OPT_PEAKS)
        s->peaks = 1;
    else if (option == OPT_ANONYMOUS)
        s->anonymous = 1;
    else if (option == OPT_SHAPES)
        r->shapes = value;
    else
        return layer_option(option, value, r);
    return 1;
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        CLI_COMMON_LONG,
        { "batch", required_argument, NULL, OPT_BATCH },
        { "size", required_argument, NULL, OPT_SIZE },
        { "dense", no_argument, NULL, OPT_DENSE },
        { "model", required_argument, NULL, OPT_MODEL },
        { "seed", required_argument, NULL, OPT_SEED },
        { "min-time", required_argument, NULL, OPT_MIN_TIME },
        { "repetitions", required_argument, NULL, OPT_REPETITIONS },
        { "warmup", required_argument, NULL, OPT_WARMUP },
        { "jsonl", required_argument, NULL, OPT_JSONL },
        { "csv", required_argument, NULL, OPT_CSV },
        { "cold", required_argument, NULL, OPT_COLD },
        { "phases", no_argument, NULL, OPT_PHASES },
        { "peaks", no_argument, NULL, OPT_PEAKS },
        { "peers", required_argument, NULL, OPT_PEERS },
        { "anonymous", no_argument, NULL, OPT_ANONYMOUS },
        { "shapes", required_argument, NULL, OPT_SHAPES },
        { "layers", required_argument, NULL, OPT_SHAPES },
        { "kernel", required_argument, NULL, OPT_KERNEL },
        { "stride", required_argument, NULL, OPT_STRIDE },
        { "pad", required_argument, NULL, OPT_PAD },
        { "pool", no_argument, NULL, OPT_POOL },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s%s", help, cli_common_help);
            exit(EXIT_SUCCESS);
        }
        if (option == CLI_ALGO && (!strcmp(optarg, "all") || strchr(optarg, ',')))
            r->algos = optarg;
        else if (!bench_option(option, optarg, r) && !cli_common_option(option, optarg, &r->common))
            exit(EXIT_USAGE);
    }
}

/* "all", or names with commas between them. */
static void parse_algos(const char *list, request *r)
{
    bench_settings *s = &r->settings;
    if (!strcmp(list, "all")) {
        for (nonet_algo algo = NONET_DIRECT; algo < NONET_ALGO_COUNT; algo++)
            s->algos[s->algo_count++] = algo;
        s->skip = 1;
        return;
    }
    char words[128], *rest = words, *word;
    if (snprintf(words, sizeof words, "%s", list) >= (int)sizeof words)
        exit(cli_fail(EXIT_USAGE, "--algo takes %d names at most", BENCH_ALGOS));
    while ((word = strsep(&rest, ","))) {
        cli_common one = { 0 };
        cli_common_option(CLI_ALGO, word, &one);
        if (s->algo_count == BENCH_ALGOS)
            exit(cli_fail(EXIT_USAGE, "--algo takes %d names at most", BENCH_ALGOS));
        s->algos[s->algo_count++] = one.conv.algo;
    }
}

static nonet_vgg_status run_layer(request *r, char **numbers, int count, nonet_vgg_error *err)
{
    static const char *const names[SHAPE_NUMBERS] = { "layer: N", "layer: C", "layer: H", "layer: W", "layer: K" };
    int *const fields[SHAPE_NUMBERS] = { &r->layer.n, &r->layer.c, &r->layer.h, &r->layer.w, &r->layer.k };
    if (count != SHAPE_NUMBERS)
        exit(cli_fail(EXIT_USAGE, "layer wants five numbers: N C H W K"));
    if (r->net_option)
        exit(cli_fail(EXIT_USAGE, "%s is for networks, not for a layer", r->net_option));
    for (int i = 0; i < SHAPE_NUMBERS; i++)
        *fields[i] = (int)cli_number(names[i], numbers[i], 1, i ? DIM_MAX : BATCH_MAX);
    if (r->layer.pad < 0)
        r->layer.pad = r->layer.r == 3;
    if (r->layer.r > r->layer.h + 2 * r->layer.pad || r->layer.s > r->layer.w + 2 * r->layer.pad)
        exit(cli_fail(EXIT_USAGE, "a %dx%d kernel is larger than the map", r->layer.r, r->layer.s));
    if (r->algos)
        parse_algos(r->algos, r);
    return bench_layers(&r->settings, &r->layer, 1, err);
}

/* Algorithms that cannot compute one of the shapes may still compute the others. */
static nonet_vgg_status run_shapes(request *r, int words, nonet_vgg_error *err)
{
    bench_shapes shapes;
    if (words || r->net_option || r->layer_option)
        exit(cli_fail(EXIT_USAGE, "--shapes brings the layers; %s does not go with it",
                      words ? "a network or layer" : r->net_option ? r->net_option : r->layer_option));
    if (r->algos)
        parse_algos(r->algos, r);
    r->settings.skip = 1;
    nonet_vgg_status status = bench_shapes_read(&shapes, r->shapes, err);
    if (status != NONET_VGG_OK)
        return status;
    status = bench_layers(&r->settings, shapes.conv, shapes.count, err);
    bench_shapes_free(&shapes);
    return status;
}

static void check_net(const char *name)
{
    if (!vgg_net_find(name))
        exit(cli_fail(EXIT_USAGE, "there is no network '%s'; " VGG_NET_NAMES " are there", name));
}

static nonet_vgg_status run_nets(request *r, char **names, int count, nonet_vgg_error *err)
{
    for (int i = 0; i < count; i++)
        check_net(names[i]);
    if (r->algos)
        exit(cli_fail(EXIT_USAGE, "--algo %s: several algorithms in turn are for a layer, not for networks", r->algos));
    if (r->layer_option)
        exit(cli_fail(EXIT_USAGE, "%s is for a layer, not for networks", r->layer_option));
    if (r->settings.dense && r->settings.peers)
        exit(cli_fail(EXIT_USAGE, "--peers and --dense do not go together: the adapters have fully connected layers alone"));
    if (!count && !r->settings.model && !r->settings.peaks)
        exit(cli_fail(EXIT_USAGE, "which network? For example 'nonet bench vgg16'; 'nonet bench --help' tells more"));
    if (count > 1 && r->settings.model)
        exit(cli_fail(EXIT_USAGE, "a model file is one network, not %d", count));
    return bench_nets(&r->settings, (const char *const *)names, count, err);
}

int cmd_bench(int argc, char **argv)
{
    request r = { .settings = { .seed = 1, .batch = 1, .min_time = BENCH_MIN_TIME, .warmup = 1 },
                  .layer = { .r = 3, .s = 3, .stride = 1, .pad = -1, .relu = 1 } };
    nonet_vgg_error err = { "" };
    nonet_vgg_status status;
    parse(argc, argv, &r);
    r.settings.conv = cli_conv(&r.common);
    r.settings.json = r.common.json;
    r.settings.progress = cli_progress;
    check_outputs(&r);
    argc -= optind;
    argv += optind;
    if (r.shapes)
        status = run_shapes(&r, argc, &err);
    else if (argc > 0 && !strcmp(argv[0], "layer"))
        status = run_layer(&r, argv + 1, argc - 1, &err);
    else
        status = run_nets(&r, argv, argc, &err);
    return status == NONET_VGG_OK ? EXIT_SUCCESS : cli_fail(cli_exit_of(status), "%s", err.text);
}
