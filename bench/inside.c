/* inside.c - looks into engine/ and vgg/ for bench/. */
#include "bench/inside.h"
#include <stdio.h>
#include <string.h>
#include "engine/plan.h"
#include "vgg/net.h"

const void *bench_weights_data(const nonet_weights *weights, size_t *bytes)
{
    *bytes = weights->bytes;
    return weights->data;
}

void bench_net_weights(const nonet_vgg *net, void (*visit)(void *to, const void *data, size_t bytes), void *to)
{
    for (int i = 0; i < net->count; i++)
        if (net->steps[i].weights)
            visit(to, net->steps[i].weights->data, net->steps[i].weights->bytes);
}

const nonet_plan *bench_net_plan(const nonet_vgg *net, int layer)
{
    return layer >= 0 && layer < net->count ? net->steps[layer].plan : NULL;
}

static void tell_blocking(const nonet_plan *plan, char *text, size_t size)
{
    const nonet_kernel *k = plan->multiply;
    if (plan->nest == NEST_WINOGRAD)
        snprintf(text, size, "%dx%d, %d tiles x %d blocks, split by %s", k->mr, k->nr, plan->wino.block, plan->wino.blocks,
                 nonet_split_name(nonet_wino_split(plan)));
    else if (plan->nest == NEST_DIRECT || plan->nest == NEST_IC)
        snprintf(text, size, "%dx%d, %d rows x %d strips", k->mr, k->nr, plan->strip.rows, plan->strip.count);
    else
        snprintf(text, size, "%dx%d", k->mr, k->nr);
}

void bench_blocking(const nonet_plan *plan, char *text, size_t size)
{
    tell_blocking(plan, text, size);
    size_t used = strlen(text);
    if (plan->from_profile)
        snprintf(text + used, size - used, ", profile");
}
