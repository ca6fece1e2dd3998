/* nonet.h - convolution for VGG-like networks: problem, plan, packed weights, execute.
 *
 * The same problem, algorithm and data give the same bits on every CPU, instruction set and thread count
 * (docs/NUMERICS.md); the excluded cases are named there.
 *
 * Use:   nonet_plan_create -> nonet_weights_pack -> nonet_execute (as often as you like, from any thread).
 *
 * Threads: every function may be called from several threads at once on different objects; nonet_execute and the
 * stateless operations may be called at once on the same plan and weights, each call with its own workspace.
 * Memory: what a _create or _pack returns is the caller's and is given back by the matching _destroy, which takes NULL.
 * Errors: a function that can fail returns a nonet_status; NONET_OK is 0. On failure nothing is created or computed, and a
 *         handle that would have been returned is NULL (it is left alone where a pointer that is needed was NULL). */
#ifndef NONET_H
#define NONET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define NONET_VERSION "0.1.0"
#define NONET_ALIGNMENT 64      /* bytes: what nonet_execute wants of its workspace; any alignment of src and dst works */
#define NONET_LANES 16          /* channels in a block of the blocked layout */
#define NONET_FEW_CHANNELS 4    /* input channels, at most, for which 3x3 direct has a kernel of its own, that reads single planes */

typedef enum nonet_status {
    NONET_OK = 0,
    NONET_BAD_ARGUMENT,         /* a NULL pointer, a dimension < 1 or beyond its limit, an enum out of range, a kernel larger
                                   than its input */
    NONET_UNSUPPORTED,          /* a valid problem that no kernel of this library computes */
    NONET_NOT_APPLICABLE,       /* the named algorithm cannot compute this problem (AUTO never returns this) */
    NONET_NO_MEMORY,
    NONET_BAD_ISA,              /* NONET_ISA or nonet_isa_limit names an unknown instruction set, or one this CPU lacks */
    NONET_MISMATCH,             /* weights packed for another plan */
    NONET_BAD_PROFILE,          /* a profile cannot be read or written, is damaged, or was made for another machine or version */
    NONET_STATUS_COUNT
} nonet_status;

/* One sentence for people; never NULL, static storage. */
const char *nonet_status_string(nonet_status status);
/* NONET_VERSION of the library that is linked. */
const char *nonet_version(void);

/* ---- Instruction sets ------------------------------------------------------------------------------------- */

typedef enum nonet_isa {
    NONET_ISA_AUTO = 0,         /* the best that the CPU, its OS and the limit in force allow */
    NONET_ISA_C,                /* portable C11: the executable specification */
    NONET_ISA_AVX2,             /* AVX2 + FMA3 */
    NONET_ISA_AVX512,           /* AVX-512 F + VL + BW + DQ */
    NONET_ISA_NEON,             /* AArch64 Advanced SIMD */
    NONET_ISA_COUNT
} nonet_isa;

/* Lowers the instruction set for plans created from now on: "c", "avx2", "avx512", "neon"; NULL or "" lifts the limit.
 * NONET_BAD_ISA for an unknown name, and for a set that this CPU does not have (nothing is changed then). The environment
 * variable NONET_ISA sets the same limit at first use; a wrong value makes nonet_plan_create return NONET_BAD_ISA.
 * "avx2" on an AVX-512 machine lowers; it never raises. Thread-safe. */
nonet_status nonet_isa_limit(const char *name);
/* The best set this CPU and its OS support, whatever the limit. */
nonet_isa nonet_isa_detected(void);
/* The set that plans get now: detected, lowered by the limit. NONET_BAD_ISA if NONET_ISA in the environment is wrong. */
nonet_status nonet_isa_current(nonet_isa *isa);
/* "c", "avx2", ...; "auto" for NONET_ISA_AUTO. Static storage. */
const char *nonet_isa_name(nonet_isa isa);
/* 1 if this CPU and its OS can run the set. */
int nonet_isa_supported(nonet_isa isa);
/* Threads this process may run: the smaller of its CPU affinity and its cgroup quota (rounded up; as it stood at most a second
 * ago), at least 1. Thread-safe. */
int nonet_threads_available(void);
/* Threads that a call or a plan gets where `asked` are asked for: those, but no more than nonet_threads_available(). 0: as many as
 * that, or as OMP_NUM_THREADS or omp_set_num_threads says if it is fewer. Thread-safe. */
int nonet_threads_for(int asked);

/* ---- Layouts ---------------------------------------------------------------------------------------------- */

typedef enum nonet_layout {
    NONET_NCHW = 0,
    NONET_NHWC,
    NONET_NCHW16C               /* blocked: [n][ceil(c/16)][h][w][16]. Lanes past c must be zero in what is read; they are
                                   written as zero. */
} nonet_layout;

