/* resize.c - antialiased bilinear resize of 8-bit pictures: a triangle filter as wide as the step between output pixels, first
 * along rows, then along columns, each pass rounded to 8 bits. Weights are 22-bit fixed point, so that the bytes are those
 * of Pillow, which torchvision uses. Only the window that is asked for is computed. */
#include <stdlib.h>
#include <string.h>
#include "vgg/preprocess.h"

enum { WEIGHT_BITS = 22 };      /* 8 bits of pixel and 2 of head room make up the 32 of the sums */

/* The filter of one direction: output i is the sum over j < count[i] of weight[i * taps + j] * in[first[i] + j]. */
typedef struct filter {
    int outputs, taps;
    int *first, *count;
    int32_t *weight;
} filter;

static void filter_clear(filter *f)
{
    free(f->first);
    free(f->count);
    free(f->weight);
    *f = (filter){0};
}

static double triangle(double x)
{
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* Taps of the output pixel whose middle is at `centre` in input pixels. */
static void fill_taps(filter *f, int i, int in, double centre, double scale, double *real)
{
    double sum = 0;
    int from = (int)(centre - scale + 0.5), to = centre + scale + 0.5 < in ? (int)(centre + scale + 0.5) : in;
    from = from < 0 ? 0 : from;
    for (int j = 0; j < to - from; j++)
        sum += real[j] = triangle((j + from - centre + 0.5) * (1 / scale));
    f->first[i] = from;
    f->count[i] = to - from;
    for (int j = 0; j < to - from; j++) {
        double w = sum != 0 ? real[j] / sum : 0;
        f->weight[(size_t)i * (size_t)f->taps + (size_t)j] = (int32_t)(0.5 + w * (1 << WEIGHT_BITS));
    }
}

/* in pixels become out pixels, of which `outputs` from `offset` on are wanted. 0 when there is no memory. */
static int filter_make(filter *f, int in, int64_t out, int64_t offset, int outputs)
{
    double step = (double)in / (double)out, scale = step < 1 ? 1 : step;
    f->outputs = outputs;
    f->taps = (int)scale * 2 + 3;
    f->first = malloc((size_t)outputs * sizeof(int));
    f->count = malloc((size_t)outputs * sizeof(int));
    f->weight = malloc((size_t)outputs * (size_t)f->taps * sizeof(int32_t));
    double *real = malloc((size_t)f->taps * sizeof(double));
    int ok = f->first && f->count && f->weight && real;
    for (int i = 0; ok && i < outputs; i++)
        fill_taps(f, i, in, ((double)(offset + i) + 0.5) * step, scale, real);
    free(real);
    return ok;
}

static uint8_t clip(int32_t sum)
{
    sum >>= WEIGHT_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* One row of RGB: the three channels in one pass over the weights. */
static void filter_row_rgb(const filter *f, const uint8_t *from, uint8_t *to)
{
    const int32_t half = 1 << (WEIGHT_BITS - 1);
    for (int i = 0; i < f->outputs; i++, to += 3) {
        const uint8_t *in = from + (size_t)f->first[i] * 3;
        const int32_t *w = f->weight + (size_t)i * (size_t)f->taps;
        int32_t r = half, g = half, b = half;
        for (int j = 0; j < f->count[i]; j++, in += 3) {
            r += in[0] * w[j];
            g += in[1] * w[j];
            b += in[2] * w[j];
        }
        to[0] = clip(r);
        to[1] = clip(g);
        to[2] = clip(b);
    }
}

/* One row: outputs x channels bytes. */
static void filter_row(const filter *f, const uint8_t *from, uint8_t *to, int channels)
{
    if (channels == 3) {
        filter_row_rgb(f, from, to);
        return;
    }
    for (int i = 0; i < f->outputs; i++)
        for (int c = 0; c < channels; c++) {
            const uint8_t *in = from + (size_t)f->first[i] * (size_t)channels + c;
            const int32_t *w = f->weight + (size_t)i * (size_t)f->taps;
            int32_t sum = 1 << (WEIGHT_BITS - 1);
            for (int j = 0; j < f->count[i]; j++)
                sum += in[(size_t)j * (size_t)channels] * w[j];
            *to++ = clip(sum);
        }
}

/* Output row i from rows of `bytes` bytes; row 0 of `from` is the input's row `base`. sums: `bytes` numbers to work with. */
static void filter_column(const filter *f, int i, const uint8_t *from, int base, size_t bytes, int32_t *sums, uint8_t *to)
{
    const uint8_t *in = from + (size_t)(f->first[i] - base) * bytes;
    for (size_t x = 0; x < bytes; x++)
        sums[x] = 1 << (WEIGHT_BITS - 1);
    for (int j = 0; j < f->count[i]; j++, in += bytes) {
        const int32_t w = f->weight[(size_t)i * (size_t)f->taps + (size_t)j];
        for (size_t x = 0; x < bytes; x++)
            sums[x] += in[x] * w;
    }
    for (size_t x = 0; x < bytes; x++)
        to[x] = clip(sums[x]);
}

/* Both passes. A direction that keeps its size has weights of exactly one, so it passes through unchanged. */
static int filter_both(const vgg_picture *p, const filter *across, const filter *down, uint8_t *to)
{
    int last = down->outputs - 1, base = down->first[0], rows = down->first[last] + down->count[last] - base;
    size_t bytes = (size_t)across->outputs * (size_t)p->channels, stride = (size_t)p->w * (size_t)p->channels;
    uint8_t *between = malloc((size_t)rows * bytes);
    int32_t *sums = malloc(bytes * sizeof *sums);
    if (!between || !sums) {
        free(between);
        free(sums);
        return 0;
    }
    for (int y = 0; y < rows; y++)
        filter_row(across, p->pixels + (size_t)(base + y) * stride, between + (size_t)y * bytes, p->channels);
    for (int y = 0; y < down->outputs; y++)
        filter_column(down, y, between, base, bytes, sums, to + (size_t)y * bytes);
    free(between);
    free(sums);
    return 1;
}

nonet_vgg_status vgg_resize(const vgg_picture *picture, const vgg_window *window, uint8_t *to, nonet_vgg_error *err)
{
    filter across = {0}, down = {0};
    int ok = filter_make(&across, picture->w, window->w, window->left, window->columns) &&
             filter_make(&down, picture->h, window->h, window->top, window->rows) &&
             filter_both(picture, &across, &down, to);
    filter_clear(&across);
    filter_clear(&down);
    return ok ? NONET_VGG_OK : vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to resize a picture");
}
