/* localise.c - runs box and class networks over the views of a picture, and merges the boxes that they give. */
#include <math.h>
#include <stdlib.h>
#include "vgg/localiser.h"

/* ---- one network, one view ---- */

static size_t floats_of(const vgg_member *m, int h, int w)
{
    return (size_t)m->info.c * (size_t)h * (size_t)w;
}

/* What all would hold with this network in this shape. */
static nonet_vgg_status check_memory(const vgg_localiser *l, const vgg_member *m, int h, int w, nonet_vgg_error *err)
{
    nonet_vgg_info info;
    size_t bytes = 0, floats = floats_of(m, h, w);
    nonet_vgg_query(m->net, &info);
    nonet_vgg_status status = l->max_memory ? nonet_vgg_memory(m->net, 1, h, w, &bytes, err) : NONET_VGG_OK;
    bytes += vgg_localiser_memory(l) - info.memory + (floats > l->src_floats ? floats - l->src_floats : 0) * sizeof(float);
    if (status != NONET_VGG_OK || !l->max_memory || bytes <= l->max_memory)
        return status;
    return vgg_fail(err, NONET_VGG_NO_MEMORY, "boxes from a view of %d x %d would take %.1f MB, weights included; the limit is "
                    "%.1f MB", w, h, (double)bytes / 1e6, (double)l->max_memory / 1e6);
}

static nonet_vgg_status shape(vgg_localiser *l, vgg_member *m, int h, int w, nonet_vgg_error *err)
{
    if (m->batch == 1 && m->h == h && m->w == w)
        return NONET_VGG_OK;
    nonet_vgg_status status = check_memory(l, m, h, w, err);
    if (status != NONET_VGG_OK)
        return status;
    m->batch = 0;               /* until it has succeeded */
    status = nonet_vgg_reshape(m->net, 1, h, w, err);
    if (status != NONET_VGG_OK)
        return status;
    m->batch = 1;
    m->h = h;
    m->w = w;
    return NONET_VGG_OK;
}

/* A view of a picture: h x w pixels of the resized one. */
typedef struct view {
    vgg_window window;
    vgg_cut cut;
    int oh, ow;                 /* of the map that comes of it */
} view;

/* Leaves the network's map in l->dst. */
static nonet_vgg_status forward(vgg_localiser *l, vgg_member *m, view *v, nonet_vgg_error *err)
{
    int h = v->window.rows, w = v->window.columns;
    nonet_vgg_info info;
    nonet_vgg_status status = shape(l, m, h, w, err);
    if (status != NONET_VGG_OK)
        return status;
    nonet_vgg_query(m->net, &info);
    if (!vgg_grow(&l->src, &l->src_floats, floats_of(m, h, w)) ||
        !vgg_grow(&l->dst, &l->dst_floats, (size_t)info.out_c * (size_t)info.out_h * (size_t)info.out_w))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for a view of %d x %d", w, h);
    m->how.h = h;
    m->how.w = w;
    vgg_normalise(&m->how, &v->cut, l->src);
    v->oh = info.out_h;
    v->ow = info.out_w;
    return nonet_vgg_forward(m->net, l->src, l->dst, NULL, err);
}

/* ---- a picture ---- */

typedef struct list {
    vgg_prediction *item;
    int count, room;
} list;

typedef struct search {
    vgg_localiser *l;
    const vgg_picture *picture;
    const int *classes;
    int count;
    list *found;                /* one a class */
    double *rating;             /* [position][count] of a view */
    size_t positions;
} search;

static int add(list *to, const vgg_prediction *p)
{
    if (to->count == to->room) {
        int room = to->room ? 2 * to->room : 64;
        vgg_prediction *more = realloc(to->item, (size_t)room * sizeof *more);
        if (!more)
            return 0;
        to->item = more;
        to->room = room;
    }
    to->item[to->count++] = *p;
    return 1;
}

/* Adds a class network's posteriors at each position of a view, for the classes that are looked for. */
static void add_ratings(search *s, const vgg_member *m)
{
    const vgg_evaluator *e = s->l->classes;
    for (size_t i = 0; i < s->positions; i++) {
        for (int k = 0; k < e->classes; k++)
            e->row[k] = s->l->dst[(size_t)k * s->positions + i];
        if (!m->info.ends_in_softmax)
            nonet_softmax(1, e->classes, e->row, e->row);
        for (int c = 0; c < s->count; c++)
            s->rating[i * (size_t)s->count + (size_t)c] += m->weight * (double)e->row[s->classes[c]];
    }
}

static nonet_vgg_status rate_view(search *s, view *v, nonet_vgg_error *err)
{
    vgg_evaluator *e = s->l->classes;
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; status == NONET_VGG_OK && i < e->models; i++) {
        status = forward(s->l, &e->member[i], v, err);
        if (status != NONET_VGG_OK)
            return status;
        if (i == 0) {
            s->positions = (size_t)v->oh * (size_t)v->ow;
            free(s->rating);
            s->rating = calloc(s->positions * (size_t)s->count, sizeof *s->rating);
            if (!s->rating)
                return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory to rate boxes");
        }
        if ((size_t)v->oh * (size_t)v->ow != s->positions)
            return vgg_fail(err, NONET_VGG_UNSUPPORTED, "the class networks make different maps of one view");
        add_ratings(s, &e->member[i]);
    }
    return status;
}

