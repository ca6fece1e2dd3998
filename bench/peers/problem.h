/* problem.h - what the peers shall compute, with plain weights. */
#ifndef NONET_BENCH_PEERS_PROBLEM_H
#define NONET_BENCH_PEERS_PROBLEM_H

#include "bench/bench.h"
#include "bench/peers/peers.h"
#include "vgg/model.h"

typedef struct peer_problem {
    peer_net net;
    peer_layer *layers;
    float **owned;              /* weights and biases, freed with the rest */
    int owned_count;
    vgg_model model;            /* where they come from a file */
} peer_problem;

/* The layers of a network with its random weights once more, or those of settings->model. Starts with zeros. */
nonet_vgg_status peer_problem_net(peer_problem *p, const bench_settings *settings, const nonet_vgg *net, int threads,
                                  nonet_vgg_error *err);
/* One layer, its weights by reference. */
nonet_vgg_status peer_problem_layer(peer_problem *p, const nonet_conv *problem, int threads, const float *oihw, const float *bias,
                                    nonet_vgg_error *err);
void peer_problem_free(peer_problem *p);

#endif
