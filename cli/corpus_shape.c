/* corpus_shape.c - what a problem asks for, and how much of it. */
#include "cli/corpus.h"

/* What a file may ask for, so that none takes the machine away for an hour: 1 GiB a tensor, 2^37 multiply-adds. */
static const double TENSOR_MOST = 1 << 28, WORK_MOST = (double)((int64_t)1 << 37);

nonet_conv corpus_conv(const corpus_problem *p)
{
    const int *v = p->number;

    return (nonet_conv){ v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], p->src, p->dst };
}

static const char *measure_conv(const corpus_problem *p, corpus_size *size)
{
    nonet_conv conv = corpus_conv(p), before = conv;
    int h, w;
    nonet_status status = nonet_conv_output(&conv, &h, &w);

    if (status != NONET_OK)
        return nonet_status_string(status);
    if ((p->algo != NONET_DIRECT || p->standard > NONET_DIRECT) && !(conv.r == 3 && conv.s == 3 && conv.stride == 1))
        return "Winograd's algorithms are for 3x3 with stride 1";
    size->outputs = (double)conv.n * conv.k * h * w;
    size->weights = (double)conv.k * conv.c * conv.r * conv.s;
    before.pool = 0;
    nonet_conv_output(&before, &h, &w);
    size->work = (double)conv.n * h * w * size->weights;
    return NULL;
}

static const char *measure_layer(const corpus_problem *p, corpus_size *size)
{
    const int *v = p->number;
    double maps = (double)v[0] * v[1];

    size->outputs = size->work = size->inputs;
    if (p->kind == CORPUS_MAXPOOL) {
        if (!v[4] && (v[2] < 2 || v[3] < 2))
            return "the map is smaller than the pool";
        size->outputs = maps * ((v[2] + v[4]) / 2) * ((v[3] + v[4]) / 2);
    } else if (p->kind == CORPUS_AVGPOOL) {
        size->outputs = maps * v[4] * v[5];
        size->work += maps * ((double)v[2] + v[4]) * ((double)v[3] + v[5]);
    } else if (p->kind == CORPUS_LRN) {
        size->work *= v[4];
        if (v[4] % 2 == 0)
            return "an even number of channels has no middle";
    }
    return NULL;
}

const char *corpus_measure(const corpus_problem *p, corpus_size *size)
{
    const int *v = p->number;
    double map = p->kind == CORPUS_SOFTMAX ? 1 : (double)v[2] * v[3];

    *size = (corpus_size){ .inputs = (double)v[0] * v[1] * map };
    const char *fault = p->kind == CORPUS_CONV ? measure_conv(p, size) : measure_layer(p, size);
    /* Blocked layouts have up to 16 times the channels. */
    if (!fault && (size->inputs > TENSOR_MOST || size->outputs > TENSOR_MOST || size->weights > TENSOR_MOST ||
                   (double)v[0] * map * 16 > TENSOR_MOST || size->work > WORK_MOST))
        fault = "larger than a corpus may ask for (2^28 floats a tensor, 2^37 multiply-adds)";
    return fault;
}

static const char *conv_family(const corpus_problem *p)
{
    nonet_conv conv = corpus_conv(p);

    if (p->algo != NONET_DIRECT)
        return nonet_algo_name(p->algo);
    if (conv.r == 3 && conv.s == 3 && conv.c <= NONET_FEW_CHANNELS)
        return conv.stride == 2 ? "direct3x3_ic_s2" : "direct3x3_ic_s1";
    if (conv.pad == 0 && conv.r == conv.h && conv.s == conv.w)
        return conv.n > 1 ? "fc_matrix" : p->fc == NONET_FC_BF16 ? "fc_vector_bf16" : "fc_vector";
    if (conv.r == 3 && conv.s == 3)
        return conv.stride == 2 ? "direct3x3_s2" : "direct3x3_s1";
    return conv.r * conv.s == 1 ? "conv1x1" : "convrs";
}

const char *corpus_family(const corpus_problem *p)
{
    return p->kind == CORPUS_CONV ? conv_family(p) : corpus_kind_name[p->kind];
}
