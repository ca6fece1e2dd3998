/* tiles.c - the map after a layer as grey tiles, one a channel, those with the largest mean first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/explain/explain.h"
#include "vgg/descriptor.h"

static double mean_of(const float *map, size_t positions, int *silent)
{
    double sum = 0;
    int zero = 1;
    for (size_t i = 0; i < positions; i++) {
        sum += (double)map[i];
        zero &= map[i] == 0;
    }
    *silent += zero;
    return sum / (double)positions;
}

/* Takes the channel in, at its place; the last one goes when there are too many. What is not a number comes last. */
static void consider(explanation *x, int channel, double mean)
{
    int at = x->tiles;
    while (at > 0 && (mean > x->tile[at - 1].mean || (mean == mean && x->tile[at - 1].mean != x->tile[at - 1].mean)))
        at--;
    if (at == EXPLAIN_TILES)
        return;
    int moved = (x->tiles < EXPLAIN_TILES ? x->tiles : EXPLAIN_TILES - 1) - at;
    memmove(&x->tile[at + 1], &x->tile[at], (size_t)moved * sizeof x->tile[0]);
    x->tile[at] = (explain_tile){ .channel = channel, .mean = mean };
    x->tiles += x->tiles < EXPLAIN_TILES;
}

/* Black is zero, or the smallest value if that is below; white the largest. */
static void to_grey(explain_tile *tile, const float *map)
{
    size_t positions = (size_t)tile->picture.w * (size_t)tile->picture.h;
    for (size_t i = 0; i < positions; i++) {
        tile->low = fminf(tile->low, map[i]);
        tile->high = fmaxf(tile->high, map[i]);
    }
    float scale = tile->high > tile->low ? 255 / (tile->high - tile->low) : 0;
    for (size_t i = 0; i < positions; i++) {
        float grey = (map[i] - tile->low) * scale + 0.5f;
        tile->picture.pixels[i] = grey >= 255 ? 255 : grey > 0 ? (uint8_t)grey : 0;
    }
}

/* Large ones are reduced: a page should not take megabytes. */
static nonet_vgg_status reduce(vgg_picture *p, nonet_vgg_error *err)
{
    int longest = p->w > p->h ? p->w : p->h;
    if (longest <= EXPLAIN_TILE_SIDE)
        return NONET_VGG_OK;
    int w = (int)((int64_t)p->w * EXPLAIN_TILE_SIDE / longest), h = (int)((int64_t)p->h * EXPLAIN_TILE_SIDE / longest);
    vgg_window window = { .w = w > 0 ? w : 1, .h = h > 0 ? h : 1 };
    window.columns = (int)window.w;
    window.rows = (int)window.h;
    uint8_t *to = malloc((size_t)window.rows * (size_t)window.columns);
    nonet_vgg_status status = to ? vgg_resize(p, &window, to, err) : vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for a tile");
    if (status != NONET_VGG_OK) {
        free(to);
        return status;
    }
    free(p->pixels);
    *p = (vgg_picture){ window.columns, window.rows, 1, to };
    return NONET_VGG_OK;
}

static nonet_vgg_status draw(explanation *x, const float *map, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    size_t positions = (size_t)x->layer_h * (size_t)x->layer_w;
    for (int c = 0; c < x->channels; c++)
        consider(x, c, mean_of(map + (size_t)c * positions, positions, &x->silent));
    for (int i = 0; i < x->tiles && status == NONET_VGG_OK; i++) {
        explain_tile *tile = &x->tile[i];
        status = vgg_picture_alloc(&tile->picture, "a tile", (uint64_t)x->layer_w, (uint64_t)x->layer_h, 1, err);
        if (status != NONET_VGG_OK)
            break;
        to_grey(tile, map + (size_t)tile->channel * positions);
        status = reduce(&tile->picture, err);
    }
    return status;
}

int explain_layer(explanation *x, const explain_request *r)
{
    nonet_vgg *net = NULL;
    nonet_vgg_info info;
    nonet_vgg_error err;
    float *map = NULL;
    nonet_vgg_options options = { .conv = r->common.conv, .dense = 1, .last = x->layer, .max_memory = r->max_memory };
    int fault = cli_net_open(&net, r->model.path, &r->model, options);
    if (fault)
        return fault;
    nonet_vgg_status status = vgg_dense_map(net, &x->prepared.how, &x->whole, x->side, 0, &map, &info, NULL, &err);
    if (status == NONET_VGG_OK) {
        x->channels = info.out_c;
        x->layer_h = info.out_h;
        x->layer_w = info.out_w;
        status = draw(x, map, &err);
    }
    free(map);
    nonet_vgg_close(net);
    return status == NONET_VGG_OK ? 0 : cli_fail(cli_exit_of(status), "%s", err.text);
}