/* Floats that a tensor takes in a layout (blocked layouts round c up to NONET_LANES). 0 where a dimension is below 1; SIZE_MAX,
 * which no allocation grants, where a size_t cannot hold its bytes. */
size_t nonet_tensor_floats(nonet_layout layout, int n, int c, int h, int w);
/* Copies a tensor into another layout; dimensions as a convolution's. src and dst must not overlap. */
nonet_status nonet_reorder(int n, int c, int h, int w, nonet_layout from, const float *src, nonet_layout to, float *dst);

/* Memory for tensors and workspaces, aligned to NONET_ALIGNMENT; from 1 MiB on it is mapped by itself, in huge pages where the
 * system gives them, also the last one if half of it is asked for. What it holds is undefined. NULL if there is none. Any other
 * memory with this alignment does as well. */
void *nonet_alloc(size_t bytes);
/* bytes: as they were asked for. memory may be NULL. */
void nonet_free(void *memory, size_t bytes);

/* ---- Convolution and fully connected layers --------------------------------------------------------------- */

typedef enum nonet_algo {
    NONET_AUTO = 0,             /* by the shape alone, so the same on every CPU */
    NONET_DIRECT,
    NONET_WINOGRAD_F2,          /* F(2x2,3x3): 3x3, stride 1 */
    NONET_WINOGRAD_F4,          /* F(4x4,3x3): 3x3, stride 1; points 0, +-3/4, +-3/2, infinity */
    NONET_WINOGRAD_F6,          /* F(6x6,3x3): 3x3, stride 1; points 0, +-1/2, +-1, +-2, infinity. AUTO never takes it: up to 18 %
                                   fewer multiply-adds than F(4x4) on large maps, and four times its error (docs/NUMERICS.md) */
    NONET_ALGO_COUNT
} nonet_algo;
const char *nonet_algo_name(nonet_algo algo);   /* "auto", "direct", "winograd-f2", "winograd-f4", "winograd-f6" */

/* dst[n][k][y][x] = pool(relu(bias[k] + sum over c,i,j of w[k][c][i][j] * src[n][c][y*stride+i-pad][x*stride+j-pad]))
 * with zeros outside src. A fully connected layer is a convolution whose kernel is the whole map: r = h, s = w, pad = 0.
 * Supported: 3x3 with pad 0 or 1 and stride 1 or 2; any r x s without padding and with stride 1 (1x1, 7x7, r = h and s = w).
 * Beyond the limits below, or with 2^40 floats or more in a tensor or the weights, it is NONET_BAD_ARGUMENT. */
typedef struct nonet_conv {
    int n, c, h, w;             /* batch, input channels, height and width: each 1 .. 2^20; n*h, and the 2x2 tiles of the batch,
                                   below 2^30 */
    int k;                      /* output channels: 1 .. 2^20 */
    int r, s;                   /* kernel height and width: 1 .. 1024; 0 means 3 */
    int stride;                 /* 1 or 2; 0 means 1 */
    int pad;                    /* 0 or 1 on all four sides */
    int relu;                   /* non-zero: x < 0 ? 0 : x after the bias (NaN stays) */
    int pool;                   /* non-zero: 2x2 stride-2 max pool after that, floor: an odd last row or column is dropped;
                                   the map before it must be at least 2x2 */
    nonet_layout src_layout, dst_layout;
} nonet_conv;

/* Height and width of the convolution's output (after the pool if there is one). */
nonet_status nonet_conv_output(const nonet_conv *problem, int *h, int *w);

/* Weights of fully connected layers. NONET_FC_BF16 rounds them to bf16 (nearest even) when they are packed: half the bytes, and
 * 8 bits of precision in the weights alone; the arithmetic stays f32 in the same order. Fully connected is a layer whose kernel
 * is the whole map, without padding, by direct convolution; but 3x3 with NONET_FEW_CHANNELS or less counts as a first layer and
 * stays f32. */
typedef enum nonet_fc_weights { NONET_FC_F32 = 0, NONET_FC_BF16, NONET_FC_COUNT } nonet_fc_weights;
const char *nonet_fc_weights_name(nonet_fc_weights type);   /* "f32", "bf16" */

/* How the weights of Winograd layers stand in memory. Speed and bytes differ, results do not. */
typedef enum nonet_weight_form {
    NONET_WEIGHTS_AUTO = 0,     /* by the problem, batch and all: expanded where few tiles share many weights. Name a form for
                                   weights that are to serve plans of several batches */
    NONET_WEIGHTS_PACKED,       /* transformed when they are packed: 16/9 of the bytes for F(2x2), 4 times for F(4x4), 64/9
                                   for F(6x6) */
    NONET_WEIGHTS_EXPANDED,     /* 3x3 as they are, transformed in a cache as they are used */
    NONET_WEIGHTS_COUNT
} nonet_weight_form;
const char *nonet_weight_form_name(nonet_weight_form form);    /* "auto", "packed", "expanded" */

