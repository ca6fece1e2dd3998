/* peers.h - what an adapter of another library offers. Each adapter is a shared object of its own that `nonet bench --peers` loads
 * when it is asked for, so that the command starts no slower and needs none of these libraries. */
#ifndef NONET_BENCH_PEERS_PEERS_H
#define NONET_BENCH_PEERS_PEERS_H

#include <stddef.h>

typedef enum peer_type { PEER_CONV, PEER_FC, PEER_MAXPOOL } peer_type;

typedef struct peer_layer {
    peer_type type;
    char name[64];
    int c, h, w;                /* in */
    int k, mh, mw;              /* output channels, and the map before a fused pool */
    int oh, ow;                 /* out */
    int r, s, stride, pad;      /* CONV; FC takes the whole map */
    int relu, pool;             /* fused behind it: 2x2, stride 2, an odd last row or column dropped */
    const float *weight;        /* OIHW, or [k][c*h*w] */
    const float *bias;          /* k floats, never NULL */
} peer_layer;

typedef struct peer_net {
    int batch, threads, count;
    const peer_layer *layers;
    const char *folder;         /* where the adapter lies */
} peer_net;

enum { PEER_LABEL = 256, PEER_WHY = 256, PEER_INTERFACE = 2 };

/* Functions that give an int give 0 when they fail. Whoever prepares: open. Whoever is timed: load, run and store for a network,
 * run alone for a layer, because there a library may take its input in its own layout. */
typedef struct bench_peer {
    int interface;              /* PEER_INTERFACE */
    const char *name;
    const char *variants[4];    /* contenders, up to a NULL; "" for the only one */
    /* Packs the weights, which stay valid until close. label: version and implementation. why: one sentence without a full stop. */
    int (*open)(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY]);
    int (*load)(void *state, const float *nchw);
    /* Seconds as the peer itself measured them (the whole network, when it runs in a process of its own), 0 when the caller's clock
     * is right, negative when it failed. */
    double (*run)(void *state);
    int (*store)(void *state, float *nchw);
    /* The process that computes, of those that open started; NULL where it is the caller's. */
    int (*process)(const void *state);
    void (*close)(void *state);     /* of what open left behind, also when it failed; takes NULL */
} bench_peer;

/* The one symbol of an adapter. */
#define PEER_SYMBOL "nonet_peer"
#define PEER_EXPORT __attribute__((visibility("default")))
extern const bench_peer nonet_peer;

/* Floats of all images, in and out. */
static inline size_t peer_in_floats(const peer_net *net)
{
    const peer_layer *l = &net->layers[0];
    return (size_t)net->batch * (size_t)l->c * (size_t)l->h * (size_t)l->w;
}
static inline size_t peer_out_floats(const peer_net *net)
{
    const peer_layer *l = &net->layers[net->count - 1];
    return (size_t)net->batch * (size_t)l->k * (size_t)l->oh * (size_t)l->ow;
}

#endif
