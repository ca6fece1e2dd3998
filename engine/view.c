/* view.c - rows of 16-channel pixels in and out of the three layouts. */
#include <string.h>
#include "engine/view.h"

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* Channels of a block that exist: 16 but for the last. */
static int lanes_of(const nonet_view *v, int cb)
{
    return min_int(NONET_L, v->c - cb * NONET_L);
}

/* A part [first, last) of count pixels from x0 lies inside the row. */
static void inside(const nonet_view *v, int x0, int count, int *first, int *last)
{
    *first = x0 < 0 ? min_int(-x0, count) : 0;
    *last = min_int(count, v->w - x0);
    if (*last < *first)
        *last = *first;
}

/* Floats between neighbouring pixels, and between neighbouring channels, of a plain layout; where channel c of row y starts. */
typedef struct plain { size_t pixel, channel, start; } plain;

static plain plain_of(const nonet_view *v, int n, int c, int y)
{
    size_t W = (size_t)v->w, H = (size_t)v->h, C = (size_t)v->c;
    size_t row = (size_t)n * H + (size_t)y;
    if (v->layout == NONET_NHWC)
        return (plain){ C, 1, row * W * C + (size_t)c };
    return (plain){ 1, H * W, (((size_t)n * C + (size_t)c) * H + (size_t)y) * W };
}

void nonet_gather_row(const nonet_view *v, const float *src, int n, int cb, int y, int x0, int count, float *out)
{
    int first, last;
    inside(v, x0, count, &first, &last);
    if (y < 0 || y >= v->h)
        first = last = count;
    memset(out, 0, (size_t)first * NONET_L * sizeof *out);
    memset(out + (size_t)last * NONET_L, 0, (size_t)(count - last) * NONET_L * sizeof *out);
    if (first == last)
        return;
    float *to = out + (size_t)first * NONET_L;
    size_t pixels = (size_t)(last - first);
    if (v->layout == NONET_NCHW16C) {
        memcpy(to, src + nonet_blocked_at(v, n, cb, y) + (size_t)(x0 + first) * NONET_L, pixels * NONET_L * sizeof *to);
        return;
    }
    plain at = plain_of(v, n, cb * NONET_L, y);
    const float *from = src + at.start + (size_t)(x0 + first) * at.pixel;
    int lanes = lanes_of(v, cb);
    for (size_t i = 0; i < pixels; i++) {
        for (int l = 0; l < lanes; l++)
            to[i * NONET_L + (size_t)l] = from[i * at.pixel + (size_t)l * at.channel];
        for (int l = lanes; l < NONET_L; l++)
            to[i * NONET_L + (size_t)l] = 0;
    }
}

void nonet_gather_plane_row(const nonet_view *v, const float *src, int n, int c, int y, int x0, int count, float *out)
{
    int first, last;
    inside(v, x0, count, &first, &last);
    if (y < 0 || y >= v->h)
        first = last = count;
    memset(out, 0, (size_t)first * sizeof *out);
    memset(out + last, 0, (size_t)(count - last) * sizeof *out);
    if (first == last)
        return;
    plain at = { NONET_L, 1, 0 };
    if (v->layout == NONET_NCHW16C)
        at.start = nonet_blocked_at(v, n, c / NONET_L, y) + (size_t)(c % NONET_L);
    else
        at = plain_of(v, n, c, y);
    const float *from = src + at.start + (size_t)(x0 + first) * at.pixel;
    if (at.pixel == 1)
        memcpy(out + first, from, (size_t)(last - first) * sizeof *out);
    else
        for (int i = 0; i < last - first; i++)
            out[first + i] = from[(size_t)i * at.pixel];
}

void nonet_scatter_row(const nonet_view *v, float *dst, int n, int cb, int y, int x0, int count, const float *in)
{
    size_t pixels = (size_t)min_int(count, v->w - x0);
    if (v->layout == NONET_NCHW16C) {
        memcpy(dst + nonet_blocked_at(v, n, cb, y) + (size_t)x0 * NONET_L, in, pixels * NONET_L * sizeof *in);
        return;
    }
    plain at = plain_of(v, n, cb * NONET_L, y);
    float *to = dst + at.start + (size_t)x0 * at.pixel;
    int lanes = lanes_of(v, cb);
    for (int l = 0; l < lanes; l++)
        for (size_t i = 0; i < pixels; i++)
            to[i * at.pixel + (size_t)l * at.channel] = in[i * NONET_L + (size_t)l];
}

void nonet_fetch_pixels(const nonet_view *v, const float *tensor, int n, int cb, int y, int x, int rows, int count,
                        int write)
{
    const size_t pixel = NONET_L * sizeof(float);
    int first = y < 0 ? -y : 0, last = min_int(rows, v->h - y);
    if (v->layout != NONET_NCHW16C)
        return;
    uintptr_t at = (uintptr_t)tensor + nonet_blocked_at(v, n, cb, y + first) * sizeof(float) + (uintptr_t)x * pixel;
    for (int i = first; i < last; i++, at += (uintptr_t)v->w * pixel)
        for (int j = 0; j < count; j++)
            if (write)
                __builtin_prefetch((const void *)(at + (uintptr_t)j * pixel), 1);
            else
                __builtin_prefetch((const void *)(at + (uintptr_t)j * pixel));
}
