/* sweep_winograd.c - sweeps of Winograd's transforms, against literal matrices made from the points. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "cli/sweep.h"

enum { L = NONET_L, MOST = REFERENCE_POINTS };

/* One direction of a transform. */
typedef struct line {
    reference_winograd wino, sizes;     /* sizes: the matrices' absolute values */
    int in, out, pooled;                /* numbers that are read; that are written, before the pool */
    int is_short;                       /* F(4)'s, with the points 0, 1, 2 and 5 alone */
} line;

/* Everything a transform's case needs; in and out are counted in pixels of 16 lanes. */
typedef struct transform {
    line down, across;
    int tiles;                          /* side by side */
    size_t in_step, out_step;           /* floats between points, or between rows */
    size_t in_tile, out_tile;           /* floats between tiles */
    int by_rows_in, by_rows_out;
    unsigned flags;
} transform;

/* The points, and the signs of F(2)'s rows, are part of the numerics contract. */
void sweep_winograd_matrices(reference_winograd *wino, int m)
{
    static const double points2[] = { 0, 1, -1 }, g2[] = { -1, 1, 1, 1 }, bt2[] = { -1, 1, 1, -1 };
    static const double points4[] = { 0, 0.75, -0.75, 1.5, -1.5 }, points6[] = { 0, 0.5, -0.5, 1, -1, 2, -2 };
    static const double ones[] = { 1, 1, 1, 1, 1, 1, 1, 1 };

    if (m == 2)
        reference_winograd_make(wino, m, points2, g2, bt2);
    else
        reference_winograd_make(wino, m, m == 4 ? points4 : points6, ones, ones);
}

/* F(2,3) in the points 0, a, -a and infinity, with rows of G that are F(4)'s: what these lack stands in B. */
void sweep_winograd_short_matrices(reference_winograd *wino)
{
    static const double points[] = { 0, 0.75, -0.75 }, g[] = { -4.0 / 9, -16.0 / 27, -16.0 / 27, 1 };
    static const double bt[] = { -9.0 / 4, -27.0 / 16, -27.0 / 16, 1 };

    reference_winograd_make(wino, 2, points, g, bt);
}

static int is_short_family(nonet_family family)
{
    return family == NONET_K_WINO_IN_F4_SHORT || family == NONET_K_WINO_OUT_F4_SHORT;
}

static void make_line(line *l, int m, int is_short)
{
    l->is_short = is_short;
    if (is_short)
        sweep_winograd_short_matrices(&l->wino);
    else
        sweep_winograd_matrices(&l->wino, m);
    reference_winograd_absolute(&l->sizes, &l->wino);
}

static void make_matrices(sweep *s, transform *t)
{
    int m = sweep_winograd_family_side(s->kernel->family);
    unsigned kind = is_short_family(s->kernel->family) ? (unsigned)sweep_between(&s->random, 1, 3) : 0;

    t->flags = kind * NONET_SHORT_W;
    make_line(&t->down, m, (t->flags & NONET_SHORT_H) != 0);
    make_line(&t->across, m, (t->flags & NONET_SHORT_W) != 0);
}

static void size_line(line *l, const transform *t, int filter)
{
    l->in = filter ? 3 : l->wino.a;
    l->out = t->by_rows_out ? l->wino.m : l->wino.a;
    l->pooled = t->flags & NONET_POOL ? l->out / 2 : l->out;
}

static void choose_steps(sweep *s, transform *t)
{
    size_t gap = (size_t)sweep_between(&s->random, 0, 2) * 8, others = (size_t)t->tiles - 1;

    t->in_tile = t->by_rows_in ? (size_t)(t->across.wino.m * L) : (size_t)(sweep_between(&s->random, 1, 2) * L);
    t->out_tile = t->by_rows_out ? (size_t)(t->across.pooled * L) : NONET_SUM;
    t->in_step = others * t->in_tile + (t->by_rows_in ? (size_t)(t->across.in * L) + gap : (size_t)L);
    t->out_step = others * t->out_tile + (t->by_rows_out ? (size_t)(t->across.pooled * L) : (size_t)L) + gap;
    if (!t->by_rows_in && t->by_rows_out)
        t->in_step += (size_t)sweep_between(&s->random, 0, 2) * 24;
}

