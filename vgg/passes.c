/* passes.c - the early steps of a batch run a few images at a time, all of them before the next images: their maps are large and
 * would leave the caches between one step and the next, while their weights are small. The late ones share each weight across the
 * batch. */
#include "vgg/net.h"

enum {
    LARGE_MAPS = 1 << 20,       /* bytes of an image's maps, in and out: a batch of them is in no cache */
    THREADS_AN_IMAGE = 8        /* that one image keeps busy */
};

static size_t map_bytes(const vgg_step *s)
{
    return (nonet_tensor_floats(NONET_NCHW16C, 1, s->c, s->h, s->w) + nonet_tensor_floats(NONET_NCHW16C, 1, s->k, s->oh, s->ow)) *
           sizeof(float);
}

static int is_early(const vgg_step *s)
{
    return s->layer.type != VGG_FC && map_bytes(s) >= LARGE_MAPS;
}

/* The largest divisor of the batch that does not ask for more than the threads can use. */
static int images_at_once(const nonet_vgg *net)
{
    int most = net->options.conv.threads / THREADS_AN_IMAGE, images = most < 1 ? 1 : most < net->batch ? most : net->batch;
    while (net->batch % images)
        images--;
    return images;
}

void vgg_choose_passes(nonet_vgg *net)
{
    int images = images_at_once(net);
    net->early = 0;
    if (images < net->batch)
        while (net->early < net->count && is_early(&net->steps[net->early]))
            net->early++;
    for (int i = 0; i < net->count; i++)
        net->steps[i].images = i < net->early ? images : net->batch;
}

size_t vgg_step_floats(const vgg_step *s, int images)
{
    return nonet_tensor_floats(s->out_layout, images, s->k, s->oh, s->ow);
}

/* What step i keeps of one pass: nothing where the next one runs with it; all images of the last early step are kept, behind what
 * the steps before it use. */
static size_t kept_floats(const nonet_vgg *net, int i)
{
    if (net->steps[i].chain && nonet_chain_is_paired(net->steps[i].chain))
        return 0;
    return i == net->early - 1 ? 0 : vgg_step_floats(&net->steps[i], net->steps[i].images);
}

static size_t input_floats(const nonet_vgg *net)
{
    return nonet_tensor_floats(NONET_NCHW16C, net->steps[0].images, net->model.c, net->h, net->w);
}

size_t vgg_gather_offset(const nonet_vgg *net)
{
    int side = (net->early - 1) % VGG_ACTS;
    size_t most = side == VGG_ACTS - 1 ? input_floats(net) : 0;
    for (int i = side; i < net->early; i += VGG_ACTS)
        most = kept_floats(net, i) > most ? kept_floats(net, i) : most;
    return most;
}

void vgg_act_floats(const nonet_vgg *net, size_t floats[VGG_ACTS])
{
    for (int i = 0; i < VGG_ACTS; i++)
        floats[i] = 0;
    floats[VGG_ACTS - 1] = input_floats(net);       /* the last holds a reordered input too */
    for (int i = 0; i < net->count; i++)
        if (kept_floats(net, i) > floats[i % VGG_ACTS])
            floats[i % VGG_ACTS] = kept_floats(net, i);
    if (net->early) {
        int last = net->early - 1;
        size_t gathered = vgg_gather_offset(net) + vgg_step_floats(&net->steps[last], net->batch);
        if (gathered > floats[last % VGG_ACTS])
            floats[last % VGG_ACTS] = gathered;
    }
}
