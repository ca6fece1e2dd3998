/* problems.c - see problems.h. */
#include "cli/problems.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/shapes.h"
#include "vgg/net.h"
#include "vgg/nets.h"

enum { BATCH_MAX = 4096, DIM_MAX = 1 << 16, SHAPE_NUMBERS = 5, PROBLEMS_MOST = 4096 };

const char cli_problems_help[] =
    "  --threads LIST    numbers of threads, with commas between them (default: as for `nonet bench`)\n"
    "  --batch LIST      images in one run of a network (default 1)\n"
    "  --model FILE      the network in a model file\n"
    "  --shapes FILE     every layer of a list, as for `nonet bench`\n"
    "  --kernel N, --stride N, --pad N, --pool   of `layer`: N x N (default 3), 1 or 2, 0 or 1 (default: 1 for 3x3), 2x2 max "
    "pool\n"
    "  --any-algorithm   other algorithms than the default's too: their results differ in the last bits\n"
    "  --isa, --algo, --fc-weights, --winograd-weights   as for `nonet bench`\n"
    "  --help            this text\n";

number_list cli_numbers(const char *option, const char *text, long min, long max)
{
    number_list list = { { 0 }, 0 };
    char words[256], *rest = words, *word;
    if (snprintf(words, sizeof words, "%s", text) >= (int)sizeof words)
        exit(cli_fail(EXIT_USAGE, "%s: the list is too long", option));
    while ((word = strsep(&rest, ","))) {
        if (list.count == LIST_MOST)
            exit(cli_fail(EXIT_USAGE, "%s takes %d numbers at most", option, LIST_MOST));
        list.number[list.count++] = (int)cli_number(option, word, min, max);
    }
    return list;
}

int cli_problems_option(int option, const char *value, problem_words *words, int *any)
{
    switch (option) {
    case CLI_THREADS:
        words->threads = cli_numbers("--threads", value, 1, 4096);
        return 1;
    case CLI_BATCH:
        words->batch = cli_numbers("--batch", value, 1, BATCH_MAX);
        return 1;
    case CLI_SHAPES:
        words->shapes = value;
        return 1;
    case CLI_NET_MODEL:
        words->model = value;
        return 1;
    case CLI_KERNEL:
        words->layer.r = words->layer.s = (int)cli_number("--kernel", value, 1, 1024);
        return 1;
    case CLI_STRIDE:
        words->layer.stride = (int)cli_number("--stride", value, 1, 2);
        return 1;
    case CLI_PAD:
        words->layer.pad = (int)cli_number("--pad", value, 0, 1);
        return 1;
    case CLI_POOL:
        words->layer.pool = 1;
        return 1;
    case CLI_ANY:
        *any = 1;
        return 1;
    default:
        return 0;
    }
}

/* ---- the list ---- */

static int equal(const tune_problem *a, const tune_problem *b)
{
    nonet_profile_row x = { .p = nonet_profile_problem(&a->p), .fc = a->fc, .threads = a->threads };
    nonet_profile_row y = { .p = nonet_profile_problem(&b->p), .fc = b->fc, .threads = b->threads };
    return nonet_profile_compare(&x, &y) == 0;
}

