/* cpu.h - what this CPU and its operating system can run. */
#ifndef NONET_CPU_H
#define NONET_CPU_H

#include <stddef.h>

/* One bit, 1u << nonet_isa, for each instruction set of this build that can run here. NONET_ISA_C is always among them.
 * Asks the CPU on every call; isa.c remembers the answer. */
unsigned nonet_cpu_isas(void);
/* One line that names the kind of CPU: maker, numbers and, where the CPU tells it, its name. Printable ASCII. */
void nonet_cpu_identity(char *text, size_t size);
/* Whether a non-temporal prefetch brings a line into L2 and lets it leave before others: what streams by spares then what stays.
 * Known of AMD's family 26 (Zen 5), where it was measured. Elsewhere the line may come into L1 alone, and be gone before it is used. */
int nonet_cpu_streams_through_l2(void);
/* Whether to write a large map past the caches is faster than to read from memory what is overwritten. Measured on the same
 * family. */
int nonet_cpu_writes_past_caches(void);

#endif
