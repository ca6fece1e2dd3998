/* sweep.h - one kernel against the row of portable C, bit for bit, and against the oracle, within its bound.
 *
 * A sweep takes a kernel through the edges of its contract: every number of pixels and of output blocks, few and many channels,
 * odd pitches, buffers that end or start at an unmapped page or lie askew, NaN wherever nothing may be read and sentinels
 * wherever nothing may be written. Used by the tests and by `nonet verify`. */
#ifndef NONET_CLI_SWEEP_H
#define NONET_CLI_SWEEP_H

#include <stddef.h>
#include <stdint.h>
#include "kernels/kernels.h"
#include "reference/reference.h"

/* ---- Random numbers: splitmix64, the same on every machine ---- */
typedef struct sweep_random {
    uint64_t state;
} sweep_random;
uint64_t sweep_next(sweep_random *random);
int sweep_between(sweep_random *random, int low, int high);    /* low..high, both included */
float sweep_uniform(sweep_random *random);                      /* [-1, 1) */

typedef enum sweep_data {
    SWEEP_UNIFORM,      /* [-1, 1) */
    SWEEP_RELU,         /* half zeros, the rest positive: what layers see */
    SWEEP_WIDE,         /* magnitudes 2^-12 .. 2^12 */
    SWEEP_INTEGERS,     /* -3 .. 3 */
    SWEEP_TINY,         /* denormals and zeros of both signs among ordinary values */
    SWEEP_IMPULSE,      /* one 1 among zeros */
    SWEEP_DATA_COUNT
} sweep_data;
void sweep_fill(sweep_random *random, float *x, size_t floats, sweep_data data);

/* ---- Buffers between unmapped pages ---- */
typedef enum sweep_side { SWEEP_END, SWEEP_START, SWEEP_ASKEW, SWEEP_SIDES } sweep_side;
typedef struct sweep_slot {
    char *map;          /* NULL until it is first used */
    size_t bytes;       /* between the two unmapped pages */
    float *data;
    size_t floats;
} sweep_slot;
/* A buffer of NaN that ends right before an unmapped page, starts right after one, or is 4 to 60 bytes off a cache line, with
 * sentinels on the sides that are mapped. What the slot held is gone. NULL when there is no memory. */
float *sweep_place(sweep_slot *slot, size_t floats, sweep_side side, int askew);
/* 1 if the sentinels on both sides are as they were. */
int sweep_unharmed(const sweep_slot *slot);
void sweep_slot_free(sweep_slot *slot);
/* What sweep_place fills buffers with: a NaN that no calculation makes. */
extern const uint32_t sweep_nan_bits;
/* 1 if the same bits, or both NaN (their payload is outside the promise). */
int sweep_same(float a, float b);

/* ---- The sweep ---- */
typedef struct sweep_result {
    long cases;
    double worst;       /* largest error, as a fraction of its bound */
    char shape[128];    /* where that was; where it failed, if it did */
    char fault[128];    /* empty: passed */
} sweep_result;
/* scale multiplies the number of random cases; 1 is a second or so. The caller sees to it that this CPU can run the kernel.
 * One sweep at a time in a process: it catches SIGSEGV meanwhile. */
void sweep_kernel(const nonet_kernel *kernel, uint64_t seed, double scale, sweep_result *result);

/* ---- For the families' files ---- */
enum { SWEEP_X, SWEEP_W, SWEEP_BIAS, SWEEP_OUT, SWEEP_WANT, SWEEP_SLOTS, SWEEP_BLOCKS = 16 };
typedef struct sweep {
    const nonet_kernel *kernel, *spec;      /* spec: the same family in portable C */
    sweep_random random;
    double scale;
    sweep_result *result;
    char shape[128];                        /* of the case that runs */
    sweep_slot slot[SWEEP_SLOTS];
    void *block[SWEEP_BLOCKS];
} sweep;
/* sweep_place at a random side; ends the sweep when there is no memory. */
float *sweep_buffer(sweep *s, int slot, size_t floats);
/* Ends the sweep with a fault. */
_Noreturn void sweep_fail(sweep *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the sweep unless |got - exact| <= allowed; keeps the worst. */
void sweep_judge(sweep *s, float got, double exact, double allowed);
/* Ends the sweep unless SWEEP_OUT and SWEEP_WANT are the same and nothing round SWEEP_OUT was written. */
void sweep_agree(sweep *s);
/* Ends the sweep if a float of SWEEP_OUT that no output covers was written. covered: one byte a float. */
void sweep_gaps(sweep *s, const char *covered);
/* Zeroed memory until the case is done; ends the sweep when there is none. */
void *sweep_calloc(sweep *s, size_t count, size_t size);
/* Counts a case and gives its memory back. */
void sweep_done(sweep *s);
/* Half a unit in the last place of f32, relative; and the step of denormals. */
#define SWEEP_EPS 0x1p-24
#define SWEEP_TINIEST 0x1p-149

void sweep_direct(sweep *s);
void sweep_direct_ic(sweep *s);
void sweep_fc_vector(sweep *s);
void sweep_fc_vector_bf16(sweep *s);
void sweep_wino_gemm(sweep *s);
void sweep_wino_transform(sweep *s);
void sweep_maxpool(sweep *s);
void sweep_lrn(sweep *s);
void sweep_softmax(sweep *s);

/* The literal matrices of F(m x m, 3x3) as the numerics contract has them. */
void sweep_winograd_matrices(reference_winograd *wino, int m);
/* Those of F(4) where one or two outputs of a line are left. */
void sweep_winograd_short_matrices(reference_winograd *wino);
/* The m of an algorithm, 1 for those that are not Winograd's; the m of a transform's family. */
int sweep_winograd_side(nonet_algo algo);
int sweep_winograd_family_side(nonet_family family);

#endif
