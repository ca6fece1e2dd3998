/* localise_merge.c - boxes: how alike two are, and the greedy merging of many (appendix A.1 of the paper, after OverFeat). */
#include <math.h>
#include <stdlib.h>
#include "vgg/localise.h"

static double area(const vgg_box *b)
{
    return b->x1 > b->x0 && b->y1 > b->y0 ? (b->x1 - b->x0) * (b->y1 - b->y0) : 0;
}

double vgg_box_iou(const vgg_box *a, const vgg_box *b)
{
    vgg_box both = { fmax(a->x0, b->x0), fmax(a->y0, b->y0), fmin(a->x1, b->x1), fmin(a->y1, b->y1) };
    double shared = area(&both);
    return shared > 0 ? shared / (area(a) + area(b) - shared) : 0;
}

static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

double vgg_box_distance(const vgg_box *a, const vgg_box *b)
{
    double apart = length(a->x0 + a->x1 - b->x0 - b->x1, a->y0 + a->y1 - b->y0 - b->y1) / 2;
    double diagonal = (length(a->x1 - a->x0, a->y1 - a->y0) + length(b->x1 - b->x0, b->y1 - b->y0)) / 2;
    if (apart > 0)
        apart = diagonal > 0 ? apart / diagonal : HUGE_VAL;
    return apart + 1 - vgg_box_iou(a, b);
}

/* ---- merging ---- */

/* Of a box that is still there: which later one is the closest. */
typedef struct nearest {
    double distance;            /* HUGE_VAL: there is none */
    int other;
    int gone;
} nearest;

static void find_nearest(const vgg_prediction *p, nearest *n, int count, int i)
{
    n[i].distance = HUGE_VAL;
    n[i].other = -1;
    for (int j = i + 1; j < count; j++) {
        double d = n[j].gone ? HUGE_VAL : vgg_box_distance(&p[i].box, &p[j].box);
        if (d < n[i].distance) {
            n[i].distance = d;
            n[i].other = j;
        }
    }
}

static vgg_box mean(const vgg_prediction *a, const vgg_prediction *b)
{
    double wa = (double)a->merged, wb = (double)b->merged, sum = wa + wb;
    return (vgg_box){ (wa * a->box.x0 + wb * b->box.x0) / sum, (wa * a->box.y0 + wb * b->box.y0) / sum,
                      (wa * a->box.x1 + wb * b->box.x1) / sum, (wa * a->box.y1 + wb * b->box.y1) / sum };
}

/* Box i takes in its nearest one; whoever was near to either, or now is near to i, looks again. */
static void merge_into(vgg_prediction *p, nearest *n, int count, int i)
{
    int j = n[i].other;
    p[i].box = mean(&p[i], &p[j]);
    p[i].rating += p[j].rating;
    p[i].merged += p[j].merged;
    n[j].gone = 1;
    find_nearest(p, n, count, i);
    for (int k = 0; k < j; k++) {
        if (n[k].gone || k == i)
            continue;
        if (n[k].other == i || n[k].other == j) {
            find_nearest(p, n, count, k);
            continue;
        }
        double d = k < i ? vgg_box_distance(&p[k].box, &p[i].box) : HUGE_VAL;
        if (d < n[k].distance || (d == n[k].distance && d < HUGE_VAL && i < n[k].other)) {
            n[k].distance = d;
            n[k].other = i;
        }
    }
}

static int closest(const nearest *n, int count)
{
    int best = -1;
    for (int i = 0; i < count; i++)
        if (!n[i].gone && n[i].other >= 0 && (best < 0 || n[i].distance < n[best].distance))
            best = i;
    return best;
}

int vgg_boxes_merge(vgg_prediction *p, int count, double limit)
{
    int left = 0;
    nearest *n = calloc((size_t)count + 1, sizeof *n);
    if (!n)
        return -1;
    for (int i = count - 1; i >= 0; i--)
        find_nearest(p, n, count, i);
    for (int i; (i = closest(n, count)) >= 0 && n[i].distance <= limit;)
        merge_into(p, n, count, i);
    for (int i = 0; i < count; i++)
        if (!n[i].gone)
            p[left++] = p[i];
    free(n);
    return left;
}
