/* engine.c - see engine.h. */
#include "cli/eval/engine.h"
#include "cli/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/checksum.h"
#include "vgg/labels.h"
#include "vgg/model.h"

static int is_plain(const eval_engine_options *o)
{
    const cli_protocol *p = &o->protocol;
    return !o->localise.wanted && p->protocol.kind == VGG_CENTRE && !p->protocol.flip && p->models == 1 && !p->weights &&
           !p->scales && !p->train_scale && !p->max_memory;
}

static int open_plain(eval_engine *e, const eval_engine_options *o)
{
    const char *path = o->protocol.model[0];
    nonet_vgg_options options = {.net = o->model.net, .batch = o->batch, .conv = o->conv, .keep_threads = 1,
                                 .verify = o->model.verify, .progress = cli_progress};
    nonet_vgg_error err;
    nonet_vgg_status status = nonet_vgg_open(&e->net, path, &options, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    nonet_vgg_query(e->net, &e->info);
    cli_tell_unfit(&e->info, path);
    if (e->info.out_h != 1 || e->info.out_w != 1)
        return cli_fail(EXIT_DATA, "%s: ends in a map of %d x %d, not in class scores", path, e->info.out_h, e->info.out_w);
    e->floats = (size_t)e->info.c * (size_t)e->info.h * (size_t)e->info.w;
    e->inputs = calloc((size_t)e->batch, e->floats * sizeof(float));
    return e->inputs ? cli_prepare(&e->prepared, &o->model, &e->info) : cli_fail(EXIT_DATA, "no memory for the inputs");
}

static int open_evaluator(eval_engine *e, const eval_engine_options *o)
{
    cli_protocol protocol = o->protocol;
    protocol.dense = o->localise.wanted && cli_box_protocol(&o->localise, &o->protocol) == VGG_DENSE;
    int fault = cli_evaluator_open(&e->evaluator, &protocol, &o->model, &o->conv, o->batch);
    if (fault)
        return fault;
    e->info = *vgg_evaluator_info(e->evaluator, 0);
    if (o->localise.wanted)
        fault = cli_localiser_open(&e->localiser, e->evaluator, &o->localise, &protocol, &o->model, &o->conv);
    if (fault)
        return fault;
    e->pictures = calloc((size_t)e->batch, sizeof *e->pictures);
    return e->pictures ? 0 : cli_fail(EXIT_DATA, "no memory for the pictures");
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

int eval_engine_open(eval_engine *e, const eval_engine_options *o)
{
    *e = (eval_engine){.batch = o->batch};
    int fault = is_plain(o) ? open_plain(e, o) : open_evaluator(e, o);
    if (fault == 0)
        fault = choose_labels(e, o->labels);
    if (fault)
        return fault;
    e->scores = calloc((size_t)e->batch, (size_t)e->info.out_c * sizeof(float));
    return e->scores ? 0 : cli_fail(EXIT_DATA, "no memory for the scores");
}

void eval_engine_close(eval_engine *e)
{
    free(e->inputs);
    free(e->pictures);
    free(e->scores);
    vgg_labels_free(e->read_labels, e->read_count);
    nonet_vgg_close(e->net);
    vgg_localiser_close(e->localiser);
    vgg_evaluator_close(e->evaluator);
    *e = (eval_engine){0};
}

size_t eval_engine_memory(const eval_engine *e)
{
    if (e->localiser)
        return vgg_localiser_memory(e->localiser);
    return e->evaluator ? vgg_evaluator_memory(e->evaluator) : e->info.memory;
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

/* Appends to a text that is shortened when it does not fit. */
__attribute__((format(printf, 3, 4))) static void add(char *text, size_t room, const char *format, ...)
{
    size_t at = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + at, room - at, format, args);
    va_end(args);
}

static void add_protocol(const cli_protocol *p, char *text, size_t room)
{
    add(text, room, "%s%s", vgg_protocol_name(p->protocol.kind), p->protocol.flip ? " and mirror image" : "");
    if (p->scales || p->train_scale)
        add(text, room, ", scales %s", p->scales ? p->scales : "S");
    if (p->train_scale)
        add(text, room, ", S %d", p->train_scale);
    for (int i = 0; i < p->weights; i++)
        add(text, room, "%s%.17g", i ? "," : ", weights ", p->weight[i]);
}

/* What the options change; the rest is in the model's file, whose bytes are summed. Instruction set, threads and batch make no
 * difference to the bits; the algorithm does. */
static void add_model(const eval_engine_options *o, char *text, size_t room)
{
    const cli_model *m = &o->model;
    add(text, room, ", algo %s", nonet_algo_name(o->conv.algo));
    if (m->net)
        add(text, room, ", net %s", m->net);
    if (m->kind_set)
        add(text, room, ", %s", vgg_prepare_name(m->kind));
    for (int i = 0; i < m->means; i++)
        add(text, room, "%s%.9g", i ? "," : ", mean ", (double)m->mean[i]);
    for (int i = 0; i < m->stds; i++)
        add(text, room, "%s%.9g", i ? "," : ", std ", (double)m->std[i]);
}

static void add_localise(const eval_engine_options *o, char *text, size_t room)
{
    const cli_localise *l = &o->localise;
    if (!l->wanted)
        return;
    add(text, room, "; boxes: %s, merged within %.17g, in %s", vgg_protocol_name(cli_box_protocol(l, &o->protocol)),
        l->merge > 0 ? l->merge : VGG_MERGE_DISTANCE, l->pixels ? "pixels" : "fractions");
    if (l->scales)
        add(text, room, ", scales %s", l->scales);
}

/* Appends a file's name and its checksum. */
static int add_file(eval_header *header, const char *before, const char *path)
{
    uint64_t sums[2] = {header->model_sum, 0};
    add(header->model, sizeof header->model, "%s%s", before, path);
    int fault = sum_file(path, &sums[1]);
    header->model_sum = vgg_checksum(sums, sizeof sums);
    return fault;
}

int eval_engine_describe(const eval_engine *e, const eval_engine_options *o, eval_header *header)
{
    header->classes = e->info.out_c;
    header->protocol[0] = header->model[0] = 0;
    add_protocol(&o->protocol, header->protocol, sizeof header->protocol);
    add_model(o, header->protocol, sizeof header->protocol);
    add_localise(o, header->protocol, sizeof header->protocol);
    int fault = 0;
    for (int i = 0; fault == 0 && i < o->protocol.models; i++)
        fault = add_file(header, i ? "," : "", o->protocol.model[i]);
    for (int i = 0; fault == 0 && i < o->localise.nets; i++)
        fault = add_file(header, i ? "," : "; boxes: ", o->localise.net[i]);
    return fault;
}

/* ---- judging ---- */

nonet_vgg_status eval_engine_prepare(eval_engine *e, eval_slot *slot, nonet_vgg_error *err)
{
    return e->evaluator ? NONET_VGG_OK : vgg_prepare_picture(&e->prepared.how, &slot->picture, slot->input, err);
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

/* A picture whose scores are not numbers counts as one that cannot be read. */
static void rank(const eval_engine *e, eval_row *row, const float *scores)
{
    nonet_vgg_error err;
    char room[24];
    nonet_vgg_status status = vgg_check_scores(scores, e->info.out_c, &err);
    if (status == NONET_VGG_OK) {
        eval_row_rank(row, scores, e->info.out_c);
        return;
    }
    vgg_picture_blame(status, vgg_dataset_name(e->set, row->index, room), &err);
    vgg_shorten(row->fault, sizeof row->fault, err.text);
}

static nonet_vgg_status judge_plain(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    nonet_vgg_status status = nonet_vgg_forward(e->net, full_batch(e, slots, count), e->scores, NULL, err);
    for (int i = 0; status == NONET_VGG_OK && i < count; i++) {
        float *scores = e->scores + (size_t)i * (size_t)e->info.out_c;
        if (slots[i].fault)
            continue;
        if (!e->info.ends_in_softmax)
            nonet_softmax(1, e->info.out_c, scores, scores);
        rank(e, &rows[i], scores);
    }
    return status;
}

static void take_box(const eval_engine *e, eval_row *row, int place, const vgg_found *found)
{
    const vgg_dataset *set = e->set;
    const double edges[4] = {found->box.x0, found->box.y0, found->box.x1, found->box.y1};
    for (int i = 0; i < 4; i++)
        row->box[place][i] = found->of ? (float)edges[i] : NAN;
    for (int64_t i = set->first_box[row->index]; found->of && i < set->first_box[row->index + 1]; i++)
        if (vgg_box_iou(&found->box, &set->box[i]) >= 0.5)
            row->hits |= 1 << place;
}

/* Boxes of the top classes, and of the true one. */
static nonet_vgg_status locate(eval_engine *e, const vgg_picture *picture, eval_row *row, nonet_vgg_error *err)
{
    int classes[EVAL_TOP + 1], count = row->tops, truth = 0;
    vgg_found found[EVAL_TOP + 1];
    row->hits = 0;
    memcpy(classes, row->top, sizeof row->top);
    while (truth < count && classes[truth] != row->label)
        truth++;
    if (truth == count)
        classes[count++] = row->label;
    nonet_vgg_status status = vgg_localiser_run(e->localiser, picture, classes, count, found, err);
    if (status != NONET_VGG_OK)
        return status;
    row->located = 1;
    for (int i = 0; i < row->tops; i++)
        take_box(e, row, i, &found[i]);
    take_box(e, row, EVAL_TOP, &found[truth]);
    return NONET_VGG_OK;
}

/* Posteriors that are there already become rows. */
static nonet_vgg_status rank_all(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    const float *posteriors = e->scores;
    for (int i = 0; status == NONET_VGG_OK && i < count; i++) {
        if (slots[i].fault)
            continue;
        rank(e, &rows[i], posteriors);
        posteriors += e->info.out_c;
        if (e->localiser && rows[i].tops)
            status = locate(e, &slots[i].picture, &rows[i], err);
    }
    return status;
}

/* The evaluator sees only the pictures that can be read. */
static nonet_vgg_status judge_views(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    int readable = 0;
    for (int i = 0; i < count; i++)
        if (!slots[i].fault)
            e->pictures[readable++] = slots[i].picture;
    nonet_vgg_status status = readable ? vgg_evaluator_run(e->evaluator, e->pictures, readable, e->scores, err) : NONET_VGG_OK;
    return status == NONET_VGG_OK ? rank_all(e, slots, count, rows, err) : status;
}

/* One by one after a batch has failed: who cannot be evaluated (a strip, or too large for the memory's limit) gets a fault. */
static nonet_vgg_status judge_alone(eval_engine *e, const eval_slot *slot, eval_row *row, nonet_vgg_error *err)
{
    char room[24];
    nonet_vgg_status status = judge_views(e, slot, 1, row, err);
    if (status != NONET_VGG_UNSUPPORTED && status != NONET_VGG_NO_MEMORY)
        return status;
    row->tops = row->located = 0;
    vgg_picture_blame(status, vgg_dataset_name(e->set, slot->index, room), err);
    vgg_shorten(row->fault, sizeof row->fault, err->text);
    return NONET_VGG_OK;
}

static nonet_vgg_status judge_each(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    nonet_vgg_status status = judge_views(e, slots, count, rows, err);
    if (status != NONET_VGG_UNSUPPORTED && status != NONET_VGG_NO_MEMORY)
        return status;
    status = NONET_VGG_OK;
    for (int i = 0; status == NONET_VGG_OK && i < count; i++)
        status = judge_alone(e, &slots[i], &rows[i], err);
    return status;
}

nonet_vgg_status eval_engine_judge(eval_engine *e, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err)
{
    for (int i = 0; i < count; i++)
        if (slots[i].fault)
            snprintf(rows[i].fault, sizeof rows[i].fault, "%s", slots[i].fault);
    return e->evaluator ? judge_each(e, slots, count, rows, err) : judge_plain(e, slots, count, rows, err);
}
