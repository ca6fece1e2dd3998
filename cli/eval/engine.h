/* engine.h - the networks of an evaluation: judges batches of pictures.
 *
 * One network and one centre crop, the commonest case, has its pictures prepared in the ring's thread and goes straight through
 * the network; every other protocol gets the decoded pictures. Both give the same bits where both can. */
#ifndef NONET_CLI_EVAL_ENGINE_H
#define NONET_CLI_EVAL_ENGINE_H

#include "cli/eval/results.h"
#include "cli/eval/ring.h"
#include "cli/localise.h"

typedef struct eval_engine {
    nonet_vgg *net;             /* of the plain case, else NULL */
    cli_preparation prepared;   /* of its pictures */
    vgg_evaluator *evaluator;   /* of all others */
    vgg_localiser *localiser;   /* or NULL */
    const vgg_dataset *set;     /* what is judged */
    nonet_vgg_info info;        /* of the first network */
    int batch;
    size_t floats;              /* of one input; 0 with an evaluator */
    float *inputs, *scores;     /* a batch of each; inputs: for batches that are not full */
    vgg_picture *pictures;      /* a batch of those that can be read; the pixels are the slots' */
    char **read_labels;         /* from --labels, or NULL */
    int read_count;
    const char *const *labels;  /* one a class, or NULL */
} eval_engine;

typedef struct eval_engine_options {
    cli_model model;
    cli_protocol protocol;
    cli_localise localise;
    nonet_options conv;
    int batch;
    const char *labels;
} eval_engine_options;

/* 0, or the exit status after a sentence; close it in any case. labels: NULL or a file. */
int eval_engine_open(eval_engine *engine, const eval_engine_options *options);
void eval_engine_close(eval_engine *engine);
/* Bytes that the networks take at present. */
size_t eval_engine_memory(const eval_engine *engine);
/* Model and protocol of the header. 0, or the exit status after a sentence. */
int eval_engine_describe(const eval_engine *engine, const eval_engine_options *options, eval_header *header);
/* In the ring's thread: turns a slot's picture into its input, or leaves it as it is. */
nonet_vgg_status eval_engine_prepare(eval_engine *engine, eval_slot *slot, nonet_vgg_error *err);
/* Fills top, probability and boxes, or fault, of `count` rows, one a slot. */
nonet_vgg_status eval_engine_judge(eval_engine *engine, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err);

#endif
