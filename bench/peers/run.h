/* run.h - peers as contenders in a run of `nonet bench`. */
#ifndef NONET_BENCH_PEERS_RUN_H
#define NONET_BENCH_PEERS_RUN_H

#include "bench/emit.h"
#include "bench/report.h"

typedef struct bench_peers bench_peers;

/* What differs more than this from our output (L2 of the difference over L2 of ours, the worst image) is marked in the table. */
#define PEER_BOUND_NET 1e-4
#define PEER_BOUND_LAYER 1e-5

/* Writes the names of the adapters that lie beside the command, with blanks between them; returns how many. */
int bench_peers_built(char *names, size_t size);
/* Opens the adapters of a list ("onednn,openblas", "all"; NULL: none, *peers is NULL then) for a network. Fails when a name is
 * unknown or not built; an adapter that cannot do the network is reported as left out. src: NCHW, valid until close; net: too. */
nonet_vgg_status bench_peers_open_net(bench_peers **peers, const bench_settings *settings, const nonet_vgg *net, int threads,
                                      const float *src, nonet_vgg_error *err);
/* The same for a layer: src NCHW, oihw and bias as given to ours. */
nonet_vgg_status bench_peers_open_layer(bench_peers **peers, const bench_settings *settings, const nonet_conv *problem, int threads,
                                        const float *src, const float *oihw, const float *bias, nonet_vgg_error *err);
/* The following take NULL. Warm up (pinned); compare with our output (NCHW); run each once more (in another order each time). */
nonet_vgg_status bench_peers_warm(bench_peers *peers, const bench_report *report, const float *ours, nonet_vgg_error *err);
nonet_vgg_status bench_peers_sample(bench_peers *peers, nonet_vgg_error *err);
/* A row for each, called like `of`, whose work it does; `of` counts from the beginning of the report. */
nonet_vgg_status bench_peers_rows(bench_peers *peers, bench_report *report, int of, nonet_vgg_error *err);
/* What a row has besides, in the table and as JSON keys; nothing for rows that are ours. */
void bench_peers_table(const bench_report *report);
void bench_peers_put(json_out *out, const bench_report *report, const bench_row *row);
void bench_peers_close(bench_peers *peers);

#endif
