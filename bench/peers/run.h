/* run.h - peers as contenders in a run of `nonet bench`. */
#ifndef NONET_BENCH_PEERS_RUN_H
#define NONET_BENCH_PEERS_RUN_H

#include "bench/report.h"

typedef struct bench_peers bench_peers;

/* What differs more than this from our output (L2 of the difference over L2 of ours, the worst image) is marked in the table. */
#define PEER_BOUND_NET 1e-4
#define PEER_BOUND_LAYER 1e-5

/* Writes the names of the adapters that lie beside the command, with blanks between them; returns how many. */
int bench_peers_built(char *names, size_t size);
/* Before a long run: fails when a peer is unknown or not built, or when caches shall be cold. */
nonet_vgg_status bench_peers_check(const bench_settings *settings, nonet_vgg_error *err);
/* Opens the adapters of a checked list ("onednn,openblas", "all"; NULL: none, *peers is NULL then) for a network. An
 * adapter that cannot do the network is reported as left out. src: NCHW, valid until close; net: too. */
nonet_vgg_status bench_peers_open_net(bench_peers **peers, const bench_settings *settings, const nonet_vgg *net, int threads,
                                      const float *src, nonet_vgg_error *err);
/* The same for a layer: src NCHW, oihw and bias as given to ours. */
nonet_vgg_status bench_peers_open_layer(bench_peers **peers, const bench_settings *settings, const nonet_conv *problem, int threads,
                                        const float *src, const float *oihw, const float *bias, nonet_vgg_error *err);
/* The following take NULL. Warm up (pinned); compare with our output (NCHW); run each once more (in another order each time).
 * One that fails is left out from then on. */
void bench_peers_warm(bench_peers *peers, const bench_report *report, const float *ours);
nonet_vgg_status bench_peers_sample(bench_peers *peers, nonet_vgg_error *err);
/* Their processes: what these compute is no other load. */
void bench_peers_helpers(const bench_peers *peers, bench_helpers *helpers);
/* L2 of theirs minus ours over L2 of ours, of the worst of the images of so many floats; one with a NaN is worst of all: NaN. */
double bench_peers_difference(const float *ours, const float *theirs, size_t images, size_t floats);
/* A row for each, called like `of`, whose work it does; `of` counts from the beginning of the report. */
nonet_vgg_status bench_peers_rows(bench_peers *peers, bench_report *report, int of, nonet_vgg_error *err);
/* The ratio of a row whose stats are done; nobody knows what a peer multiplies and moves, so those figures become 0. */
void bench_peers_figure(const bench_report *report, bench_row *row);
/* Prints the peers, if there are any. */
void bench_peers_table(const bench_report *report);
void bench_peers_close(bench_peers *peers);

#endif
