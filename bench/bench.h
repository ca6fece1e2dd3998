/* bench.h - `nonet bench`: measure, then print a table and write JSON. */
#ifndef NONET_BENCH_H
#define NONET_BENCH_H

#include "nonet.h"
#include "nonet_vgg.h"
#include "bench/cold.h"

enum { BENCH_ALGOS = NONET_ALGO_COUNT };

typedef struct bench_settings {
    nonet_options conv;         /* algorithm (nets), instruction set, threads */
    const char *json;           /* NULL: a table on standard output; "-": JSON there instead; else the table and a file */
    const char *jsonl, *csv;    /* the same record in other forms: NULL, "-" or a file, as json */
    bench_cold cold;            /* what is put out of the caches before each sample */
    int phases;                 /* Winograd layers: time of each phase as well */
    int peaks;                  /* peaks of every instruction set and number of threads as well */
    uint64_t seed;              /* of weights and inputs */
    int batch;                  /* images, for nets */
    int height, width, dense;   /* of nets: the input's size, 0 for the network's own; as in nonet_vgg_options */
    const char *model;          /* a file for nets, or NULL: random weights */
    double min_time;            /* seconds that a measurement lasts at least */
    int repetitions;            /* exactly so many samples; 0: at least BENCH_REPETITIONS, and until min_time is over */
    int warmup;                 /* runs before that are not counted */
    void (*progress)(void *context, double done);   /* NULL, or as in nonet_vgg_options, with no context */
    nonet_algo algos[BENCH_ALGOS];  /* layer: what is measured in turn; */
    int algo_count;                 /* 0: conv.algo */
    const char *peers;          /* other libraries, measured in turn with ours: "onednn,openblas" or "all"; NULL: none */
    int anonymous;              /* the record names neither the host nor folders */
    int skip;                   /* layer: algorithms that cannot compute the shape are left out rather than an error */
} bench_settings;

/* Without a fixed count: at least BENCH_REPETITIONS, except that whoever is so slow that BENCH_PATIENCE seconds are over may stop
 * after BENCH_FEWEST. */
enum { BENCH_REPETITIONS = 7, BENCH_FEWEST = 3, BENCH_MOST = 10000 };
#define BENCH_MIN_TIME 2.0
#define BENCH_PATIENCE 60.0

/* Measures whole networks (none: only the machine), one after the other; or layers, each with several algorithms in turn.
 * names: of Table 1; with a model one name or none. Prints and writes as the settings say. Blames in err->text. */
nonet_vgg_status bench_nets(const bench_settings *settings, const char *const *names, int count, nonet_vgg_error *err);
nonet_vgg_status bench_layers(const bench_settings *settings, const nonet_conv *problems, int count, nonet_vgg_error *err);

#endif