static void choose_shape(sweep *s, transform *t)
{
    enum { TILES = 9 };                 /* more than the kernels fetch ahead */
    int filter = 0;

    switch (s->kernel->family) {
    case NONET_K_WINO_FILTER_F2:
    case NONET_K_WINO_FILTER_F4:
    case NONET_K_WINO_FILTER_F6:
        filter = 1;
        break;
    case NONET_K_WINO_IN_F2:
    case NONET_K_WINO_IN_F4:
    case NONET_K_WINO_IN_F4_SHORT:
    case NONET_K_WINO_IN_F6:
        t->by_rows_in = 1;
        break;
    default:
        t->by_rows_out = 1;
        t->flags |= (unsigned)sweep_between(&s->random, 0, 3);
    }
    size_line(&t->down, t, filter);
    size_line(&t->across, t, filter);
    t->tiles = filter || is_short_family(s->kernel->family) ? 1 : sweep_between(&s->random, 1, TILES);
    choose_steps(s, t);
}

/* The place of F(4) that point i of a line has. */
static int point_of(const line *l, int i)
{
    return l->is_short && i == 3 ? 5 : i;
}

/* Of pixel number i of `width` in a row; a point's place is its tile's, whatever the tile lacks. */
static size_t place_of(const transform *t, int by_rows, int width, size_t step, int i)
{
    int side = t->across.is_short ? 6 : width;

    if (by_rows)
        return i / width * step + (size_t)(i % width) * L;
    return (size_t)(point_of(&t->down, i / width) * side + point_of(&t->across, i % width)) * step;
}

static size_t in_place(const transform *t, int tile, int i)
{
    return (size_t)tile * t->in_tile + place_of(t, t->by_rows_in, t->across.in, t->in_step, i);
}

static size_t out_place(const transform *t, int tile, int i)
{
    return (size_t)tile * t->out_tile + place_of(t, t->by_rows_out, t->across.pooled, t->out_step, i);
}

static void call(const nonet_kernel *kernel, const transform *t, const float *in, const float *bias, float *out)
{
    if (t->by_rows_out && is_short_family(kernel->family))
        kernel->fn.wino_out_short(in, t->in_step, bias, out, t->out_step, t->flags);
    else if (t->by_rows_out)
        kernel->fn.wino_out(in, t->in_step, t->in_tile, bias, out, t->out_step, t->tiles, t->flags);
    else if (!t->by_rows_in)
        kernel->fn.wino_filter(in, out, t->out_step);
    else if (t->flags)
        kernel->fn.wino_in_short(in, t->in_step, out, t->out_step, t->flags);
    else
        kernel->fn.wino_in(in, t->in_step, out, t->out_step, t->tiles);
}

static void exact_lane(const transform *t, const double *in, double bias, double *exact, double *size)
{
    double sizes[MOST], whole[MOST];
    const line *down = &t->down, *across = &t->across;
    int outs = down->out * across->out;

    for (int i = 0; i < down->in * across->in; i++)
        sizes[i] = fabs(in[i]);
    if (t->by_rows_out) {
        reference_winograd_output(&down->wino, &across->wino, in, whole);
        reference_winograd_output(&down->sizes, &across->sizes, sizes, size);
    } else if (t->by_rows_in) {
        reference_winograd_input(&down->wino, &across->wino, in, whole);
        reference_winograd_input(&down->sizes, &across->sizes, sizes, size);
    } else {
        reference_winograd_filter(&down->wino, &across->wino, in, whole);
        reference_winograd_filter(&down->sizes, &across->sizes, sizes, size);
    }
    for (int i = 0; i < outs; i++) {
        whole[i] += bias;
        size[i] += fabs(bias);
    }
    if (t->flags & NONET_RELU)
        reference_relu(outs, whole);
    if (t->flags & NONET_POOL)
        reference_maxpool(1, down->out, across->out, 0, whole, exact);
    else
        memcpy(exact, whole, sizeof whole);
    for (int i = 1; (t->flags & NONET_POOL) && i < outs; i++)
        size[0] = fmax(size[0], size[i]);
    for (int i = 1; (t->flags & NONET_POOL) && i < down->pooled * across->pooled; i++)
        size[i] = size[0];
}

/* One lane of a tile. A value goes through two passes of at most `side` products and sums, with coefficients rounded once each,
 * and the bias. */
