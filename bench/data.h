/* data.h - memory and numbers to measure with. */
#ifndef NONET_BENCH_DATA_H
#define NONET_BENCH_DATA_H

#include <stddef.h>
#include <stdint.h>

/* floats floats from nonet_alloc, which keep their size; NULL when there is no memory, or when the machine has less in all
 * (overcommitment would end in a kill instead of a message). */
float *bench_floats(size_t floats);
void bench_free(float *x);

/* Numbers near the normal distribution (the sum of four uniform 16-bit numbers), never zero, from integer arithmetic and one
 * correctly rounded product: the same on every machine. */
void bench_fill_normal(float *x, size_t floats, double deviation, uint64_t seed);
/* The same without sign: like a map after its ReLU, but without zeros. */
void bench_fill_positive(float *x, size_t floats, double deviation, uint64_t seed);

/* FNV-1a, 64 bits, over the bytes as they lie in memory, in 16 hexadecimal digits and a NUL. */
void bench_hash(const void *data, size_t bytes, char hex[17]);

#endif
