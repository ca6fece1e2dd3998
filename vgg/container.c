/* container.c - rules that the reader and the writer of .nonet files share. */
#include "vgg/container.h"

#include <math.h>
#include <string.h>
#include "vgg/checksum.h"

uint64_t vgg_container_head_checksum(const void *head, size_t head_bytes)
{
    unsigned char first[64];
    vgg_checksum_state state;
    memcpy(first, head, sizeof(first));
    memset(first + CONTAINER_CHECK_AT, 0, 8);
    vgg_checksum_start(&state);
    vgg_checksum_add(&state, first, sizeof(first));
    vgg_checksum_add(&state, (const unsigned char *)head + sizeof(first), head_bytes - sizeof(first));
    return vgg_checksum_end(&state);
}

uint64_t vgg_container_numbers(const container_layer *layer, int role)
{
    int weighted = layer->type == VGG_CONV || layer->type == VGG_FC;
    uint64_t n = (uint64_t)layer->k;
    if (role == ROLE_BIAS)
        return weighted ? n : 0;
    if (role != ROLE_WEIGHT)
        return layer->type == VGG_BATCHNORM ? n : 0;
    if (!weighted)
        return 0;
    uint64_t area = layer->type == VGG_CONV ? (uint64_t)layer->r * (uint64_t)layer->s : 1;
    if (__builtin_mul_overflow(n, (uint64_t)layer->c, &n) || __builtin_mul_overflow(n, area, &n))
        return UINT64_MAX;
    return n;
}

int vgg_container_requires(uint32_t type, int role)
{
    if (type == VGG_BATCHNORM)
        return role == ROLE_MEAN || role == ROLE_VAR;
    return role == ROLE_WEIGHT && (type == VGG_CONV || type == VGG_FC);
}

const char *vgg_container_role_name(int role)
{
    static const char *const names[ROLES] = {"weight", "bias", "gamma", "beta", "mean", "variance"};
    return names[role];
}

static int within(int32_t v, int32_t low, int32_t high)
{
    return v >= low && v <= high;
}

const char *vgg_container_head_fault(const container_head *head)
{
    if (head->kind > NONET_VGG_GREY)
        return "its pictures are of an unknown kind";
    if (head->c < 1 || head->c > CONTAINER_CHANNELS || head->h > CONTAINER_SIDE || head->w > CONTAINER_SIDE ||
        (head->h == 0) != (head->w == 0))
        return "its input has an impossible size";
    for (uint32_t i = 0; i < 4; i++)
        if (!isfinite(head->mean[i]) || !isfinite(head->std[i]) || (i < head->c && !(head->std[i] > 0)))
            return "its means are not finite, or its deviations not above zero";
    return NULL;
}

const char *vgg_container_layer_fault(const container_layer *l)
{
    int conv = l->type == VGG_CONV, inputs = conv || l->type == VGG_FC, outputs = inputs || l->type == VGG_BATCHNORM;
    if (l->type > VGG_SOFTMAX)
        return "is of a type that this version does not know";
    if (!within(l->k, outputs, CONTAINER_CHANNELS) || !within(l->c, inputs, CONTAINER_CHANNELS))
        return "has an impossible number of inputs or outputs";
    if (!within(l->r, conv, CONTAINER_SIDE) || !within(l->s, conv, CONTAINER_SIDE) || !within(l->stride, conv, CONTAINER_SIDE) ||
        !within(l->pad, 0, CONTAINER_SIDE))
        return "has an impossible kernel, stride or padding";
    if (!within(l->size, l->type == VGG_LRN, CONTAINER_SIDE) || !within(l->ceil, 0, 1) || !within(l->oh, 0, CONTAINER_SIDE) ||
        !within(l->ow, 0, CONTAINER_SIDE))
        return "has a size out of range";
    if (!isfinite(l->eps) || !isfinite(l->alpha) || !isfinite(l->lrn_beta) || !isfinite(l->lrn_k))
        return "has a constant that is not a finite number";
    return NULL;
}
