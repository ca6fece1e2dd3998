/* units.c - sorts the tensors of a state dict by name into convolutions, BatchNorms and FCs, and checks each for itself.
 *
 * Names understood: torchvision's features.N and classifier.N, timm's pre_logits.fcN and head.fc behind features.N, and Caffe's
 * conv1_1 ... fc8; a leading "module." is left by data-parallel training. */
#include <stdlib.h>
#include <string.h>

#include "vgg/tensors.h"
#include "vgg/units.h"

int vgg_tensor_is_used(const char *name)
{
    static const char counter[] = "num_batches_tracked";
    size_t n = strlen(name), m = sizeof counter - 1;
    return n < m || strcmp(name + n - m, counter) != 0;
}

uint64_t vgg_tensor_numbers(const vgg_tensor *t)
{
    uint64_t n = 1;
    for (int i = 0; i < t->ndim; i++) {
        if (t->dim[i] < 1 || t->dim[i] > INT32_MAX)
            return 0;
        n *= (uint64_t)t->dim[i];       /* at most 2^40 * 2^31 */
        if (n > (uint64_t)1 << 40)
            return 0;
    }
    return n;
}

int vgg_tensor_add(vgg_tensor_list *list, const vgg_tensor *t)
{
    if (list->count == 4096)
        return 0;
    if (list->count % 64 == 0) {
        vgg_tensor *items = realloc(list->items, (size_t)(list->count + 64) * sizeof *items);
        if (!items)
            return 0;
        list->items = items;
    }
    list->items[list->count++] = *t;
    return 1;
}

/* One to three digits; NULL when there are none, or more. */
static const char *read_number(const char *p, int *value)
{
    int digits = 0;
    for (*value = 0; *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
        *value = 10 * *value + (*p - '0');
    return digits >= 1 && digits <= 3 ? p : NULL;
}

static const char *read_base(const char *p, vgg_unit *u)
{
    static const struct {
        const char *prefix;
        int numbers, in_classifier;
        vgg_naming style;
    } bases[] = {
        {"features.", 1, 0, VGG_NAMED_TORCHVISION}, {"classifier.", 1, 1, VGG_NAMED_TORCHVISION},
        {"pre_logits.fc", 1, 1, VGG_NAMED_TIMM}, {"head.fc", 0, 1, VGG_NAMED_TIMM},
        {"conv", 2, 0, VGG_NAMED_CAFFE}, {"fc", 1, 1, VGG_NAMED_CAFFE},
    };
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        size_t n = strlen(bases[i].prefix);
        if (strncmp(p, bases[i].prefix, n) != 0)
            continue;
        int minor = 0;
        p += n;
        u->in_classifier = bases[i].in_classifier;
        u->style = bases[i].style;
        u->index = 1000;                /* timm's head comes last */
        if (bases[i].numbers >= 1)
            p = read_number(p, &u->index);
        if (p && bases[i].numbers == 2)
            p = *p == '_' ? read_number(p + 1, &minor) : NULL;
        if (bases[i].numbers == 2)
            u->index = 100 * u->index + minor;
        return minor < 100 ? p : NULL;
    }
    return NULL;
}

static int read_part(const char *p)
{
    static const char *const suffixes[][2] = {{".weight", "_w"}, {".bias", "_b"}, {".running_mean", ""}, {".running_var", ""}};
    for (int i = 0; i < PART_COUNT; i++)
        if (strcmp(p, suffixes[i][0]) == 0 || (*p && strcmp(p, suffixes[i][1]) == 0))
            return i;
    return -1;
}

