/* sweep.c - runs the sweep of a kernel's family and judges what it gives. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/sweep.h"

/* The end of a sweep that failed, from its depths or from a signal. */
static sigjmp_buf bail_out;

void *sweep_calloc(sweep *s, size_t count, size_t size)
{
    int i = 0;

    while (i < SWEEP_BLOCKS && s->block[i])
        i++;
    if (i == SWEEP_BLOCKS || !(s->block[i] = calloc(count ? count : 1, size)))
        sweep_fail(s, "no memory for %zu bytes", count * size);
    return s->block[i];
}

static void free_blocks(sweep *s)
{
    for (int i = 0; i < SWEEP_BLOCKS; i++)
        free(s->block[i]);
    memset(s->block, 0, sizeof s->block);
}

void sweep_done(sweep *s)
{
    free_blocks(s);
    s->result->cases++;
}

void sweep_fail(sweep *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(s->result->fault, sizeof s->result->fault, format, args);
    va_end(args);
    memcpy(s->result->shape, s->shape, sizeof s->shape);
    siglongjmp(bail_out, 1);
}

static void on_fault(int number)
{
    (void)number;
    siglongjmp(bail_out, 2);
}

float *sweep_buffer(sweep *s, int slot, size_t floats)
{
    sweep_side side = sweep_between(&s->random, 0, SWEEP_SIDES - 1);
    float *data = sweep_place(&s->slot[slot], floats, side, sweep_between(&s->random, 1, 15));

    if (!data)
        sweep_fail(s, "no memory for %zu floats", floats);
    return data;
}

void sweep_judge(sweep *s, float got, double exact, double allowed)
{
    double error = fabs(got - exact);
    double fraction = error == 0 ? 0 : error / allowed;

    if (!(fraction <= 1))
        sweep_fail(s, "%.9g instead of %.9g: error %.3g, bound %.3g", (double)got, exact, error, allowed);
    if (fraction >= s->result->worst) {
        s->result->worst = fraction;
        memcpy(s->result->shape, s->shape, sizeof s->shape);
    }
}

void sweep_agree(sweep *s)
{
    const sweep_slot *out = &s->slot[SWEEP_OUT], *want = &s->slot[SWEEP_WANT];

    for (size_t i = 0; i < out->floats; i++)
        if (!sweep_same(out->data[i], want->data[i]))
            sweep_fail(s, "float %zu of the output is %.9g, portable C has %.9g", i, (double)out->data[i], (double)want->data[i]);
    if (!sweep_unharmed(out))
        sweep_fail(s, "wrote outside its output");
}

void sweep_gaps(sweep *s, const char *covered)
{
    const sweep_slot *out = &s->slot[SWEEP_OUT];

    for (size_t i = 0; i < out->floats; i++)
        if (!covered[i] && memcmp(&out->data[i], &sweep_nan_bits, sizeof(float)))
            sweep_fail(s, "wrote float %zu of the output, which is a gap", i);
}

typedef void family_sweep(sweep *s);
static family_sweep *const families[NONET_K_COUNT] = {
    [NONET_K_DIRECT3X3_S1] = sweep_direct,
    [NONET_K_DIRECT3X3_S2] = sweep_direct,
    [NONET_K_DIRECT3X3_IC_S1] = sweep_direct_ic,
    [NONET_K_DIRECT3X3_IC_S2] = sweep_direct_ic,
    [NONET_K_CONV1X1] = sweep_direct,
    [NONET_K_CONVRS] = sweep_direct,
    [NONET_K_FC_VECTOR] = sweep_fc_vector,
    [NONET_K_FC_VECTOR_BF16] = sweep_fc_vector_bf16,
    [NONET_K_FC_MATRIX] = sweep_direct,
    [NONET_K_WINO_GEMM] = sweep_wino_gemm,
    [NONET_K_WINO_FILTER_F2] = sweep_wino_transform,
    [NONET_K_WINO_IN_F2] = sweep_wino_transform,
    [NONET_K_WINO_OUT_F2] = sweep_wino_transform,
    [NONET_K_WINO_FILTER_F4] = sweep_wino_transform,
    [NONET_K_WINO_IN_F4] = sweep_wino_transform,
    [NONET_K_WINO_OUT_F4] = sweep_wino_transform,
    [NONET_K_WINO_IN_F4_SHORT] = sweep_wino_transform,
    [NONET_K_WINO_OUT_F4_SHORT] = sweep_wino_transform,
    [NONET_K_WINO_FILTER_F6] = sweep_wino_transform,
    [NONET_K_WINO_IN_F6] = sweep_wino_transform,
    [NONET_K_WINO_OUT_F6] = sweep_wino_transform,
    [NONET_K_MAXPOOL] = sweep_maxpool,
    [NONET_K_LRN] = sweep_lrn,
    [NONET_K_SOFTMAX] = sweep_softmax,
};

static void run_family(sweep *s)
{
    if (!s->spec || !families[s->kernel->family])
        sweep_fail(s, "no sweep or no portable kernel for its family");
    families[s->kernel->family](s);
}

void sweep_kernel(const nonet_kernel *kernel, uint64_t seed, double scale, sweep_result *result)
{
    struct sigaction catch = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, segv, bus;
    sweep *s = calloc(1, sizeof *s);

    memset(result, 0, sizeof *result);
    if (!s) {
        snprintf(result->fault, sizeof result->fault, "no memory");
        return;
    }
    s->kernel = kernel;
    s->spec = nonet_kernel_find(kernel->family, NONET_ISA_C);
    s->random.state = seed;
    s->scale = scale;
    s->result = result;
    sigaction(SIGSEGV, &catch, &segv);
    sigaction(SIGBUS, &catch, &bus);
    int end = sigsetjmp(bail_out, 1);
    if (end == 0) {
        run_family(s);
    } else if (end == 2) {
        snprintf(result->fault, sizeof result->fault, "touched memory outside its arguments");
        memcpy(result->shape, s->shape, sizeof s->shape);
    }
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    for (int i = 0; i < SWEEP_SLOTS; i++)
        sweep_slot_free(&s->slot[i]);
    free_blocks(s);
    free(s);
}
