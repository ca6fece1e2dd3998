/* machine.h - the constants of the model that tuning predicts with: measured, for one number of threads. */
#ifndef NONET_AUTOTUNE_MACHINE_H
#define NONET_AUTOTUNE_MACHINE_H

#include <stddef.h>
#include "nonet.h"

typedef struct tune_machine {
    int threads;
    double macs[NONET_ISA_COUNT];   /* multiply-adds a second of all threads; 0: not measured */
    double memory, cache;           /* bytes a second read by all threads: from memory; from the last cache */
    size_t core_cache, last_cache;  /* bytes: of a core's own largest cache; of the last */
} tune_machine;

/* The set below this one that is worth a try: another vector set of the same architecture; AUTO if there is none. */
nonet_isa tune_lower_isa(nonet_isa isa);

/* Those that were measured. Start with zeros. */
enum { TUNE_MACHINES = 16 };
typedef struct tune_machines { tune_machine items[TUNE_MACHINES]; int count; } tune_machines;
/* The one for a number of threads, measured when it is first asked for; isa may be AUTO. NULL: no memory, or too many. */
const tune_machine *tune_machine_of(tune_machines *machines, nonet_isa isa, int threads);

#endif
