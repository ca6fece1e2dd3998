/* evaluator.c - runs the views of pictures through one or more networks and averages their posteriors.
 *
 * Views wait in a buffer until it is full or one of another size comes; then they go through the network together. */
#include <stdlib.h>
#include <string.h>
#include "vgg/evaluator.h"

/* ---- views on their way through a network ---- */

int vgg_grow(float **buffer, size_t *held, size_t floats)
{
    if (floats <= *held)
        return 1;
    free(*buffer);
    *buffer = malloc(floats * sizeof(float));
    *held = *buffer ? floats : 0;
    return *buffer != NULL;
}

/* The scores of a view (a map of them) become its posteriors in e->row. */
static void posteriors_of(const vgg_evaluator *e, const vgg_member *m, const float *map, size_t positions)
{
    for (int k = 0; k < e->classes; k++) {
        double sum = 0;
        for (size_t i = 0; i < positions; i++)
            sum += (double)map[(size_t)k * positions + i];
        e->row[k] = (float)(sum / (double)positions);
    }
    if (!m->info.ends_in_softmax)
        nonet_softmax(1, e->classes, e->row, e->row);
}

/* Sends the views that wait through the network. */
static nonet_vgg_status flush(vgg_evaluator *e, vgg_member *m, nonet_vgg_error *err)
{
    int views = e->waiting;
    nonet_vgg_status status = NONET_VGG_OK;
    nonet_vgg_info info;
    e->waiting = 0;
    if (views == 0)
        return NONET_VGG_OK;
    if (m->batch != views || m->h != e->h || m->w != e->w) {
        m->batch = 0;           /* until it has succeeded */
        status = nonet_vgg_reshape(m->net, views, e->h, e->w, err);
    }
    if (status != NONET_VGG_OK)
        return status;
    m->batch = views;
    m->h = e->h;
    m->w = e->w;
    nonet_vgg_query(m->net, &info);
    size_t positions = (size_t)info.out_h * (size_t)info.out_w, map = positions * (size_t)e->classes;
    if (!vgg_grow(&e->dst, &e->dst_floats, map * (size_t)views))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for the class scores");
    status = nonet_vgg_forward(m->net, e->src, e->dst, NULL, err);
    for (int v = 0; status == NONET_VGG_OK && v < views; v++) {
        double *sum = e->sum + (size_t)e->slot[v].picture * (size_t)e->classes;
        posteriors_of(e, m, e->dst + (size_t)v * map, positions);
        for (int k = 0; k < e->classes; k++)
            sum[k] += e->slot[v].weight * (double)e->row[k];
    }
    return status;
}

/* What the evaluator would hold with this network in this shape. */
static nonet_vgg_status memory_with(const vgg_evaluator *e, const vgg_member *m, int views, int h, int w, size_t *bytes,
                                    nonet_vgg_error *err)
{
    nonet_vgg_info info;
    nonet_vgg_status status = nonet_vgg_memory(m->net, views, h, w, bytes, err);
    size_t floats = (size_t)views * (size_t)m->info.c * (size_t)h * (size_t)w;
    nonet_vgg_query(m->net, &info);
    *bytes += vgg_evaluator_memory(e) - info.memory + (floats > e->src_floats ? floats - e->src_floats : 0) * sizeof(float);
    return status;
}

/* Makes room for at most `views` views of one size: fewer if the memory's limit wants it. */
static nonet_vgg_status make_room(vgg_evaluator *e, const vgg_member *m, int views, int h, int w, nonet_vgg_error *err)
{
    for (size_t bytes = 0; e->max_memory && !(m->batch >= views && m->h == h && m->w == w); views = (views + 1) / 2) {
        nonet_vgg_status status = memory_with(e, m, views, h, w, &bytes, err);
        if (status != NONET_VGG_OK)
            return status;
        if (bytes <= e->max_memory)
            break;
        if (views == 1)
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "a view of %d x %d would take %.1f MB, weights included; the limit is "
                            "%.1f MB", w, h, (double)bytes / 1e6, (double)e->max_memory / 1e6);
    }
    if (!vgg_grow(&e->src, &e->src_floats, (size_t)views * (size_t)m->info.c * (size_t)h * (size_t)w))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for %d views of %d x %d", views, w, h);
    e->room = views;
    e->h = h;
    e->w = w;
    return NONET_VGG_OK;
}

/* A picture at one scale, and which picture it is. */
typedef struct scaled {
    vgg_cut cut;
    int rows, picture, most;    /* most: views of one size that may go together */
    double weight;              /* of each view */
} scaled;

static nonet_vgg_status add_view(vgg_evaluator *e, vgg_member *m, const scaled *s, int h, int w, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    if (e->waiting && (e->h != h || e->w != w))
        status = flush(e, m, err);
    if (status == NONET_VGG_OK && e->waiting == 0)
        status = make_room(e, m, s->most, h, w, err);
    if (status != NONET_VGG_OK)
        return status;
    m->how.h = h;
    m->how.w = w;
    vgg_normalise(&m->how, &s->cut, e->src + (size_t)e->waiting * (size_t)m->info.c * (size_t)h * (size_t)w);
    e->slot[e->waiting++] = (vgg_slot){s->picture, s->weight};
    return e->waiting == e->room ? flush(e, m, err) : NONET_VGG_OK;
}

/* The view, and its mirror image. */
static nonet_vgg_status add_views(vgg_evaluator *e, vgg_member *m, scaled *s, int flip, int h, int w, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    for (s->cut.flip = 0; status == NONET_VGG_OK && s->cut.flip <= flip; s->cut.flip++)
        status = add_view(e, m, s, h, w, err);
    return status;
}