/* Four numbers of a position as a box in the picture; 0 if they are none. A size below 0 is 0. */
static int box_at(const search *s, const vgg_member *m, const view *v, const double number[4], size_t position, vgg_box *box)
{
    double unit_x = s->l->pixels ? 1 : m->info.w, unit_y = s->l->pixels ? 1 : m->info.h;
    double x = (double)(position % (size_t)v->ow * (size_t)s->l->stride) + unit_x * number[0];
    double y = (double)(position / (size_t)v->ow * (size_t)s->l->stride) + unit_y * number[1];
    double half_w = unit_x * fmax(number[2], 0) / 2, half_h = unit_y * fmax(number[3], 0) / 2;
    double to_x = (double)s->picture->w / (double)v->window.w, to_y = (double)s->picture->h / (double)v->window.h;
    if (v->cut.flip)
        x = v->window.columns - x;
    x += (double)v->window.left;
    y += (double)v->window.top;
    *box = (vgg_box){ (x - half_w) * to_x, (y - half_h) * to_y, (x + half_w) * to_x, (y + half_h) * to_y };
    return isfinite(box->x0) && isfinite(box->y0) && isfinite(box->x1) && isfinite(box->y1) && !isnan(number[2]) &&
           !isnan(number[3]);
}

static nonet_vgg_status add_boxes(search *s, const vgg_member *m, const view *v, nonet_vgg_error *err)
{
    int shared = m->info.out_c == 4;
    for (size_t i = 0; i < s->positions; i++)
        for (int c = 0; c < s->count; c++) {
            size_t first = shared ? 0 : 4 * (size_t)s->classes[c];
            vgg_prediction p = { .rating = s->rating[i * (size_t)s->count + (size_t)c], .merged = 1 };
            double number[4];
            for (size_t n = 0; n < 4; n++)
                number[n] = s->l->dst[(first + n) * s->positions + i];
            if (box_at(s, m, v, number, i, &p.box) && !add(&s->found[c], &p))
                return vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for the boxes");
        }
    return NONET_VGG_OK;
}

static nonet_vgg_status run_view(search *s, view *v, nonet_vgg_error *err)
{
    nonet_vgg_status status = rate_view(s, v, err);
    for (int i = 0; status == NONET_VGG_OK && i < s->l->nets; i++) {
        vgg_member *m = &s->l->box[i]->member[0];
        status = forward(s->l, m, v, err);
        if (status == NONET_VGG_OK && (size_t)v->oh * (size_t)v->ow != s->positions)
            status = vgg_fail(err, NONET_VGG_UNSUPPORTED, "class and box networks make different maps of one view");
        if (status == NONET_VGG_OK)
            status = add_boxes(s, m, v, err);
    }
    return status;
}

/* The picture and, with flip, its mirror image at one scale. */
static nonet_vgg_status run_scale(search *s, int scale, nonet_vgg_error *err)
{
    const vgg_evaluator *first = s->l->box[0];
    const vgg_member *m = &first->member[0];
    view v = { .window = vgg_view_window(first, m, s->picture, scale) };
    nonet_vgg_status status = vgg_check_window(m, s->picture, &v.window, err);
    if (status != NONET_VGG_OK)
        return status;
    uint8_t *pixels = malloc((size_t)v.window.rows * (size_t)v.window.columns * (size_t)s->picture->channels);
    if (!pixels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to resize a picture");
    v.cut = (vgg_cut){ .pixels = pixels, .columns = v.window.columns };
    status = vgg_resize(s->picture, &v.window, pixels, err);
    for (; status == NONET_VGG_OK && v.cut.flip <= (s->l->protocol.flip != 0); v.cut.flip++)
        status = run_view(s, &v, err);
    free(pixels);
    return status;
}

/* ---- the answer ---- */

static double between(double x, double most)
{
    return x < 0 ? 0 : x > most ? most : x;
}

static int choose(const search *s, list *boxes, vgg_found *found)
{
    *found = (vgg_found){ .of = boxes->count };
    int left = vgg_boxes_merge(boxes->item, boxes->count, s->l->merge), best = 0;
    if (left < 1)
        return left == 0;
    for (int i = 1; i < left; i++)
        if (boxes->item[i].rating > boxes->item[best].rating)
            best = i;
    const vgg_prediction *p = &boxes->item[best];
    double w = s->picture->w, h = s->picture->h;
    found->box = (vgg_box){ between(p->box.x0, w), between(p->box.y0, h), between(p->box.x1, w), between(p->box.y1, h) };
    found->rating = p->rating;
    found->merged = p->merged;
    return 1;
}

static nonet_vgg_status search_all(search *s, vgg_found *found, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int scales = s->l->protocol.scales ? s->l->protocol.scales : 1;
    for (int i = 0; status == NONET_VGG_OK && i < scales; i++)
        status = run_scale(s, i, err);
    for (int c = 0; status == NONET_VGG_OK && c < s->count; c++)
        if (!choose(s, &s->found[c], &found[c]))
            status = vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory to merge boxes");
    return status;
}

nonet_vgg_status vgg_localiser_run(vgg_localiser *l, const vgg_picture *picture, const int *classes, int count,
                                   vgg_found *found, nonet_vgg_error *err)
{
    vgg_picture copy;
    nonet_vgg_status status = vgg_with_channels(picture, l->box[0]->member[0].info.c, &copy, err);
    if (status != NONET_VGG_OK)
        return status;
    search s = { .l = l, .picture = &copy, .classes = classes, .count = count };
    s.found = calloc((size_t)count + 1, sizeof *s.found);
    status = s.found ? search_all(&s, found, err) : vgg_fail(err, NONET_VGG_NO_MEMORY, "not enough memory for the boxes");
    for (int c = 0; s.found && c < count; c++)
        free(s.found[c].item);
    free(s.found);
    free(s.rating);
    if (copy.pixels != picture->pixels)
        vgg_picture_clear(&copy);
    vgg_localiser_share(l);
    return status;
}