/* A profile says which problems run faster on this very machine in another way than the default (docs/TUNING.md). Results keep
 * their bits unless it was tuned with other algorithms allowed. Profiles are never required, and none is looked for unasked. */
typedef struct nonet_profile nonet_profile;

typedef struct nonet_options {
    nonet_algo algo;            /* a named algorithm that cannot run is NONET_NOT_APPLICABLE */
    nonet_isa isa;              /* AUTO, or one that nonet_isa_supported and the limit allow: else NONET_BAD_ISA */
    int threads;                /* as nonet_threads_for has it; the plan may use fewer, never more */
    nonet_fc_weights fc_weights;    /* where r = h, s = w, pad = 0, the algorithm is direct, and not 3x3 of c <= 4; others ignore
                                       it */
    nonet_weight_form weights;  /* of Winograd layers; others ignore it */
    const nonet_profile *profile;   /* what tuning found here, or NULL; what is named above stands against it. Must outlive the
                                       networks opened with it */
} nonet_options;

/* Reads a profile: any file may be given, none crashes. path NULL: nonet_profile_path's. why (size bytes, or NULL) gets a
 * sentence, or "": why the whole file is refused (NONET_BAD_PROFILE, *profile NULL: the default plans serve), or, with NONET_OK,
 * that rows of it are left out. Give it back with nonet_profile_close; plans only read it, so several threads may share it. */
nonet_status nonet_profile_open(nonet_profile **profile, const char *path, char *why, size_t size);
/* Writes it so that others see the old file or the new one, never a part. Replaces profiles and empty files only, not read-only
 * ones. Folders are made for path NULL only. */
nonet_status nonet_profile_save(const nonet_profile *profile, const char *path, char *why, size_t size);
void nonet_profile_close(nonet_profile *profile);
/* Where `nonet tune` keeps its profile unless told otherwise: a file for this kind of CPU in $XDG_CACHE_HOME/nonet or
 * ~/.cache/nonet. Returns the length as snprintf, 0 if the environment names no place. */
int nonet_profile_path(char *path, size_t size);

typedef struct nonet_plan nonet_plan;
typedef struct nonet_weights nonet_weights;

/* Every choice and check happens here. options may be NULL. */
nonet_status nonet_plan_create(nonet_plan **plan, const nonet_conv *problem, const nonet_options *options);
void nonet_plan_destroy(nonet_plan *plan);
/* Bytes of scratch, aligned to NONET_ALIGNMENT, that each running nonet_execute needs; 0 is possible. */
size_t nonet_plan_workspace(const nonet_plan *plan);
/* Writes e.g. "winograd-f4 avx512 nonet_wino_gemm_f32_14x32_avx512, 2 threads, workspace 1.6 MiB" (always terminated), with
 * "weights expanded" before the threads where they are, and "profile" at the end where one decided; returns the length it would
 * have, as snprintf. */
int nonet_plan_describe(const nonet_plan *plan, char *buf, size_t size);

typedef struct nonet_plan_info {
    nonet_algo algo;            /* never AUTO */
    nonet_isa isa;              /* never AUTO */
    int threads;
    const char *kernel;         /* symbol of the multiply kernel; static storage */
    size_t workspace;           /* bytes */
    size_t weights;             /* bytes of packed weights and bias */
    nonet_weight_form form;     /* of Winograd: never AUTO; others: PACKED */
    double macs_direct;         /* multiply-adds of the problem as a direct convolution */
    double macs;                /* multiply-adds that the algorithm's multiply stage does, tile waste included */
} nonet_plan_info;
void nonet_plan_query(const nonet_plan *plan, nonet_plan_info *info);

/* Transforms and packs weights (OIHW, k*c*r*s floats) and bias (k floats, or NULL for zeros) into an object tied to plans of
 * the same shape, algorithm, instruction set and form of weights. The inputs are not kept. */
nonet_status nonet_weights_pack(nonet_weights **weights, const nonet_plan *plan, const float *oihw, const float *bias);
void nonet_weights_destroy(nonet_weights *weights);

/* The same in parts, so that a large layer never stands in memory twice: allocate, then fill every range of output channels once
 * (any order; first a multiple of NONET_PACK_STEP, and count too unless the range ends at k; not for imported weights). oihw and
 * bias (or NULL) point to the range's first channel. */
#define NONET_PACK_STEP 64
nonet_status nonet_weights_alloc(nonet_weights **weights, const nonet_plan *plan);
nonet_status nonet_weights_fill(nonet_weights *weights, const nonet_plan *plan, int first, int count, const float *oihw,
                                const float *bias);