/* ---- the views of a picture ---- */

static nonet_vgg_status add_grid(vgg_evaluator *e, vgg_member *m, scaled *s, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int down = s->rows - m->info.h, across = s->cut.columns - m->info.w, steps = VGG_GRID - 1;
    for (int i = 0; status == NONET_VGG_OK && i < VGG_GRID * VGG_GRID; i++) {
        s->cut.top = (i / VGG_GRID * down + steps / 2) / steps;
        s->cut.left = (i % VGG_GRID * across + steps / 2) / steps;
        status = add_views(e, m, s, 1, m->info.h, m->info.w, err);
    }
    return status;
}

vgg_window vgg_view_window(const vgg_evaluator *e, const vgg_member *m, const vgg_picture *p, int scale)
{
    int side = e->protocol.scales ? e->protocol.scale[scale] : 0;
    if (e->protocol.kind == VGG_CENTRE)
        return vgg_centre_window(p, m->info.h, m->info.w, side);
    return vgg_whole_window(p, side ? side : vgg_default_side(m->info.h, m->info.w));
}

nonet_vgg_status vgg_check_window(const vgg_member *m, const vgg_picture *p, const vgg_window *window, nonet_vgg_error *err)
{
    if (window->rows >= m->info.h && window->columns >= m->info.w && window->h >= window->rows && window->w >= window->columns)
        return NONET_VGG_OK;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "a picture of %d x %d cannot be evaluated: resized it is %lld x %lld, the "
                    "network takes %d x %d", p->w, p->h, (long long)window->w, (long long)window->h, m->info.w, m->info.h);
}

/* The views of a picture at one scale. grid: the multi-crop ones, else those of dense or centre. */
static nonet_vgg_status add_scale(vgg_evaluator *e, vgg_member *m, const vgg_picture *p, int picture, int scale, int grid,
                                  nonet_vgg_error *err)
{
    const vgg_protocol *how = &e->protocol;
    vgg_window window = vgg_view_window(e, m, p, scale);
    nonet_vgg_status status = vgg_check_window(m, p, &window, err);
    if (status != NONET_VGG_OK)
        return status;
    int scales = how->scales ? how->scales : 1, views = grid ? 2 * VGG_GRID * VGG_GRID : how->flip ? 2 : 1;
    uint8_t *pixels = malloc((size_t)window.rows * (size_t)window.columns * (size_t)p->channels);
    if (!pixels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to resize a picture");
    scaled s = {
        .cut = {.pixels = pixels, .columns = window.columns}, .rows = window.rows, .picture = picture,
        .most = e->batch ? e->batch : grid ? VGG_CROPS : 1,
        .weight = m->weight / scales / views / (how->kind == VGG_BOTH ? 2 : 1),
    };
    status = vgg_resize(p, &window, pixels, err);
    if (status == NONET_VGG_OK)
        status = grid ? add_grid(e, m, &s, err) : add_views(e, m, &s, how->flip != 0, window.rows, window.columns, err);
    free(pixels);
    return status;
}

nonet_vgg_status vgg_with_channels(const vgg_picture *p, int channels, vgg_picture *copy, nonet_vgg_error *err)
{
    *copy = *p;
    if (p->channels == channels)
        return NONET_VGG_OK;
    size_t bytes = (size_t)p->w * (size_t)p->h * (size_t)p->channels;
    copy->pixels = malloc(bytes);
    if (!copy->pixels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to convert a picture");
    memcpy(copy->pixels, p->pixels, bytes);
    nonet_vgg_status status = vgg_picture_convert(copy, channels, err);
    if (status != NONET_VGG_OK)
        vgg_picture_clear(copy);
    return status;
}

/* All views of one kind of all pictures; those of a size go together. */
static nonet_vgg_status run_kind(vgg_evaluator *e, vgg_member *m, const vgg_picture *picture, int pictures, int grid,
                                 nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int scales = e->protocol.scales ? e->protocol.scales : 1;
    for (int i = 0; status == NONET_VGG_OK && i < scales * pictures; i++) {
        const vgg_picture *from = &picture[i % pictures];
        vgg_picture copy;
        status = vgg_with_channels(from, m->info.c, &copy, err);
        if (status != NONET_VGG_OK)
            break;
        status = add_scale(e, m, &copy, i % pictures, i / pictures, grid, err);
        if (copy.pixels != from->pixels)
            vgg_picture_clear(&copy);
    }
    return status == NONET_VGG_OK ? flush(e, m, err) : status;
}

nonet_vgg_status vgg_evaluator_run(vgg_evaluator *e, const vgg_picture *picture, int pictures, float *posteriors,
                                   nonet_vgg_error *err)
{
    size_t numbers = (size_t)pictures * (size_t)e->classes;
    vgg_protocol_kind kind = e->protocol.kind;
    nonet_vgg_status status = NONET_VGG_OK;
    e->waiting = 0;
    e->sum = calloc(numbers, sizeof *e->sum);
    if (!e->sum)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for the posteriors");
    for (int i = 0; status == NONET_VGG_OK && i < e->models; i++) {
        if (kind != VGG_MULTICROP)
            status = run_kind(e, &e->member[i], picture, pictures, 0, err);
        if (status == NONET_VGG_OK && (kind == VGG_MULTICROP || kind == VGG_BOTH))
            status = run_kind(e, &e->member[i], picture, pictures, 1, err);
    }
    for (size_t i = 0; status == NONET_VGG_OK && i < numbers; i++)
        posteriors[i] = (float)e->sum[i];
    free(e->sum);
    e->sum = NULL;
    return status;
}