static int append(problem_list *list, const tune_problem *problem)
{
    if (list->count == PROBLEMS_MOST)
        return cli_fail(EXIT_USAGE, "more than %d different layers", PROBLEMS_MOST);
    if (list->count == list->room) {
        int room = list->room ? 2 * list->room : 64;
        tune_problem *items = realloc(list->items, (size_t)room * sizeof *items);
        if (!items)
            return cli_fail(EXIT_DATA, "not enough memory");
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *problem;
    return 0;
}

/* Layers that are the same problem are one, with both names. */
static int add(problem_list *list, const tune_problem *problem)
{
    for (int i = 0; i < list->count; i++) {
        tune_problem *at = &list->items[i];
        size_t used = strlen(at->name);
        if (!equal(at, problem))
            continue;
        at->times++;
        if (!strstr(at->name, problem->name))
            snprintf(at->name + used, sizeof at->name - used, " %.40s", problem->name);
        return 0;
    }
    return append(list, problem);
}

static int add_for_threads(problem_list *list, tune_problem *problem, const number_list *threads, nonet_algo algo)
{
    int fault = 0;
    problem->times = 1;
    problem->asked = nonet_algo_applies(&problem->p, algo) ? algo : NONET_AUTO;     /* as networks do */
    for (int i = 0; i < threads->count && !fault; i++) {
        problem->threads = nonet_threads_for(threads->number[i]);
        fault = add(list, problem);
    }
    return fault;
}

/* ---- networks ---- */

/* The steps' problems, as running the network gives them to the kernels; no weights are made. */
static int add_steps(problem_list *list, const nonet_vgg *net, const problem_words *w)
{
    const number_list threads = { { net->options.conv.threads }, 1 };
    int fault = 0;
    for (int i = 0; i < net->count && !fault; i++) {
        const vgg_step *step = &net->steps[i];
        if (step->layer.type != VGG_CONV && step->layer.type != VGG_FC)
            continue;
        tune_problem problem = { .p = step->conv, .fc = step->layer.type == VGG_FC ? w->conv.fc_weights : NONET_FC_F32 };
        problem.p.stride = problem.p.stride ? problem.p.stride : 1;
        snprintf(problem.name, sizeof problem.name, "%.40s", step->layer.name);
        fault = add_for_threads(list, &problem, &threads, w->conv.algo);
    }
    return fault;
}

static void release_net(nonet_vgg *net)
{
    vgg_free_steps(net->steps, net->count);
    free(net->pins);
    net->steps = NULL;
    net->pins = NULL;
    net->count = net->pinned = 0;
}

/* Threads have a say in how many images the early steps take at a time: vgg/passes.c. */
static int add_model_for(problem_list *list, const vgg_model *model, const problem_words *w, int batch, int threads)
{
    nonet_vgg_error err = { "" };
    nonet_vgg net = { .model = *model, .batch = batch, .h = model->h, .w = model->w };
    net.options.conv = w->conv;
    net.options.conv.threads = nonet_threads_for(threads);
    nonet_vgg_status status = NONET_VGG_OK;
    if (!net.h || !net.w)
        status = vgg_input_size(&net.model, &net.h, &net.w, &err);
    if (status == NONET_VGG_OK)
        status = vgg_build_steps(&net, &err);
    int fault = status == NONET_VGG_OK ? add_steps(list, &net, w) : cli_fail(cli_exit_of(status), "%s", err.text);
    release_net(&net);
    return fault;
}

/* model: layers and input size, without weights or with those of a file. */
static int add_model(problem_list *list, vgg_model *model, const problem_words *w)
{
    int fault = 0;
    for (int i = 0; i < w->batch.count && !fault; i++)
        for (int j = 0; j < w->threads.count && !fault; j++)
            fault = add_model_for(list, model, w, w->batch.number[i], w->threads.number[j]);
    vgg_model_clear(model);
    return fault;
}

static int add_net(problem_list *list, const char *name, const problem_words *w)
{
    nonet_vgg_error err = { "" };
    vgg_model model;
    const vgg_netspec *spec = vgg_net_find(name);
    if (!spec)
        return cli_fail(EXIT_USAGE, "there is no network '%s'; " VGG_NET_NAMES " are there, or `layer N C H W K`", name);
    if (vgg_model_from_spec(&model, spec, 1, &err) != NONET_VGG_OK)
        return cli_fail(EXIT_DATA, "%s", err.text);
    return add_model(list, &model, w);
}

static int add_file_model(problem_list *list, const problem_words *w)
{
    nonet_vgg_error err = { "" };
    vgg_model model = { .path = "" };
    nonet_vgg_status status = vgg_model_open(&model, w->model, NULL, &err);
    if (status == NONET_VGG_OK)
        status = vgg_model_fold(&model, &err);
    if (status == NONET_VGG_OK)
        return add_model(list, &model, w);
    vgg_model_clear(&model);
    return cli_fail(cli_exit_of(status), "%s", err.text);
}

/* ---- single layers ---- */

/* In the layouts that a network would have. */
static int add_layer(problem_list *list, nonet_conv p, const problem_words *w, const char *where)
{
    int oh, ow;
    p.src_layout = p.c <= NONET_FEW_CHANNELS ? NONET_NCHW : NONET_NCHW16C;
    p.dst_layout = NONET_NCHW16C;
    nonet_status status = nonet_conv_output(&p, &oh, &ow);
    if (status != NONET_OK)
        return cli_fail(EXIT_USAGE, "%s: %s", where, nonet_status_string(status));
    int whole = p.r == p.h && p.s == p.w && !p.pad;
    tune_problem problem = { .p = p, .fc = whole ? w->conv.fc_weights : NONET_FC_F32 };
    snprintf(problem.name, sizeof problem.name, "%dx%dx%dx%dx%d", p.n, p.c, p.h, p.w, p.k);
    return add_for_threads(list, &problem, &w->threads, w->conv.algo);
}

static int add_words(problem_list *list, const problem_words *w)
{
    static const char *const names[SHAPE_NUMBERS] = { "layer: N", "layer: C", "layer: H", "layer: W", "layer: K" };
    nonet_conv p = w->layer;
    int *const fields[SHAPE_NUMBERS] = { &p.n, &p.c, &p.h, &p.w, &p.k };
    if (w->count != 1 + SHAPE_NUMBERS)
        return cli_fail(EXIT_USAGE, "layer wants five numbers: N C H W K");
    for (int i = 0; i < SHAPE_NUMBERS; i++)
        *fields[i] = (int)cli_number(names[i], w->words[1 + i], 1, i ? DIM_MAX : BATCH_MAX);
    p.r = p.r ? p.r : 3;
    p.s = p.s ? p.s : 3;
    p.stride = p.stride ? p.stride : 1;
    p.pad = p.pad < 0 ? p.r == 3 : p.pad;
    p.relu = 1;
    return add_layer(list, p, w, "layer");
}

static int add_shapes(problem_list *list, const problem_words *w)
{
    bench_shapes shapes;
    nonet_vgg_error err;
    char where[64];
    int fault = 0;
    nonet_vgg_status status = bench_shapes_read(&shapes, w->shapes, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    for (int i = 0; i < shapes.count && !fault; i++) {
        snprintf(where, sizeof where, "line %d of the shapes", shapes.line[i]);
        fault = add_layer(list, shapes.conv[i], w, where);
    }
    bench_shapes_free(&shapes);
    return fault;
}

int cli_problems(problem_list *list, const problem_words *given)
{
    problem_words w = *given;
    int fault = 0;
    *list = (problem_list){ 0 };
    if (!w.threads.count)
        w.threads = (number_list){ { nonet_threads_for(0) }, 1 };
    if (!w.batch.count)
        w.batch = (number_list){ { 1 }, 1 };
    int layer = w.count && !strcmp(w.words[0], "layer");
    if (given->batch.count && !w.model && (layer || !w.count))
        return cli_fail(EXIT_USAGE, "--batch is for networks, not for a layer: its first number is the batch");
    if (!layer && (w.layer.r || w.layer.stride || w.layer.pad >= 0 || w.layer.pool))
        return cli_fail(EXIT_USAGE, "--kernel, --stride, --pad and --pool are for `layer`");
    if (!w.count && !w.shapes && !w.model)
        return cli_fail(EXIT_USAGE, "which network? For example 'nonet %s vgg16'; 'nonet %s --help' tells more", cli_command,
                        cli_command);
    if (layer)
        fault = add_words(list, &w);
    else
        for (int i = 0; i < w.count && !fault; i++)
            fault = add_net(list, w.words[i], &w);
    if (w.model && !fault)
        fault = add_file_model(list, &w);
    if (w.shapes && !fault)
        fault = add_shapes(list, &w);
    return fault ? fault : list->count ? 0 : cli_fail(EXIT_DATA, "there is no layer to look at");
}

void cli_problems_free(problem_list *list)
{
    free(list->items);
    *list = (problem_list){ 0 };
}

void cli_problem_shape(const tune_problem *problem, char *text, size_t size)
{
    const nonet_conv *p = &problem->p;
    char batch[16] = "";
    if (p->n > 1)
        snprintf(batch, sizeof batch, "%d x ", p->n);
    snprintf(text, size, "%s%dx%dx%d -> %d%s%s", batch, p->c, p->h, p->w, p->k, p->stride == 2 ? " stride 2" : "",
             p->pool ? " pool" : "");
}
