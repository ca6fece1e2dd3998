/* corpus.h - the regression corpus: problems as lines of text, each with the hash of its output on every machine.
 *
 * `nonet verify --record` writes the problems of corpus_list, `nonet verify --replay` runs a file's. The head of the file and
 * docs/nonet.1 describe the format. */
#ifndef NONET_CLI_CORPUS_H
#define NONET_CLI_CORPUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "cli/cli.h"

enum { CORPUS_FORMAT = 1, CORPUS_NUMBERS = 11, CORPUS_LINE_MAX = 240 };

typedef enum corpus_kind {
    CORPUS_CONV,        /* n c h w k r s stride pad relu pool, then the words src dst algo default fc */
    CORPUS_MAXPOOL,     /* n c h w ceil */
    CORPUS_AVGPOOL,     /* n c h w oh ow */
    CORPUS_LRN,         /* n c h w size alpha/1000000 beta/4 k; alpha multiplies the plain sum of squares */
    CORPUS_SOFTMAX,     /* n classes */
    CORPUS_KINDS
} corpus_kind;
extern const char *const corpus_kind_name[CORPUS_KINDS];

/* What is done to the near-normal numbers of the generator; weights are never changed. */
typedef enum corpus_data {
    CORPUS_NORMAL,      /* as they are, of deviation 1 */
    CORPUS_RELU,        /* negative ones are +0 */
    CORPUS_WIDE,        /* number i times 2^((7 i) mod 25 - 12) */
    CORPUS_TINY,        /* times 2^-130, the bias too: subnormal */
    CORPUS_DATA
} corpus_data;

typedef struct corpus_problem {
    corpus_kind kind;
    int number[CORPUS_NUMBERS];         /* in the order of the line */
    nonet_layout src, dst;              /* from here to fc: convolutions only */
    nonet_algo algo, standard;          /* standard: what NONET_AUTO takes for this shape */
    nonet_fc_weights fc;
    corpus_data data;
    int seed;
    char hash[17];                      /* FNV-1a, 64 bits, of the output as NCHW floats, little endian */
    int line;                           /* of the file; 0 when it comes from none */
} corpus_problem;

typedef struct corpus {
    corpus_problem *problem;
    int count;
    char library[24];                   /* the version that recorded it */
} corpus;
void corpus_free(corpus *list);

/* ---- The list that ships (corpus_list.c): without hashes and defaults. 0 when there is no memory. */
int corpus_list(corpus *list);
/* ---- Somebody's own (corpus_shapes.c): a file of shapes, see bench/shapes.h. 0, or the exit status after a sentence. */
int corpus_shapes(const char *path, corpus *list);

/* ---- Text (corpus_text.c) ---- */
/* Reads and checks a whole file; a message on standard error that names the line, and the exit status, if it is refused. */
int corpus_read(const char *path, corpus *list);
/* Sorts the problems and writes the file; likewise. */
int corpus_write(const char *path, corpus *list);
/* The line of a problem without its hash. */
void corpus_text(const corpus_problem *p, char text[CORPUS_LINE_MAX]);

/* ---- Shapes (corpus_shape.c) ---- */
nonet_conv corpus_conv(const corpus_problem *p);
/* Floats of input and output (NCHW) and of weights, and multiply-adds (for layers without weights: reads of the input). */
typedef struct corpus_size {
    double inputs, outputs, weights, work;
} corpus_size;
/* NULL, or why the library or this file does not have such a problem. */
const char *corpus_measure(const corpus_problem *p, corpus_size *size);
/* "direct3x3_s1", "winograd-f4", "maxpool" ...: what a summary has lines of. The same pointer for the same family. */
const char *corpus_family(const corpus_problem *p);

/* ---- Running (corpus_run.c) ---- */
typedef struct corpus_result {
    char hash[17];
    nonet_algo standard;
    double worst;               /* largest error as a fraction of its bound; -1: too large for the oracle, bits only */
    char fault[160];            /* empty: computed, and within the bound */
} corpus_result;
void corpus_run(const corpus_problem *p, const nonet_options *options, corpus_result *result);

/* ---- Numbers (corpus_data.c): vgg/random.h's streams 0 (input), 1 (weights) and 2 (bias) of the seed. */
void corpus_input(const corpus_problem *p, float *x, size_t floats);
/* k*c*r*s weights (OIHW) of deviation sqrt(2/(c*r*s)), and k of bias, uniform in +-0.1. */
void corpus_weights(const corpus_problem *p, float *weight, float *bias);

/* ---- The oracle (corpus_oracle.c) ---- */
/* Largest error of an output (NCHW) as a fraction of its bound; a sentence in fault when it is above 1 or memory is short. */
double corpus_judge(const corpus_problem *p, const float *x, const float *out, char *fault, size_t size);

/* ---- The command ---- */
typedef struct corpus_request {
    const char *record, *replay;
    const char *shapes;         /* NULL: what ships is recorded */
    nonet_options options;      /* set and threads */
    double limit;               /* multiply-adds a problem; 0: no limit */
    FILE *json, *text;          /* either may be NULL */
} corpus_request;
/* The exit status. */
int corpus_record(const corpus_request *request);
/* The list was read from request->replay. */
int corpus_replay(const corpus_request *request, const corpus *list);

#endif
