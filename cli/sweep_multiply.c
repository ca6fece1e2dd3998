/* sweep_multiply.c - sweeps of the multiply kernels: direct, first layer, fully connected, Winograd's product. */
#include <stdio.h>
#include <string.h>
#include "cli/sweep.h"

enum { L = NONET_L };

/* One case, as a plain convolution of one row of m pixels, and how it is laid out for the kernel. */
typedef struct shape {
    int m, kblocks, c, r, s, stride;
    int fresh;
    unsigned flags;
    int cblocks, taps, k, width;    /* width: pixels of an input row that are read */
    size_t pitch, x_cblock, out_pixel, out_kblock;
    float *x, *w, *bias;            /* plain: CHW, OIHW, k */
    double *exact, *size;
} shape;

static void describe(sweep *s, const shape *p)
{
    snprintf(s->shape, sizeof s->shape, "m %d, k %d, c %d, %dx%d s%d, fresh %d%s", p->m, p->k, p->c, p->r, p->s, p->stride,
             p->fresh, p->flags & NONET_RELU ? ", relu" : "");
}

/* Channel blocks of 16 side by side in a pixel, or far apart; pitches odd now and then. */
static void choose_output(sweep *s, shape *p)
{
    int gap = sweep_between(&s->random, 0, 2) == 0 ? sweep_between(&s->random, 1, 33) : 0;

    if (sweep_between(&s->random, 0, 1)) {
        p->out_pixel = (size_t)L + gap;
        p->out_kblock = p->m * p->out_pixel + gap;
    } else {
        p->out_kblock = L;
        p->out_pixel = (size_t)p->k + gap;
    }
}

static void plain_data(sweep *s, shape *p)
{
    size_t weights = (size_t)p->k * p->c * p->r * p->s, inputs = (size_t)p->c * p->r * p->width;

    p->x = sweep_calloc(s, inputs, sizeof(float));
    p->w = sweep_calloc(s, weights, sizeof(float));
    p->bias = sweep_calloc(s, p->k, sizeof(float));
    p->exact = sweep_calloc(s, (size_t)p->k * p->m, sizeof(double));
    p->size = sweep_calloc(s, (size_t)p->k * p->m, sizeof(double));
    sweep_fill(&s->random, p->x, inputs, sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1));
    sweep_fill(&s->random, p->w, weights, sweep_between(&s->random, 0, SWEEP_INTEGERS));
    sweep_fill(&s->random, p->bias, p->k, SWEEP_UNIFORM);
}

/* The kernel's weights, [...][16*kblocks], for the output blocks from..from+count: position t of the list, channel c. */
static size_t pack(const shape *p, int blocked, int from, int count, float *to)
{
    int lists = blocked ? p->cblocks * p->taps * L : p->c * p->taps;

    for (int at = 0; at < lists; at++) {
        int tap = blocked ? at / L % p->taps : at % p->taps;
        int c = blocked ? at / (L * p->taps) * L + at % L : at / p->taps;

        for (int j = 0; j < count * L; j++)
            *to++ = c < p->c ? p->w[((size_t)(from * L + j) * p->c + c) * p->taps + tap] : 0;
    }
    return (size_t)lists * count * L;
}

/* The whole case in one call. */
static void call(const nonet_kernel *kernel, const shape *p, nonet_direct_args args, const float *bias)
{
    args.bias = bias;
    args.m = p->m;
    args.kblocks = p->kblocks;
    kernel->fn.direct(&args);
}

/* The same case with the portable kernel, in steps that its row allows. */
static void call_spec(sweep *s, const shape *p, nonet_direct_args args, int blocked, float *want)
{
    float *w = sweep_calloc(s, (size_t)p->cblocks * p->taps * L * L * (blocked ? 1 : 4), sizeof *w);
    const float *x = args.x;
    int step = p->stride * (blocked ? L : 1);

    for (int kb = 0; kb < p->kblocks; kb++) {
        pack(p, blocked, kb, 1, w);
        for (int m = 0; m < p->m; m += s->spec->mr) {
            args.x = x + m * step;
            args.w = w;
            args.bias = p->bias + kb * L;
            args.out = want + m * p->out_pixel + kb * p->out_kblock;
            args.m = p->m - m < s->spec->mr ? p->m - m : s->spec->mr;
            args.kblocks = 1;
            s->spec->fn.direct(&args);
        }
    }
}

