/* onnxruntime.c - ONNX Runtime by its C interface. The network goes in as an ONNX file in memory, which is given back as soon
 * as the session stands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<onnxruntime_c_api.h>)
#include <onnxruntime_c_api.h>
#else
#include <onnxruntime/onnxruntime_c_api.h>
#endif
#include "bench/peers/onnx_file.h"
#include "bench/peers/peers.h"

typedef struct ort_net {
    const peer_net *net;
    const OrtApi *api;
    OrtEnv *env;
    OrtSession *session;
    OrtMemoryInfo *memory;
    OrtValue *in, *out;         /* views of the caller's input and of result */
    const float *given;         /* what `in` is a view of */
    float *result;
} ort_net;

/* 1 if all is well; what is not goes into why, which may be NULL. */
static int good(const ort_net *o, OrtStatus *status, char *why)
{
    if (!status)
        return 1;
    if (why)
        snprintf(why, PEER_WHY, "ONNX Runtime says: %.200s", o->api->GetErrorMessage(status));
    o->api->ReleaseStatus(status);
    return 0;
}

static int set_options(const ort_net *o, OrtSessionOptions *options, char *why)
{
    return good(o, o->api->SetIntraOpNumThreads(options, o->net->threads), why) &&
           good(o, o->api->SetInterOpNumThreads(options, 1), why) &&
           good(o, o->api->SetSessionExecutionMode(options, ORT_SEQUENTIAL), why) &&
           good(o, o->api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL), why);
}

static int start_session(ort_net *o, const void *model, size_t size, char *why)
{
    OrtSessionOptions *options = NULL;
    int fine = good(o, o->api->CreateSessionOptions(&options), why) && set_options(o, options, why) &&
               good(o, o->api->CreateSessionFromArray(o->env, model, size, options, &o->session), why);
    if (options)
        o->api->ReleaseSessionOptions(options);
    return fine;
}

static int load_model(ort_net *o, char *why)
{
    char *model = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&model, &size);
    int fine = file && onnx_file_write(o->net, file), error = errno;
    if (file && fclose(file))
        fine = 0;
    if (!fine)
        snprintf(why, PEER_WHY, "cannot make the ONNX file in memory: %s", strerror(error));
    fine = fine && start_session(o, model, size, why);
    free(model);
    return fine;
}

/* A view of memory that stays the owner's. */
static int view(ort_net *o, const float *data, size_t floats, const int64_t *dims, size_t count, OrtValue **value, char *why)
{
    return good(o, o->api->CreateTensorWithDataAsOrtValue(o->memory, (void *)data, floats * sizeof *data, dims, count,
                                                          ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, value), why);
}

static int make_output(ort_net *o, char *why)
{
    const peer_layer *l = &o->net->layers[o->net->count - 1];
    const int64_t dims[4] = { o->net->batch, l->k, l->oh, l->ow };
    size_t floats = peer_out_floats(o->net);
    o->result = malloc(floats * sizeof *o->result);
    return o->result && good(o, o->api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &o->memory), why) &&
           view(o, o->result, floats, dims, l->type == PEER_FC ? 2 : 4, &o->out, why);
}

static int open_ort(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    ort_net *o = calloc(1, sizeof *o);
    *state = o;
    snprintf(why, PEER_WHY, "out of memory");
    if (!o)
        return 0;
    o->net = net;
    o->api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (!o->api) {
        snprintf(why, PEER_WHY, "the library, %s, is older than the header that the adapter was built with",
                 OrtGetApiBase()->GetVersionString());
        return 0;
    }
    snprintf(label, PEER_LABEL, "%s (C interface, CPU provider)", OrtGetApiBase()->GetVersionString());
    return good(o, o->api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "nonet", &o->env), why) && load_model(o, why) &&
           make_output(o, why);
}

/* Nothing is copied: the session reads the caller's input. */
static int load(void *state, const float *nchw)
{
    ort_net *o = state;
    const peer_layer *l = &o->net->layers[0];
    const int64_t dims[4] = { o->net->batch, l->c, l->h, l->w };
    if (o->given == nchw)
        return 1;
    if (o->in)
        o->api->ReleaseValue(o->in);
    o->in = NULL;
    o->given = nchw;
    return view(o, nchw, peer_in_floats(o->net), dims, 4, &o->in, NULL);
}

static double run(void *state)
{
    static const char *const in_names[] = { "x" }, *const out_names[] = { "y" };
    ort_net *o = state;
    const OrtValue *const in[] = { o->in };
    return good(o, o->api->Run(o->session, NULL, in_names, in, 1, out_names, 1, &o->out), NULL) ? 0 : -1;
}

static int store(void *state, float *nchw)
{
    const ort_net *o = state;
    memcpy(nchw, o->result, peer_out_floats(o->net) * sizeof *nchw);
    return 1;
}

static void close_ort(void *state)
{
    ort_net *o = state;
    if (!o)
        return;
    if (o->in)
        o->api->ReleaseValue(o->in);
    if (o->out)
        o->api->ReleaseValue(o->out);
    if (o->memory)
        o->api->ReleaseMemoryInfo(o->memory);
    if (o->session)
        o->api->ReleaseSession(o->session);
    if (o->env)
        o->api->ReleaseEnv(o->env);
    free(o->result);
    free(o);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "onnxruntime", .variants = { "" },
    .open = open_ort, .load = load, .run = run, .store = store, .close = close_ort,
};
