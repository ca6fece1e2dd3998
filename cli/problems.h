/* problems.h - what is to be tuned or explained: the layers of networks, of a list in a file, or one layer. */
#ifndef NONET_CLI_PROBLEMS_H
#define NONET_CLI_PROBLEMS_H

#include "autotune/tune.h"
#include "cli/cli.h"

enum { LIST_MOST = 16 };

/* A list of whole numbers on the command line: "1,2,4". */
typedef struct number_list { int number[LIST_MOST], count; } number_list;
number_list cli_numbers(const char *option, const char *text, long min, long max);

typedef struct problem_list {
    tune_problem *items;
    int count, room;
} problem_list;

/* Words of the command line: "vgg16 vgg19", or "layer N C H W K"; shapes: a file of them, or NULL; model: a model file, or
 * NULL. Every problem stands once for each number of threads and (networks) each batch. Ends the process with a sentence if they
 * are wrong. */
typedef struct problem_words {
    char **words;
    int count;
    const char *shapes, *model;
    number_list batch, threads;
    nonet_conv layer;           /* kernel, stride, pad (-1: 1 for 3x3) and pool of a `layer` */
    nonet_options conv;
} problem_words;
/* 0, or the exit status after a sentence. Free the list whatever it is. */
int cli_problems(problem_list *list, const problem_words *words);
void cli_problems_free(problem_list *list);

/* "64x112x112 -> 128, 3x3 pool" */
void cli_problem_shape(const tune_problem *problem, char *text, size_t size);

/* Options that tune and plan share. */
enum { CLI_BATCH = CLI_OWN, CLI_SHAPES, CLI_NET_MODEL, CLI_KERNEL, CLI_STRIDE, CLI_PAD, CLI_POOL, CLI_ANY, CLI_PROBLEMS_OWN };
#define CLI_PROBLEMS_LONG                                                                                                      \
    { "batch", required_argument, NULL, CLI_BATCH }, { "shapes", required_argument, NULL, CLI_SHAPES },                       \
    { "model", required_argument, NULL, CLI_NET_MODEL }, { "kernel", required_argument, NULL, CLI_KERNEL },                   \
    { "stride", required_argument, NULL, CLI_STRIDE }, { "pad", required_argument, NULL, CLI_PAD },                           \
    { "layers", required_argument, NULL, CLI_SHAPES },          /* the old name */                                             \
    { "pool", no_argument, NULL, CLI_POOL }, { "any-algorithm", no_argument, NULL, CLI_ANY }
/* As cli_common_option; takes --threads with a list too. */
int cli_problems_option(int option, const char *value, problem_words *words, int *any);
extern const char cli_problems_help[];

#endif
