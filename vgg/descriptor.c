/* descriptor.c - see descriptor.h. */
#include "vgg/descriptor.h"
#include <math.h>
#include <stdlib.h>

size_t vgg_descriptor_width(const vgg_descriptor *how, int channels)
{
    return (size_t)channels * (how->across == VGG_ACROSS_STACK ? (size_t)how->scales : 1);
}

/* The network over a resized picture; map: what it makes of it (free it). */
static nonet_vgg_status run(nonet_vgg *net, vgg_prepare how, const uint8_t *pixels, const vgg_window *window, int flip,
                            float **map, nonet_vgg_info *info, nonet_vgg_error *err)
{
    vgg_cut cut = { .pixels = pixels, .columns = window->columns, .flip = flip };
    how.h = window->rows;
    how.w = window->columns;
    nonet_vgg_status status = nonet_vgg_reshape(net, 1, how.h, how.w, err);
    if (status != NONET_VGG_OK)
        return status;
    nonet_vgg_query(net, info);
    float *src = malloc((size_t)how.c * (size_t)how.h * (size_t)how.w * sizeof *src);
    *map = malloc((size_t)info->out_c * (size_t)info->out_h * (size_t)info->out_w * sizeof **map);
    if (src && *map) {
        vgg_normalise(&how, &cut, src);
        status = nonet_vgg_forward(net, src, *map, NULL, err);
    } else {
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for a picture of %d x %d and its map", how.w, how.h);
    }
    free(src);
    if (status != NONET_VGG_OK) {
        free(*map);
        *map = NULL;
    }
    return status;
}

nonet_vgg_status vgg_dense_map(nonet_vgg *net, const vgg_prepare *prepare, vgg_picture *picture, int side, int flip, float **map,
                               nonet_vgg_info *info, uint8_t **pixels, nonet_vgg_error *err)
{
    vgg_window window;
    uint8_t *resized = NULL;
    *map = NULL;
    nonet_vgg_status status = vgg_picture_convert(picture, prepare->c, err);
    if (status == NONET_VGG_OK)
        status = vgg_resize_whole(picture, side, &window, &resized, err);
    if (status == NONET_VGG_OK)
        status = run(net, *prepare, resized, &window, flip, map, info, err);
    if (pixels && status == NONET_VGG_OK)
        *pixels = resized;
    else
        free(resized);
    return status;
}

/* Adds `weight` times the pooled map to the sums. */
static void pool(const float *map, const nonet_vgg_info *info, int max_pool, double weight, double *sum)
{
    size_t positions = (size_t)info->out_h * (size_t)info->out_w;
    for (int c = 0; c < info->out_c; c++) {
        const float *at = map + (size_t)c * positions;
        double pooled = (double)at[0];
        for (size_t i = 1; i < positions; i++)
            pooled = max_pool ? fmax(pooled, (double)at[i]) : pooled + (double)at[i];
        sum[c] += weight * (max_pool ? pooled : pooled / (double)positions);
    }
}

/* The row of one scale: the mean of the picture's and its mirror image's. */
static nonet_vgg_status describe_scale(nonet_vgg *net, const vgg_prepare *prepare, const vgg_descriptor *how,
                                       const vgg_window *window, const uint8_t *pixels, double *sum, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int views = how->flip ? 2 : 1;
    for (int flip = 0; flip < views && status == NONET_VGG_OK; flip++) {
        nonet_vgg_info info;
        float *map = NULL;
        status = run(net, *prepare, pixels, window, flip, &map, &info, err);
        if (status == NONET_VGG_OK)
            pool(map, &info, how->max_pool, 1.0 / views, sum);
        free(map);
    }
    return status;
}

/* rows: one a scale. They become one, in the first, unless they are stacked: then they stand so already. */
static void join(const vgg_descriptor *how, int channels, double *rows)
{
    for (int s = 1; s < how->scales && how->across != VGG_ACROSS_STACK; s++)
        for (int c = 0; c < channels; c++) {
            double further = rows[(size_t)s * (size_t)channels + (size_t)c];
            rows[c] = how->across == VGG_ACROSS_MAX ? fmax(rows[c], further) : rows[c] + further;
        }
    for (int c = 0; c < channels && how->across == VGG_ACROSS_AVG; c++)
        rows[c] /= how->scales;
}

static void finish(const vgg_descriptor *how, size_t width, const double *joined, float *row)
{
    double squares = 0;
    for (size_t i = 0; i < width && how->l2; i++)
        squares += joined[i] * joined[i];
    for (size_t i = 0; i < width; i++)
        row[i] = (float)(squares > 0 ? joined[i] / sqrt(squares) : joined[i]);
}

nonet_vgg_status vgg_describe(nonet_vgg *net, const vgg_prepare *prepare, const vgg_descriptor *how, vgg_picture *picture,
                              float *row, nonet_vgg_error *err)
{
    nonet_vgg_info info;
    nonet_vgg_query(net, &info);
    double *rows = calloc((size_t)how->scales * (size_t)info.out_c, sizeof *rows);
    nonet_vgg_status status = rows ? vgg_picture_convert(picture, prepare->c, err)
                                   : vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for a row of features");
    for (int s = 0; s < how->scales && status == NONET_VGG_OK; s++) {
        vgg_window window;
        uint8_t *pixels = NULL;
        status = vgg_resize_whole(picture, how->scale[s], &window, &pixels, err);
        if (status == NONET_VGG_OK)
            status = describe_scale(net, prepare, how, &window, pixels, rows + (size_t)s * (size_t)info.out_c, err);
        free(pixels);
    }
    if (status == NONET_VGG_OK) {
        join(how, info.out_c, rows);
        finish(how, vgg_descriptor_width(how, info.out_c), rows, row);
    }
    free(rows);
    return status;
}
