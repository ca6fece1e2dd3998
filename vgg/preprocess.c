/* preprocess.c - see preprocess.h. */
#include "vgg/preprocess.h"

#include <stdlib.h>
#include <string.h>
#include "vgg/layers.h"

static const char *const kind_names[] = {"torch", "caffe", "grey"};

void vgg_prepare_defaults(nonet_vgg_kind kind, float *mean, float *std)
{
    vgg_model model = {0};
    vgg_set_preparation(&model, kind);
    memcpy(mean, model.mean, sizeof(model.mean));
    memcpy(std, model.std, sizeof(model.std));
}

int vgg_prepare_kind(const char *text, nonet_vgg_kind *kind)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(text, kind_names[i]) == 0) {
            *kind = (nonet_vgg_kind)i;
            return 1;
        }
    return 0;
}

const char *vgg_prepare_name(nonet_vgg_kind kind)
{
    return kind_names[kind];
}

/* What a side of the input is cut from: 256 for 224. Small inputs are not cut. */
static int64_t uncut(int side)
{
    return side >= 64 ? ((int64_t)side * 256 + 112) / 224 : side;
}

/* Half of what is cut away, a half going to the even side, as Python rounds. */
static int64_t half(int64_t d)
{
    return d / 2 + (d % 2 != 0 && d / 2 % 2 != 0 ? 1 : 0);
}

/* The smallest size with the picture's proportions that covers the uncut input (or a square of that side), and its centre. */
vgg_window vgg_centre_window(const vgg_picture *p, int h, int w, int side)
{
    vgg_window window = {.w = side ? side : uncut(w), .h = side ? side : uncut(h), .columns = w, .rows = h};
    if ((int64_t)p->w * window.h >= window.w * p->h)
        window.w = window.h * p->w / p->h;
    else
        window.h = window.w * p->h / p->w;
    window.left = half(window.w - w);
    window.top = half(window.h - h);
    return window;
}

vgg_window vgg_whole_window(const vgg_picture *p, int side)
{
    enum { PIXELS = 1 << 24 };
    int64_t least = p->w < p->h ? p->w : p->h;
    int64_t w = (2 * (int64_t)side * p->w + least) / (2 * least), h = (2 * (int64_t)side * p->h + least) / (2 * least);
    int fits = w <= PIXELS && h <= PIXELS && w * h <= PIXELS;
    return (vgg_window){.w = w, .h = h, .columns = fits ? (int)w : 0, .rows = fits ? (int)h : 0};
}

int vgg_default_side(int h, int w)
{
    return (int)uncut(h > w ? h : w);
}

nonet_vgg_status vgg_resize_whole(const vgg_picture *picture, int side, vgg_window *window, uint8_t **pixels,
                                  nonet_vgg_error *err)
{
    *window = vgg_whole_window(picture, side);
    *pixels = NULL;
    if (!window->columns)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED,
                        "a picture of %d x %d would be %lld x %lld with a smaller side of %d: too large", picture->w, picture->h,
                        (long long)window->w, (long long)window->h, side);
    *pixels = malloc((size_t)window->rows * (size_t)window->columns * (size_t)picture->channels);
    nonet_vgg_status status = *pixels ? vgg_resize(picture, window, *pixels, err)
                                      : vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to resize a picture");
    if (status != NONET_VGG_OK) {
        free(*pixels);
        *pixels = NULL;
    }
    return status;
}

/* What each of the 256 values of a pixel becomes in a plane. */
static void normalise_values(const vgg_prepare *how, int plane, float to[256])
{
    float mean = how->mean[plane], std = how->std[plane];
    for (int i = 0; i < 256; i++) {
        float v = (float)i;
        to[i] = how->kind == NONET_VGG_CAFFE ? v - mean : (v / 255.0f - mean) / std;
    }
}

/* Caffe's planes run backwards. */
void vgg_normalise(const vgg_prepare *how, const vgg_cut *cut, float *dst)
{
    int channels = how->c, first = cut->flip ? cut->left + how->w - 1 : cut->left;
    ptrdiff_t step = cut->flip ? -channels : channels;      /* bytes from pixel to pixel */
    float value[256];
    for (int c = 0; c < channels; c++) {
        int from = how->kind == NONET_VGG_CAFFE ? channels - 1 - c : c;
        normalise_values(how, c, value);
        for (int y = 0; y < how->h; y++, dst += how->w) {
            size_t start = (size_t)(cut->top + y) * (size_t)cut->columns + (size_t)first;
            const uint8_t *pixel = cut->pixels + start * (size_t)channels + from;
            for (int x = 0; x < how->w; x++, pixel += step)
                dst[x] = value[*pixel];
        }
    }
}

nonet_vgg_status vgg_prepare_picture(const vgg_prepare *how, vgg_picture *picture, float *dst, nonet_vgg_error *err)
{
    if (how->c != 1 && how->c != 3)
        return vgg_fail(err, NONET_VGG_USAGE, "a network with %d input channels takes no pictures", how->c);
    nonet_vgg_status status = vgg_picture_convert(picture, how->c, err);
    if (status != NONET_VGG_OK)
        return status;
    vgg_window window = vgg_centre_window(picture, how->h, how->w, 0);
    uint8_t *cut = malloc((size_t)how->h * (size_t)how->w * (size_t)how->c);
    if (!cut)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to resize a picture");
    status = vgg_resize(picture, &window, cut, err);
    if (status == NONET_VGG_OK)
        vgg_normalise(how, &(vgg_cut){.pixels = cut, .columns = how->w}, dst);
    free(cut);
    return status;
}
