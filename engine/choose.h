/* choose.h - which algorithm computes a problem: by its shape alone, never by the CPU, the threads or the batch. */
#ifndef NONET_ENGINE_CHOOSE_H
#define NONET_ENGINE_CHOOSE_H

#include "nonet.h"

/* Multiply-adds of the multiply stage of one image, tile waste included. */
double nonet_algo_macs(const nonet_conv *p, nonet_algo algo, int oh, int ow);
int nonet_algo_applies(const nonet_conv *p, nonet_algo algo);
nonet_algo nonet_algo_choose(const nonet_conv *p, int oh, int ow);

#endif