/* Packed weights as one block of bytes, to be stored and used again without packing, in place, on a machine with the same
 * instruction set. The block belongs to the weights; it starts with a description of what they were packed for. */
const void *nonet_weights_view(const nonet_weights *weights, size_t *bytes);
/* Weights that stay where they are: block (aligned to NONET_ALIGNMENT, in a mapped file say) must outlive them and may be
 * read-only. NONET_MISMATCH: the block is for another plan, machine or version of the library, or not such a block at all. Only
 * its description and size are looked at: whoever stores blocks sees to it that they arrive undamaged. */
nonet_status nonet_weights_import(nonet_weights **weights, const nonet_plan *plan, const void *block, size_t bytes);

/* Computes. src and dst: n images in the problem's layouts, not overlapping. workspace: nonet_plan_workspace bytes, may be
 * NULL if that is 0. Allocates nothing, keeps nothing, reads nothing outside src. NONET_MISMATCH for foreign weights. */
nonet_status nonet_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, void *workspace);

/* ---- Convolutions in a chain -------------------------------------------------------------------------------- */

/* Winograd convolutions that follow one another, with the results of one after the other, bit for bit, in one parallel region. A
 * thread goes on to the next layer when there is nothing left for it to do in one, and waits only for what it reads.
 * The first of them may be a direct 3x3 convolution of 1 to 4 channels, stride 1: the first two are a pair then. The map between
 * them never stands in memory: each thread computes the rows that its next tiles need into a window of the workspace. */
typedef struct nonet_chain nonet_chain;

/* Each plan takes what the one before it gives: its shape, in the layout NCHW16C, with as many threads. The plans must outlive the
 * chain, the array need not. NONET_NOT_APPLICABLE where they do not follow one another so, where one is not a Winograd plan, or
 * where the first is not and makes no pair with the second: small maps, and maps whose window would not be small.
 * NONET_BAD_ARGUMENT: a null pointer, no plan. NONET_NO_MEMORY. */
nonet_status nonet_chain_create(nonet_chain **chain, const nonet_plan *const *plans, int count);
void nonet_chain_destroy(nonet_chain *chain);
/* Bytes, aligned as a plan's; takes the place of all the plans' workspaces. No two executions at a time may use the same one. */
size_t nonet_chain_workspace(const nonet_chain *chain);
/* 1 if the first two are a pair: maps[0] is not used then. */
int nonet_chain_is_paired(const nonet_chain *chain);
/* weights, maps: of each convolution, what nonet_execute has as weights and dst; src: the first one's. maps[i] may be maps[i-3],
 * and overlaps neither maps[i-1] nor maps[i-2]: three buffers in rotation will do. src stands for maps[-1], so maps[2] may be src,
 * but not in a pair, which reads src until it is over.
 * seconds: NULL, or gets the time of each convolution, the mean of the threads; they add up to the whole time. Errors as
 * nonet_execute. */
nonet_status nonet_chain_execute(const nonet_chain *chain, const nonet_weights *const *weights, const float *src,
                                 float *const *maps, void *workspace, double *seconds);

/* ---- The other layers of the networks: stateless; threads as nonet_threads_for has it ------------------------ */

/* 2x2 stride-2 max pool, NCHW16C to NCHW16C. ceil: an odd last row or column gets a window of its own (Caffe's default);
 * otherwise it is dropped, and h and w must be >= 2. Out: [n][c][(h+ceil)/2][(w+ceil)/2]. The choice is (a > b ? a : b). */
nonet_status nonet_maxpool(int n, int c, int h, int w, int ceil, const float *src, float *dst, int threads);
/* Mean over bins, NCHW16C to NCHW16C, to an oh x ow map, bins as in PyTorch's adaptive_avg_pool2d. */
nonet_status nonet_avgpool(int n, int c, int h, int w, int oh, int ow, const float *src, float *dst, int threads);
/* Local response normalisation across channels, NCHW16C: x / (k + alpha_over_size * sum of x^2 over `size` channels)^beta.
 * alpha_over_size multiplies the plain sum (Caffe's and PyTorch's alpha is divided by size before it comes here).
 * size odd, 1..15: else NONET_BAD_ARGUMENT; beta 0.5, 0.75 or 1: else NONET_UNSUPPORTED. */
nonet_status nonet_lrn(int n, int c, int h, int w, int size, float alpha_over_size, float beta, float k,
                       const float *src, float *dst, int threads);
/* In place: max(x,0) as in the convolution's epilogue. */
nonet_status nonet_relu(size_t floats, float *x);
/* n rows of `classes` floats, src and dst may be the same. */
nonet_status nonet_softmax(int n, int classes, const float *src, float *dst);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
