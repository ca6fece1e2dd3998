/* features_rows.c - see features.h. */
#include "cli/features.h"
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SIDE = 1 << 16 };

/* ---- rows ---- */

static size_t row_floats(const features_job *j)
{
    return (size_t)(j->ndim == 2 ? j->dim[1] : j->dim[1] * j->dim[2] * j->dim[3]);
}

static nonet_vgg_status set_shape(features_job *j, const nonet_vgg_info *info, nonet_vgg_error *err)
{
    const int64_t dim[4] = { j->r->inputs, info->out_c, info->out_h, info->out_w };
    if (j->ndim && memcmp(dim, j->dim, sizeof dim) != 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED,
                        "the pictures' maps are of different sizes, %d x %d after %lld x %lld: one array cannot "
                        "hold them",
                        info->out_h, info->out_w, (long long)j->dim[2], (long long)j->dim[3]);
    j->ndim = 4;
    memcpy(j->dim, dim, sizeof dim);
    return NONET_VGG_OK;
}

/* All networks' rows of a picture, side by side. */
static nonet_vgg_status pooled(features_job *j, const char *path, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    size_t at = 0;
    for (int i = 0; i < j->r->models && status == NONET_VGG_OK; i++) {
        vgg_picture picture;    /* each network may want other channels of it */
        nonet_vgg_info info;
        nonet_vgg_query(j->net[i], &info);
        status = vgg_picture_open(&picture, path, err);
        if (status == NONET_VGG_OK)
            status = vgg_picture_blame(
                vgg_describe(j->net[i], &j->prepared[i].how, &j->how[i], &picture, j->row + at, err), path, err);
        vgg_picture_clear(&picture);
        at += vgg_descriptor_width(&j->how[i], info.out_c);
    }
    return status;
}

/* The map of the centre crop, or of the whole picture where there is a scale. */
static nonet_vgg_status map_of(features_job *j, vgg_picture *picture, nonet_vgg_error *err)
{
    const vgg_prepare *prepare = &j->prepared[0].how;
    nonet_vgg_info info;
    if (j->r->how.scales) {
        nonet_vgg_status status = vgg_dense_map(j->net[0], prepare, picture, j->r->how.scale[0], 0, &j->row, &info, NULL, err);
        return status == NONET_VGG_OK ? set_shape(j, &info, err) : status;
    }
    nonet_vgg_query(j->net[0], &info);
    nonet_vgg_status status = set_shape(j, &info, err);
    float *src = malloc((size_t)info.c * (size_t)info.h * (size_t)info.w * sizeof *src);
    j->row = malloc(row_floats(j) * sizeof *j->row);
    if (status == NONET_VGG_OK && !(src && j->row))
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the input and its map");
    if (status == NONET_VGG_OK)
        status = vgg_prepare_picture(prepare, picture, src, err);
    if (status == NONET_VGG_OK)
        status = nonet_vgg_forward(j->net[0], src, j->row, NULL, err);
    free(src);
    return status;
}

/* j->row becomes that of one picture. */
static nonet_vgg_status row_of(features_job *j, const char *path, nonet_vgg_error *err)
{
    vgg_picture picture;
    if (j->r->pool)
        return pooled(j, path, err);
    free(j->row);
    j->row = NULL;
    nonet_vgg_status status = vgg_picture_open(&picture, path, err);
    if (status == NONET_VGG_OK)
        status = vgg_picture_blame(map_of(j, &picture, err), path, err);
    vgg_picture_clear(&picture);
    return status;
}

/* The network on an array, opened for its size. */
static nonet_vgg_status run_array(features_job *j, const vgg_npy *array, const char *path, nonet_vgg_error *err)
{
    nonet_vgg_info info;
    const int64_t *d = array->dim + (array->ndim == 4);
    nonet_vgg_query(j->net[0], &info);
    if (d[0] != info.c)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has %lld channels, but the network takes %d", path, (long long)d[0],
                        info.c);
    nonet_vgg_status status = set_shape(j, &info, err);
    j->row = malloc(row_floats(j) * sizeof *j->row);
    if (!j->row)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the map of %s", j->r->layer);
    return status == NONET_VGG_OK ? nonet_vgg_forward(j->net[0], array->data, j->row, NULL, err) : status;
}