static void judge_lane(sweep *s, const transform *t, int tile, int lane, const float *in, float bias, const float *out,
                       char *covered)
{
    int side = t->down.in > t->across.in ? t->down.in : t->across.in;
    double factor = 2 * (side + 1) + 1, plain[MOST], exact[MOST], size[MOST];

    for (int i = 0; i < t->down.in * t->across.in; i++)
        plain[i] = in[in_place(t, tile, i) + (size_t)lane];
    exact_lane(t, plain, t->by_rows_out ? bias : 0, exact, size);
    for (int i = 0; i < t->down.pooled * t->across.pooled; i++) {
        size_t at = out_place(t, tile, i) + (size_t)lane;

        covered[at] = 1;
        sweep_judge(s, out[at], exact[i], factor * (s->kernel->bound * SWEEP_EPS * size[i] + 32 * SWEEP_TINIEST));
    }
}

static void judge(sweep *s, const transform *t, const float *in, const float *bias, const float *out)
{
    char *covered = sweep_calloc(s, s->slot[SWEEP_OUT].floats, 1);

    for (int tile = 0; tile < t->tiles; tile++)
        for (int lane = 0; lane < L; lane++)
            judge_lane(s, t, tile, lane, in, bias[lane], out, covered);
    sweep_gaps(s, covered);
}

/* Tiles side by side share pixels, which the right one gives their values. */
static void fill_tiles(sweep *s, const transform *t, sweep_data data, float *in)
{
    float lanes[L];

    for (int tile = 0; tile < t->tiles; tile++)
        for (int i = 0; i < t->down.in * t->across.in; i++) {
            sweep_fill(&s->random, lanes, L, data);
            memcpy(in + in_place(t, tile, i), lanes, sizeof lanes);
        }
}

/* Whole tiles, and rows that begin with a cache line. */
static int may_stream(const sweep *s, const transform *t, const float *out)
{
    return t->by_rows_out && !is_short_family(s->kernel->family) && t->out_step % L == 0 && (uintptr_t)out % NONET_ALIGNMENT == 0;
}

static void run_transform(sweep *s, transform *t)
{
    int ins = t->down.in * t->across.in, outs = t->down.pooled * t->across.pooled, last = t->tiles - 1;
    sweep_data data = sweep_between(&s->random, 0, SWEEP_DATA_COUNT - 1);
    float *in = sweep_buffer(s, SWEEP_X, in_place(t, last, ins - 1) + L);
    float *bias = sweep_buffer(s, SWEEP_BIAS, L);
    size_t floats = out_place(t, last, outs - 1) + L;
    float *out = sweep_buffer(s, SWEEP_OUT, floats), *want = sweep_buffer(s, SWEEP_WANT, floats);

    if (may_stream(s, t, out) && sweep_between(&s->random, 0, 1))
        t->flags |= NONET_STREAM;
    snprintf(s->shape, sizeof s->shape, "%d tiles, steps %zu and %zu, flags %u, data %d", t->tiles, t->in_step, t->out_step,
             t->flags, (int)data);
    fill_tiles(s, t, data, in);
    sweep_fill(&s->random, bias, L, SWEEP_UNIFORM);
    call(s->spec, t, in, bias, want);
    call(s->kernel, t, in, bias, out);
    sweep_agree(s);
    judge(s, t, in, bias, out);
    sweep_done(s);
}

int sweep_winograd_side(nonet_algo algo)
{
    return algo == NONET_WINOGRAD_F6 ? 6 : algo == NONET_WINOGRAD_F4 ? 4 : algo == NONET_WINOGRAD_F2 ? 2 : 1;
}

int sweep_winograd_family_side(nonet_family family)
{
    if (family >= NONET_K_WINO_FILTER_F2 && family <= NONET_K_WINO_OUT_F2)
        return 2;
    return family >= NONET_K_WINO_FILTER_F4 && family <= NONET_K_WINO_OUT_F4_SHORT ? 4 : 6;
}

void sweep_wino_transform(sweep *s)
{
    int repeats = (int)(400 * s->scale) + 20;

    for (int i = 0; i < repeats; i++) {
        transform t = { .flags = 0 };

        make_matrices(s, &t);
        choose_shape(s, &t);
        run_transform(s, &t);
    }
}
