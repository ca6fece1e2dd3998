/* kernel_list.h - the table of kernels for those who may not look into kernels/. */
#ifndef NONET_BENCH_KERNEL_LIST_H
#define NONET_BENCH_KERNEL_LIST_H

#include "nonet.h"

typedef struct bench_kernel {
    const char *family, *symbol;    /* static storage */
    int mr, nr;                     /* rows and output channels of one call; 0 where it means nothing */
} bench_kernel;

/* Families there are. */
int bench_kernel_families(void);
/* The kernel that serves family 0 .. bench_kernel_families()-1 under an instruction set of this build; symbol NULL if none. */
bench_kernel bench_kernel_of(int family, nonet_isa isa);

#endif