static void judge(sweep *s, const shape *p, const float *out)
{
    reference_conv plain = { 1, p->c, p->r, p->width, p->k, p->r, p->s, p->stride, 0 };
    double terms = (double)p->c * p->taps + 2;
    char *covered = sweep_calloc(s, s->slot[SWEEP_OUT].floats, 1);

    reference_convolve(&plain, p->x, p->w, p->bias, p->exact, p->size);
    if (p->flags & NONET_RELU)
        reference_relu((long)p->k * p->m, p->exact);
    for (int k = 0; k < p->k; k++)
        for (int m = 0; m < p->m; m++) {
            size_t at = m * p->out_pixel + k / L * p->out_kblock + k % L;

            covered[at] = 1;
            sweep_judge(s, out[at], p->exact[k * p->m + m],
                        terms * (s->kernel->bound * SWEEP_EPS * p->size[k * p->m + m] + SWEEP_TINIEST));
        }
    sweep_gaps(s, covered);
}

/* Places the input rows with NaN between them, and the taps. Nothing past the last float that is read belongs to the buffer. */
static float *place_input(sweep *s, const shape *p, int blocked, ptrdiff_t *tap)
{
    int lanes = blocked ? L : 1, maps = blocked ? p->cblocks : p->c;
    size_t floats = (maps - 1) * p->x_cblock + (p->r - 1) * p->pitch + (size_t)p->width * lanes;
    float *x = sweep_buffer(s, SWEEP_X, floats);

    for (int c = 0; c < maps * lanes; c++)
        for (int y = 0; y < p->r; y++)
            for (int col = 0; col < p->width; col++)
                x[c / lanes * p->x_cblock + y * p->pitch + (size_t)col * lanes + c % lanes] =
                    c < p->c ? p->x[((size_t)c * p->r + y) * p->width + col] : 0;
    for (int c = 0; c < (blocked ? 1 : p->c); c++)
        for (int t = 0; t < p->taps; t++)
            *tap++ = (ptrdiff_t)(c * p->x_cblock + t / p->s * p->pitch + (size_t)(t % p->s) * lanes);
    return x;
}

/* The kernel in one call, or its channel blocks in two, cut between sums: the bits must be those of the specification's one
 * call. */
static void call_in_parts(sweep *s, const shape *p, nonet_direct_args args, int blocked, const float *bias)
{
    int step = p->fresh > 0 ? p->fresh : 1, places = blocked ? (p->cblocks - 1) / step : 0;

    if (places == 0 || sweep_between(&s->random, 0, 1)) {
        call(s->kernel, p, args, bias);
        return;
    }
    nonet_direct_args first = args, rest = args;
    first.cblocks = step * sweep_between(&s->random, 1, places);
    first.flags |= NONET_PARTIAL;
    rest.cblocks = args.cblocks - first.cblocks;
    rest.flags |= NONET_CONTINUE;
    rest.x += (size_t)first.cblocks * args.x_cblock;
    rest.w += (size_t)first.cblocks * (size_t)args.taps * L * (size_t)p->k;
    call(s->kernel, p, first, bias);
    call(s->kernel, p, rest, bias);
}

static void run_direct(sweep *s, shape *p, int blocked)
{
    ptrdiff_t tap[64];
    nonet_direct_args args = { .tap = tap, .flags = p->flags, .fresh = p->fresh, .cblocks = p->cblocks };
    size_t out_floats = (p->m - 1) * p->out_pixel + (p->kblocks - 1) * p->out_kblock + L;

    describe(s, p);
    plain_data(s, p);
    args.x = place_input(s, p, blocked, tap);
    args.taps = blocked ? p->taps : p->taps * p->c;
    args.x_cblock = p->x_cblock;
    args.out_pixel = p->out_pixel;
    args.out_kblock = p->out_kblock;
    float *w = sweep_buffer(s, SWEEP_W, (size_t)(blocked ? p->cblocks * L : p->c) * p->taps * p->k);
    pack(p, blocked, 0, p->kblocks, w);
    float *bias = sweep_buffer(s, SWEEP_BIAS, p->k);
    memcpy(bias, p->bias, p->k * sizeof *bias);
    call_spec(s, p, args, blocked, sweep_buffer(s, SWEEP_WANT, out_floats));
    args.w = w;
    args.out = sweep_buffer(s, SWEEP_OUT, out_floats);
    call_in_parts(s, p, args, blocked, bias);
    sweep_agree(s);
    judge(s, p, args.out);
    sweep_done(s);
}

