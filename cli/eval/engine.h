/* engine.h - the network of an evaluation: prepares pictures in the ring's thread, judges batches of them. */
#ifndef NONET_CLI_EVAL_ENGINE_H
#define NONET_CLI_EVAL_ENGINE_H

#include "cli/eval/results.h"
#include "cli/eval/ring.h"
#include "cli/model.h"

typedef struct eval_engine {
    nonet_vgg *net;
    nonet_vgg_info info;
    cli_preparation prepared;
    int batch;
    size_t floats;              /* of one input */
    float *inputs, *scores;     /* a batch of each; inputs: for batches that are not full */
    char **read_labels;         /* from --labels, or NULL */
    int read_count;
    const char *const *labels;  /* one a class, or NULL */
} eval_engine;

/* 0, or the exit status after a sentence. labels: NULL or a file. */
int eval_engine_open(eval_engine *engine, const cli_model *model, const cli_common *common, int batch, const char *labels);
void eval_engine_close(eval_engine *engine);
/* Model and protocol of the header. 0, or the exit status after a sentence. */
int eval_engine_describe(const eval_engine *engine, const cli_model *model, const cli_common *common, eval_header *header);
/* Both run in the ring's thread or beside it: the first turns a slot's picture into its input. */
nonet_vgg_status eval_engine_prepare(eval_engine *engine, eval_slot *slot, nonet_vgg_error *err);
/* Fills top and probability, or fault, of `count` rows, one a slot. */
nonet_vgg_status eval_engine_judge(eval_engine *engine, const eval_slot *slots, int count, eval_row *rows, nonet_vgg_error *err);

#endif
