/* inside.h - what measuring needs to know of plans and weights that the public interfaces do not tell. */
#ifndef NONET_BENCH_INSIDE_H
#define NONET_BENCH_INSIDE_H

#include <stddef.h>
#include "nonet.h"
#include "nonet_vgg.h"

/* Where packed weights and bias lie. */
const void *bench_weights_data(const nonet_weights *weights, size_t *bytes);
/* Calls `visit` with the packed weights of each layer of a network. */
void bench_net_weights(const nonet_vgg *net, void (*visit)(void *to, const void *data, size_t bytes), void *to);
/* The plan of a network's layer; NULL if it has none. */
const nonet_plan *bench_net_plan(const nonet_vgg *net, int layer);
/* "14x32, 112 tiles x 28 blocks": rows and output channels of a kernel call, and how the work is cut. */
void bench_blocking(const nonet_plan *plan, char *text, size_t size);

#endif
