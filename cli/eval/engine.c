/* engine.c - see engine.h. */
#include "cli/eval/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/checksum.h"
#include "vgg/labels.h"
#include "vgg/model.h"

static int open_net(eval_engine *e, const cli_model *model, const cli_common *common, int batch)
{
    nonet_vgg_options options = {.net = model->net, .batch = batch, .conv = common->conv};
    nonet_vgg_error err;
    if (!model->path)
        return cli_fail(EXIT_USAGE, "which model? Name its file with --model");
    nonet_vgg_status status = nonet_vgg_open(&e->net, model->path, &options, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    nonet_vgg_query(e->net, &e->info);
    if (e->info.out_h != 1 || e->info.out_w != 1)
        return cli_fail(EXIT_DATA, "%s: ends in a map of %d x %d, not in class scores", model->path, e->info.out_h, e->info.out_w);
    return cli_prepare(&e->prepared, model, &e->info);
}

static int choose_labels(eval_engine *e, const char *path)
{
    nonet_vgg_error err;
    e->labels = e->info.labels ? e->info.labels : e->info.out_c == VGG_IMAGENET_CLASSES ? vgg_labels_imagenet : NULL;
    if (!path)
        return 0;
    nonet_vgg_status status = vgg_labels_read(&e->read_labels, &e->read_count, path, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (e->read_count != e->info.out_c)
        return cli_fail(EXIT_DATA, "%s: has %d names, but the network has %d classes", path, e->read_count, e->info.out_c);
    e->labels = (const char *const *)e->read_labels;
    return 0;
}

int eval_engine_open(eval_engine *e, const cli_model *model, const cli_common *common, int batch, const char *labels)
{
    *e = (eval_engine){.batch = batch};
    int fault = open_net(e, model, common, batch);
    if (fault == 0)
        fault = choose_labels(e, labels);
    if (fault)
        return fault;
    e->floats = (size_t)e->info.c * (size_t)e->info.h * (size_t)e->info.w;
    e->inputs = calloc((size_t)batch, e->floats * sizeof(float));
    e->scores = calloc((size_t)batch, (size_t)e->info.out_c * sizeof(float));
    return e->inputs && e->scores ? 0 : cli_fail(EXIT_DATA, "no memory for the inputs and scores");
}

void eval_engine_close(eval_engine *e)
{
    free(e->inputs);
    free(e->scores);
    vgg_labels_free(e->read_labels, e->read_count);
    nonet_vgg_close(e->net);
    *e = (eval_engine){0};
}

/* ---- the fingerprint ---- */

static int sum_file(const char *path, uint64_t *sum)
{
    vgg_model file = {0};
    nonet_vgg_error err;
    nonet_vgg_status status = vgg_model_map(&file, path, &err);
    if (status == NONET_VGG_OK)
        *sum = vgg_checksum(file.map, file.map_size);
    vgg_model_clear(&file);
    return status == NONET_VGG_OK ? 0 : cli_fail(cli_exit_of(status), "%s", err.text);
}

static void add_numbers(char *text, size_t room, const char *name, const float *numbers, int count)
{
    size_t at = strlen(text);
    at += (size_t)snprintf(text + at, room - at, ", %s", name);
    for (int i = 0; i < count && at < room; i++)
        at += (size_t)snprintf(text + at, room - at, " %.9g", (double)numbers[i]);
}

/* The instruction set, the threads and the batch make no difference to the bits; the algorithm does. */
int eval_engine_describe(const eval_engine *e, const cli_model *model, const cli_common *common, eval_header *header)
{
    const vgg_prepare *how = &e->prepared.how;
    snprintf(header->model, sizeof header->model, "%s", model->path);
    header->classes = e->info.out_c;
    snprintf(header->protocol, sizeof header->protocol, "centre, %s %dx%dx%d, algo %s, net %s", vgg_prepare_name(how->kind), how->c,
             how->h, how->w, nonet_algo_name(common->conv.algo), e->info.name);
    add_numbers(header->protocol, sizeof header->protocol, "mean", how->mean, how->c);
    if (how->kind != NONET_VGG_CAFFE)
        add_numbers(header->protocol, sizeof header->protocol, "std", how->std, how->c);
    return sum_file(model->path, &header->model_sum);
}

/* ---- judging ---- */

nonet_vgg_status eval_engine_prepare(eval_engine *e, eval_slot *slot, nonet_vgg_error *err)
{
    return vgg_prepare_picture(&e->prepared.how, &slot->picture, slot->input, err);
}

/* A batch that is not full is filled up with zeros: the network's batch is fixed. */
static const float *full_batch(eval_engine *e, const eval_slot *slots, int count)
{
    if (count == e->batch)
        return slots[0].input;
    memcpy(e->inputs, slots[0].input, (size_t)count * e->floats * sizeof(float));
    memset(e->inputs + (size_t)count * e->floats, 0, (size_t)(e->batch - count) * e->floats * sizeof(float));
    return e->inputs;
}

nonet_vgg_status eval_engine_judge(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    nonet_vgg_status status = nonet_vgg_forward(e->net, full_batch(e, slots, count), e->scores, NULL, err);
    for (int i = 0; status == NONET_VGG_OK && i < count; i++) {
        float *scores = e->scores + (size_t)i * (size_t)e->info.out_c;
        if (slots[i].fault) {
            snprintf(rows[i].fault, sizeof rows[i].fault, "%s", slots[i].fault);
            continue;
        }
        if (!e->info.ends_in_softmax)
            nonet_softmax(1, e->info.out_c, scores, scores);
        eval_row_rank(&rows[i], scores, e->info.out_c);
    }
    return status;
}
