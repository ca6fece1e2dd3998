/* pack.c - gets the weights of a network's steps ready: out of the file where they stand packed there, else packed part by
 * part. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vgg/net.h"

enum { PART_BYTES = 16 << 20 };     /* of weights packed at a time */

/* How far it is: the bytes of the layers that are ready, and `part` of the next. */
typedef struct progress {
    const nonet_vgg *net;
    double ready, total;
} progress;

static void tell(const progress *p, double part)
{
    const nonet_vgg_options *o = &p->net->options;
    double done = (p->ready + part) / p->total;
    if (o->progress)
        o->progress(o->progress_context, done < 1 ? done : 1);
}

static double bytes_of(const vgg_step *step)
{
    nonet_plan_info info;
    if (!step->plan)
        return 0;
    nonet_plan_query(step->plan, &info);
    return (double)info.weights;
}

static nonet_vgg_status pack_step(nonet_vgg *net, vgg_step *step, const vgg_source *source, const progress *p,
                                  nonet_vgg_error *err)
{
    size_t row = (size_t)step->conv.c * (size_t)step->conv.r * (size_t)step->conv.s * sizeof(float);
    int k = step->conv.k, part = (int)(PART_BYTES / row) / NONET_PACK_STEP * NONET_PACK_STEP;
    part = part < NONET_PACK_STEP ? NONET_PACK_STEP : part;
    nonet_status packed = nonet_weights_alloc(&step->weights, step->plan);
    for (int first = 0; first < k && packed == NONET_OK; first += part) {
        int count = k - first < part ? k - first : part;
        const float *weight, *bias;
        nonet_vgg_status status = source->rows(source->context, step, first, count, &weight, &bias, err);
        if (status != NONET_VGG_OK)
            return status;
        packed = nonet_weights_fill(step->weights, step->plan, first, count, weight, bias);
        tell(p, (double)(first + count) / k * bytes_of(step));
    }
    if (packed != NONET_OK)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: layer %s: %s", net->model.path, step->layer.name,
                        nonet_status_string(packed));
    return NONET_VGG_OK;
}

/* 1 if the layer's packed weights stand in the file and fit the plan. */
static int import_step(nonet_vgg *net, vgg_step *step)
{
    const vgg_layer *l = &step->layer;
    if (!l->packed)
        return 0;
    int fits = nonet_weights_import(&step->weights, step->plan, l->packed, l->packed_bytes) == NONET_OK;
    *(fits ? &net->mapped : &net->unfit) += 1;
    if (fits)
        vgg_prefault(l->packed, l->packed_bytes, net->options.conv.threads);
    return fits;
}

nonet_vgg_status vgg_pack_steps(nonet_vgg *net, const vgg_source *source, nonet_vgg_error *err)
{
    progress p = { .net = net };
    nonet_vgg_status status = NONET_VGG_OK;
    for (int i = 0; i < net->count; i++)
        p.total += bytes_of(&net->steps[i]);
    for (int i = 0; i < net->count && status == NONET_VGG_OK; i++) {
        if (!net->steps[i].plan)
            continue;
        if (!import_step(net, &net->steps[i]))
            status = pack_step(net, &net->steps[i], source, &p, err);
        p.ready += bytes_of(&net->steps[i]);
    }
    if (status == NONET_VGG_OK && p.total > 0)
        tell(&p, 0);
    return status;
}

/* What has been packed is let go, so that model and packed weights do not add up. */
static void let_go(const vgg_file_source *from)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), map = (uintptr_t)from->model->map;
    uintptr_t start = (uintptr_t)from->packed / page * page, end = (uintptr_t)from->end / page * page;
    if (from->model->map && start >= map && end <= map + from->model->map_size && end > start)
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
}

nonet_vgg_status vgg_file_rows(void *context, const vgg_step *step, int first, int count, const float **weight,
                               const float **bias, nonet_vgg_error *err)
{
    vgg_file_source *from = context;
    size_t row = (size_t)step->conv.c * (size_t)step->conv.r * (size_t)step->conv.s;
    nonet_vgg_status status = first ? NONET_VGG_OK : vgg_nonet_check_tensor(from->model, step->layer.weight, err);
    if (first == 0 && status == NONET_VGG_OK)
        status = vgg_nonet_check_tensor(from->model, step->layer.bias, err);
    if (status != NONET_VGG_OK)
        return status;
    let_go(from);
    *weight = from->packed = step->layer.weight + (size_t)first * row;
    from->end = *weight + (size_t)count * row;
    *bias = step->layer.bias ? step->layer.bias + first : NULL;
    return NONET_VGG_OK;
}

nonet_vgg_status nonet_vgg_pack(const char *from, const char *to, const nonet_vgg_options *options, nonet_vgg_error *err)
{
    nonet_vgg *net;
    nonet_vgg_options o = options ? *options : (nonet_vgg_options){ 0 };
    if (!from || !to)
        return vgg_fail(err, NONET_VGG_USAGE, "nonet_vgg_pack: a null pointer");
    o.batch = o.dense = 0;
    o.last = NULL;
    nonet_vgg_status status = vgg_open_model(&net, from, &o, 1, err);
    if (status != NONET_VGG_OK)
        return status;
    int count = 0;
    vgg_packed *packed = calloc((size_t)net->count, sizeof *packed);
    for (int i = 0; packed && i < net->count; i++)
        if (net->steps[i].weights) {
            vgg_packed *p = &packed[count++];
            p->layer = net->steps[i].index;
            p->block = nonet_weights_view(net->steps[i].weights, &p->bytes);
        }
    status = packed ? vgg_write_nonet(&net->model, packed, count, to, err)
                    : vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: not enough memory", from);
    free(packed);
    nonet_vgg_close(net);
    return status;
}