/* Pixels of an input row, pitches and the rest, once the free choices are made. */
static void finish(sweep *s, shape *p, int blocked)
{
    int lanes = blocked ? L : 1;

    p->k = p->kblocks * L;
    p->cblocks = blocked ? (p->c + L - 1) / L : 1;
    p->taps = p->r * p->s;
    p->width = (p->m - 1) * p->stride + p->s;
    p->flags = sweep_between(&s->random, 0, 1) ? NONET_RELU : 0;
    p->pitch = (size_t)p->width * lanes + sweep_between(&s->random, 0, 2) * 7;
    p->x_cblock = p->r * p->pitch + sweep_between(&s->random, 0, 2) * 5;
    choose_output(s, p);
}

static void choose_kernel_size(sweep *s, shape *p)
{
    p->r = p->s = 3;
    p->stride = s->kernel->family == NONET_K_DIRECT3X3_S2 || s->kernel->family == NONET_K_DIRECT3X3_IC_S2 ? 2 : 1;
    if (s->kernel->family == NONET_K_CONV1X1 || s->kernel->family == NONET_K_FC_MATRIX) {
        p->r = p->s = 1;
    } else if (s->kernel->family == NONET_K_CONVRS) {
        p->r = sweep_between(&s->random, 1, 7);
        p->s = sweep_between(&s->random, 1, 7);
    }
}

void sweep_direct(sweep *s)
{
    int repeats = (int)(3 * s->scale) + 1;

    for (int m = 1; m <= s->kernel->mr; m++)
        for (int kblocks = 1; kblocks <= s->kernel->nr / L; kblocks++)
            for (int i = 0; i < 2 * repeats; i++) {
                shape p = { .m = m, .kblocks = kblocks };

                p.c = i & 1 ? sweep_between(&s->random, 1, 70) : L * sweep_between(&s->random, 1, 5);
                choose_kernel_size(s, &p);
                if (p.r * p.s > 9)
                    p.c = (p.c + 3) / 4;
                finish(s, &p, 1);
                p.fresh = sweep_between(&s->random, 0, 3) * sweep_between(&s->random, 0, 1);
                run_direct(s, &p, 1);
            }
}

void sweep_direct_ic(sweep *s)
{
    int repeats = (int)(3 * s->scale) + 1;

    for (int m = 1; m <= s->kernel->mr; m++)
        for (int kblocks = 1; kblocks <= s->kernel->nr / L; kblocks++)
            for (int i = 0; i < 4 * repeats; i++) {
                shape p = { .m = m, .kblocks = kblocks, .c = i % 4 + 1 };

                choose_kernel_size(s, &p);
                finish(s, &p, 0);
                run_direct(s, &p, 0);
            }
}

/* [rows][16*kblocks] weights of the plain [k][rows], for kblocks from `from` on. */
static void columns(const float *plain, int rows, int from, int kblocks, float *to)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < kblocks * L; j++)
            *to++ = plain[(size_t)(from * L + j) * rows + i];
}

static void judge_fc(sweep *s, int n, int c, int k, const float *x, const float *w, const float *bias, unsigned flags,
                     double factor)
{
    double *exact = sweep_calloc(s, (size_t)n * k, sizeof *exact), *size = sweep_calloc(s, (size_t)n * k, sizeof *size);

    reference_fc(n, c, k, x, w, bias, exact, size);
    if (flags & NONET_RELU)
        reference_relu((long)n * k, exact);
    for (int i = 0; i < n * k; i++)
        sweep_judge(s, s->slot[SWEEP_OUT].data[i], exact[i], factor * (s->kernel->bound * SWEEP_EPS * size[i] + SWEEP_TINIEST));
}