nonet_vgg_status features_write(features_job *j, vgg_out *out, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < j->r->inputs && status == NONET_VGG_OK; i++) {
        if (!j->r->array)
            status = row_of(j, j->r->input[i], err);
        if (status == NONET_VGG_OK && i == 0)
            status = vgg_npy_head(out, j->ndim, j->dim, err);
        if (status == NONET_VGG_OK)
            status = vgg_out_write(out, j->row, row_floats(j) * sizeof *j->row, err);
    }
    return status;
}

/* ---- the networks ---- */

int features_dense(const features_request *r)
{
    return r->pool || r->how.scales;
}

static nonet_vgg_options options_of(const features_request *r)
{
    return (nonet_vgg_options){ .last = r->layer, .conv = r->common.conv, .dense = features_dense(r),
                                .max_memory = r->max_memory };
}

static int open_array(features_job *j)
{
    vgg_npy array;
    nonet_vgg_error err;
    const char *path = j->r->input[0];
    nonet_vgg_options options = options_of(j->r);
    int fault = 0;
    nonet_vgg_status status = vgg_npy_read(&array, path, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    const int64_t *d = array.dim + (array.ndim == 4);
    if (array.ndim < 3 || (array.ndim == 4 && array.dim[0] != 1))
        fault = cli_fail(EXIT_DATA, "%s: its shape is neither C x H x W nor 1 x C x H x W", path);
    else if (d[1] > LARGEST_SIDE || d[2] > LARGEST_SIDE)
        fault = cli_fail(EXIT_DATA, "%s: its height or width is above %d", path, LARGEST_SIDE);
    if (!fault) {
        options.height = (int)d[1];
        options.width = (int)d[2];
        fault = cli_net_open(&j->net[0], j->r->path[0], &j->r->model, options);
    }
    if (!fault && (status = run_array(j, &array, path, &err)) != NONET_VGG_OK)
        fault = cli_fail(cli_exit_of(status), "%s", err.text);
    vgg_npy_clear(&array);
    return fault;
}

/* One network, and how many numbers it adds to a row. */
static int open_net(features_job *j, int i)
{
    nonet_vgg_info info;
    vgg_descriptor *how = &j->how[i];
    int fault = cli_net_open(&j->net[i], j->r->path[i], &j->r->model, options_of(j->r));
    if (fault)
        return fault;
    nonet_vgg_query(j->net[i], &info);
    *how = j->r->how;
    if (!how->scales)
        how->scale[how->scales++] = vgg_default_side(info.h, info.w);
    for (int s = 0; s < how->scales && features_dense(j->r); s++)
        if (how->scale[s] < (info.h < info.w ? info.h : info.w))
            return cli_fail(EXIT_USAGE, "%s: takes inputs of %d x %d, so a scale of %d is too small", j->r->path[i], info.h,
                            info.w, how->scale[s]);
    if (info.c != 1 && info.c != 3)
        return cli_fail(EXIT_DATA, "%s: a network with %d input channels takes no pictures", j->r->path[i], info.c);
    j->dim[1] += (int64_t)vgg_descriptor_width(how, info.out_c);
    return cli_prepare(&j->prepared[i], &j->r->model, &info);
}

int features_open(features_job *j)
{
    int fault = 0;
    if (j->r->array)
        return open_array(j);
    for (int i = 0; i < j->r->models && !fault; i++)
        fault = open_net(j, i);
    if (fault || !j->r->pool)
        return fault;
    j->ndim = 2;
    j->dim[0] = j->r->inputs;
    j->row = malloc(row_floats(j) * sizeof *j->row);
    return j->row ? 0 : cli_fail(EXIT_DATA, "no memory for a row of features");
}

void features_close(features_job *j)
{
    free(j->row);
    for (int i = 0; i < j->r->models; i++)
        nonet_vgg_close(j->net[i]);
}
