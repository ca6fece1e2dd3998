/* check.h - is what the fast kernels compute what portable C computes, bit for bit? */
#ifndef NONET_AUTOTUNE_CHECK_H
#define NONET_AUTOTUNE_CHECK_H

#include <stdint.h>
#include "nonet.h"

/* A map as after a ReLU, in the problem's layout. 0: no memory. */
int check_fill(const nonet_conv *p, float *src, uint64_t seed);
/* The problem cut down until portable C takes some milliseconds: fewer images, rows, columns and outputs, all channels. */
nonet_conv check_part(const nonet_conv *p);
/* The default plan of an algorithm against portable C's, on that part. */
nonet_status check_against_c(const nonet_conv *p, const nonet_options *options, nonet_algo algo, int *equal);

#endif