static nonet_vgg_status place_tensor(vgg_units *r, const vgg_tensor *t, nonet_vgg_error *err)
{
    vgg_unit found = {0};
    const char *name = strncmp(t->name, "module.", 7) == 0 ? t->name + 7 : t->name;
    const char *rest = read_base(name, &found);
    int part = rest ? read_part(rest) : -1;
    if (part < 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the tensor '%s' is no part of a VGG network (features.N, classifier.N, "
                        "or conv1_1 ... fc8)", r->model->path, t->name);
    vgg_unit *u = r->units;
    for (; u < r->units + r->count; u++)
        if (u->in_classifier == found.in_classifier && u->style == found.style && u->index == found.index)
            break;
    if (u == r->units + r->count) {
        *u = found;
        r->count++;
        r->features += !found.in_classifier;
    }
    if (u->part[part])
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the tensor '%s' is there twice", r->model->path, t->name);
    if (vgg_tensor_numbers(t) == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the tensor '%s' has an impossible shape", r->model->path, t->name);
    u->part[part] = t;
    return NONET_VGG_OK;
}

static int compare_units(const void *left, const void *right)
{
    const vgg_unit *a = left, *b = right;
    if (a->in_classifier != b->in_classifier)
        return a->in_classifier - b->in_classifier;
    return a->index - b->index;
}

int vgg_unit_is_batchnorm(const vgg_unit *u)
{
    return u->part[PART_MEAN] || u->part[PART_VAR];
}

/* The name of one of its tensors, for messages. */
const char *vgg_unit_label(const vgg_unit *u)
{
    for (int i = 0; i < PART_COUNT; i++)
        if (u->part[i])
            return u->part[i]->name;
    return "?";
}

static int vector_is(const vgg_tensor *t, int64_t length)
{
    return !t || (t->ndim == 1 && t->dim[0] == length);
}

static nonet_vgg_status check_unit(const vgg_units *r, const vgg_unit *u, nonet_vgg_error *err)
{
    const vgg_tensor *weight = u->part[PART_WEIGHT], *bias = u->part[PART_BIAS];
    const vgg_tensor *mean = u->part[PART_MEAN], *var = u->part[PART_VAR];
    if (vgg_unit_is_batchnorm(u)) {
        int64_t k = mean && var ? mean->dim[0] : 0;
        if (k == 0 || !vector_is(weight, k) || !vector_is(bias, k) || !vector_is(mean, k) || !vector_is(var, k))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the BatchNorm of '%s' is not made of vectors of one length",
                            r->model->path, vgg_unit_label(u));
        return NONET_VGG_OK;
    }
    if (!weight)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: '%s' has no weight beside it", r->model->path, vgg_unit_label(u));
    if (weight->ndim != 4 && !(u->in_classifier && weight->ndim == 2))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: '%s' has %d dimensions, which is neither a convolution nor a fully "
                        "connected layer", r->model->path, weight->name, weight->ndim);
    if (!u->in_classifier && (weight->dim[2] != weight->dim[3] || (weight->dim[2] != 3 && weight->dim[2] != 1)))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: '%s' is a %dx%d convolution; VGG networks have 3x3 and 1x1",
                        r->model->path, weight->name, (int)weight->dim[2], (int)weight->dim[3]);
    if (weight->dim[1] * weight->dim[2] * weight->dim[3] > INT32_MAX)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: '%s' has more than 2^31 - 1 inputs", r->model->path, weight->name);
    if (!vector_is(bias, weight->dim[0]))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: '%s' is not a vector of the %d outputs of its layer", r->model->path,
                        bias->name, (int)weight->dim[0]);
    return NONET_VGG_OK;
}

/* A BatchNorm stands in the place behind a convolution or FC. */
static nonet_vgg_status check_order(const vgg_units *r, int i, nonet_vgg_error *err)
{
    const vgg_unit *u = &r->units[i], *before = i > 0 ? u - 1 : NULL;
    if (before && before->in_classifier != u->in_classifier)
        before = NULL;
    if (before && before->style != u->style)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: '%s' and '%s' follow different ways of naming", r->model->path,
                        vgg_unit_label(before), vgg_unit_label(u));
    if (vgg_unit_is_batchnorm(u) && !(before && !vgg_unit_is_batchnorm(before) && u->index == before->index + 1))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: the BatchNorm of '%s' does not follow a convolution or a fully "
                        "connected layer", r->model->path, vgg_unit_label(u));
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_units_collect(vgg_units *r, const vgg_tensor *tensors, int count, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < count && status == NONET_VGG_OK; i++)
        if (vgg_tensor_is_used(tensors[i].name))
            status = place_tensor(r, &tensors[i], err);
    if (status == NONET_VGG_OK && r->features == 0)
        status = vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: it holds no convolution", r->model->path);
    qsort(r->units, (size_t)r->count, sizeof *r->units, compare_units);
    for (int i = 0; i < r->count && status == NONET_VGG_OK; i++) {
        status = check_unit(r, &r->units[i], err);
        if (status == NONET_VGG_OK)
            status = check_order(r, i, err);
    }
    return status;
}
