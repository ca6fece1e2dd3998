/* support.h - what the suites share: seed and scale, problems as data, hashes, files of ../shared/data. */
#ifndef NONET_TESTS_SUPPORT_H
#define NONET_TESTS_SUPPORT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include "cli/sweep.h"
#include "nonet_vgg.h"

/* ck_assert_msg for loops: Check's own writes to a file each time, even when all is well. */
#define support_need(condition, ...)                                                                                          \
    do {                                                                                                                      \
        if (!(condition))                                                                                                     \
            ck_abort_msg(__VA_ARGS__);                                                                                        \
    } while (0)

/* NONET_TEST_SEED, else one from the clock; the same in a whole run, printed by support_main. */
uint64_t support_seed(void);
/* NONET_TEST_SCALE: a factor on the number of random cases; 1 if unset. */
double support_scale(void);
/* A number of cases: at least `least`. */
int support_count(double at_scale_1, int least);
/* Runs a suite and prints Check's summary; the exit status of main. */
int support_main(Suite *suite);
/* A line that tests/run.sh counts as a skipped test. */
void support_skip(const char *test, const char *reason);
/* The sets that this CPU can run, portable C first; returns how many. */
int support_isas(nonet_isa isas[NONET_ISA_COUNT]);

/* FNV-1a, 64 bits. */
uint64_t support_hash(uint64_t hash, const void *data, size_t bytes);
#define SUPPORT_HASH_START 0xcbf29ce484222325u

/* Where one element of a tensor lies. */
size_t support_at(nonet_layout layout, int channels, int h, int w, int n, int c, int y, int x);

/* One convolution with its data, plain, and its answer. */
typedef struct support_problem {
    nonet_conv p;
    int oh, ow;                 /* of the output, after the pool */
    size_t inputs, weights, outputs;
    float *x, *w, *bias;        /* NCHW, OIHW, k */
    double *exact;              /* NCHW */
    double *size;               /* |bias| + sum|w||x|, the largest of the output's tile and pool window */
    double *rigorous;           /* Winograd: reference_winograd_sizes, the largest of the pool window; direct: as size */
} support_problem;
void support_problem_make(support_problem *problem, const nonet_conv *p, sweep_random *random, sweep_data data);
/* Computes exact, size and rigorous; tile: 1, or the m of Winograd's F(m). */
void support_problem_solve(support_problem *problem, int tile);
void support_problem_free(support_problem *problem);
void support_describe(const nonet_conv *p, char *text, size_t size);

/* Runs a problem between guard pages, in workspace and output full of NaN; gives the output as NCHW (free it). */
typedef struct support_bench {
    sweep_slot src, dst, workspace;
} support_bench;
float *support_run(support_bench *bench, const support_problem *problem, const nonet_options *options, sweep_random *random);
void support_bench_free(support_bench *bench);

/* Path of a file of ../shared/data, or NULL when it is not there. Static storage, four in turn. */
const char *support_data(const char *name);
/* Whole file (free it), NULL when it cannot be read; .gz is unpacked. NULL with *size = 1: this build cannot unpack. */
unsigned char *support_read(const char *path, size_t *size);

/* Opens a model; NULL with a line when the build lacks `feature` (as `nonet info` names it; NULL: none is needed). A model that
 * does not open fails the test. */
nonet_vgg *support_open(const char *test, const char *path, const char *feature, const nonet_vgg_options *options);

#endif