static void run_fc_vector(sweep *s, int groups, int fresh, int kblocks, unsigned flags)
{
    int c = groups * L, k = kblocks * L;
    float *plain = sweep_calloc(s, (size_t)c * k, sizeof *plain), *part = sweep_calloc(s, (size_t)c * L, sizeof *part);
    float *x = sweep_buffer(s, SWEEP_X, c), *w = sweep_buffer(s, SWEEP_W, (size_t)c * k), *bias = sweep_buffer(s, SWEEP_BIAS, k);
    float *out = sweep_buffer(s, SWEEP_OUT, k), *want = sweep_buffer(s, SWEEP_WANT, k);

    snprintf(s->shape, sizeof s->shape, "k %d, c %d, fresh %d%s", k, c, fresh, flags ? ", relu" : "");
    sweep_fill(&s->random, plain, (size_t)c * k, sweep_between(&s->random, 0, SWEEP_INTEGERS));
    sweep_fill(&s->random, x, c, sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1));
    sweep_fill(&s->random, bias, k, SWEEP_UNIFORM);
    columns(plain, c, 0, kblocks, w);
    for (int kb = 0; kb < kblocks; kb++) {
        columns(plain, c, kb, 1, part);
        s->spec->fn.fc_vector(x, part, bias + kb * L, want + kb * L, groups, fresh, 1, flags);
    }
    s->kernel->fn.fc_vector(x, w, bias, out, groups, fresh, kblocks, flags);
    sweep_agree(s);
    judge_fc(s, 1, c, k, x, plain, bias, flags, c + 2);
    sweep_done(s);
}

void sweep_fc_vector(sweep *s)
{
    int repeats = (int)(40 * s->scale) + 2;

    for (int kblocks = 1; kblocks <= s->kernel->nr / L; kblocks++)
        for (int i = 0; i < repeats; i++) {
            int groups = i < 9 ? i + 1 : sweep_between(&s->random, 1, 70);
            int fresh = sweep_between(&s->random, 1, i & 1 ? 8 : 80);

            run_fc_vector(s, groups, fresh, kblocks, i & 2 ? NONET_RELU : 0);
        }
}

/* to[i] = upper half of x[i], which is cut to that. */
static void upper_halves(float *x, size_t count, uint16_t *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        to[i] = (uint16_t)(bits >> 16);
        bits &= 0xffff0000u;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

/* The upper halves of f32 are bf16; `plain` is cut to what they can hold. */
static void run_fc_vector_bf16(sweep *s, int groups, int fresh, int kblocks, unsigned flags)
{
    int c = groups * L, k = kblocks * L;
    size_t weights = (size_t)c * k;
    float *plain = sweep_calloc(s, weights, sizeof *plain), *part = sweep_calloc(s, weights, sizeof *part);
    uint16_t *spec_w = sweep_calloc(s, weights, sizeof *spec_w);
    float *x = sweep_buffer(s, SWEEP_X, c), *bias = sweep_buffer(s, SWEEP_BIAS, k);
    uint16_t *w = (uint16_t *)(void *)sweep_buffer(s, SWEEP_W, weights / 2);
    float *out = sweep_buffer(s, SWEEP_OUT, k), *want = sweep_buffer(s, SWEEP_WANT, k);

    snprintf(s->shape, sizeof s->shape, "k %d, c %d, fresh %d%s", k, c, fresh, flags ? ", relu" : "");
    sweep_fill(&s->random, plain, weights, sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1));
    sweep_fill(&s->random, x, c, sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1));
    sweep_fill(&s->random, bias, k, SWEEP_UNIFORM);
    upper_halves(plain, weights, spec_w);
    for (int kb = 0; kb < kblocks; kb++) {
        columns(plain, c, kb, 1, part);
        upper_halves(part, (size_t)c * L, spec_w);
        s->spec->fn.fc_vector_bf16(x, spec_w, bias + kb * L, want + kb * L, groups, fresh, 1, flags);
    }
    columns(plain, c, 0, kblocks, part);
    upper_halves(part, weights, w);
    s->kernel->fn.fc_vector_bf16(x, w, bias, out, groups, fresh, kblocks, flags);
    sweep_agree(s);
    judge_fc(s, 1, c, k, x, plain, bias, flags, c + 2);
    sweep_done(s);
}

void sweep_fc_vector_bf16(sweep *s)
{
    int repeats = (int)(40 * s->scale) + 2;

    for (int kblocks = 1; kblocks <= s->kernel->nr / L; kblocks++)
        for (int i = 0; i < repeats; i++) {
            int groups = i < 9 ? i + 1 : sweep_between(&s->random, 1, 70);
            int fresh = sweep_between(&s->random, 1, i & 1 ? 8 : 80);

            run_fc_vector_bf16(s, groups, fresh, kblocks, i & 2 ? NONET_RELU : 0);
        }
}

static void run_wino_gemm(sweep *s, int tiles, int channels, int kblocks, int fetch_once)
{
    int k = kblocks * L, sums = (channels + NONET_SUM - 1) / NONET_SUM;
    size_t v_cblock = (size_t)tiles * NONET_SUM + sweep_between(&s->random, 0, 2) * 9;
    size_t v_floats = (sums - 1) * v_cblock + (size_t)(tiles - 1) * NONET_SUM + channels - (sums - 1) * NONET_SUM;
    float *x = sweep_calloc(s, (size_t)tiles * channels, sizeof *x), *w = sweep_calloc(s, (size_t)k * channels, sizeof *w);
    float *part = sweep_calloc(s, (size_t)channels * L, sizeof *part), *block = sweep_calloc(s, (size_t)tiles * L, sizeof *block);
    float *v = sweep_buffer(s, SWEEP_X, v_floats), *u = sweep_buffer(s, SWEEP_W, (size_t)channels * k);
    float *out = sweep_buffer(s, SWEEP_OUT, (size_t)tiles * k), *want = sweep_buffer(s, SWEEP_WANT, (size_t)tiles * k);

    snprintf(s->shape, sizeof s->shape, "tiles %d, k %d, c %d%s", tiles, k, channels, fetch_once ? ", U fetched once" : "");
    sweep_fill(&s->random, w, (size_t)channels * k, sweep_between(&s->random, 0, SWEEP_INTEGERS));
    sweep_fill(&s->random, x, (size_t)tiles * channels, sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1));
    for (int t = 0; t < tiles; t++)
        for (int c = 0; c < channels; c++)
            v[c / NONET_SUM * v_cblock + t * NONET_SUM + c % NONET_SUM] = x[t * channels + c];
    columns(w, channels, 0, kblocks, u);
    for (int kb = 0; kb < kblocks; kb++)
        for (int t = 0; t < tiles; t += s->spec->mr) {
            int some = tiles - t < s->spec->mr ? tiles - t : s->spec->mr;

            columns(w, channels, kb, 1, part);
            s->spec->fn.wino_gemm(&(nonet_wino_gemm_args){ .m = block, .v = v + t * NONET_SUM, .u = part, .v_cblock = v_cblock,
                                                          .tiles = some, .channels = channels, .kblocks = 1 });
            for (int i = 0; i < some; i++)
                memcpy(want + (size_t)(t + i) * k + kb * L, block + i * L, L * sizeof *want);
        }
    s->kernel->fn.wino_gemm(&(nonet_wino_gemm_args){ .m = out, .v = v, .u = u, .v_cblock = v_cblock, .fetch = (uintptr_t)u,
                                                    .fetch_step = (size_t)sweep_between(&s->random, 0, k),
                                                    .also = { (uintptr_t)v, (size_t)tiles, v_cblock },
                                                    .fetch_once = fetch_once, .tiles = tiles, .channels = channels,
                                                    .kblocks = kblocks });
    sweep_agree(s);
    judge_fc(s, tiles, channels, k, x, w, NULL, 0, NONET_SUM + sums);
    sweep_done(s);
}

void sweep_wino_gemm(sweep *s)
{
    int repeats = (int)(6 * s->scale) + 2;

    for (int tiles = 1; tiles <= s->kernel->mr; tiles++)
        for (int kblocks = 1; kblocks <= s->kernel->nr / L; kblocks++)
            for (int i = 0; i < repeats; i++)
                run_wino_gemm(s, tiles, L * (i < 4 ? 4 * i + 1 : sweep_between(&s->random, 1, 20)), kblocks, (tiles + i) & 1);
}
