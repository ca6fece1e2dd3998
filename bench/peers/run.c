/* run.c - loads adapters, runs them in turn with ours, compares what comes out. */
#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench/data.h"
#include "bench/peers/find.h"
#include "bench/peers/problem.h"
#include "bench/peers/run.h"
#include "bench/peers/threads.h"
#include "bench/timer.h"

enum { PEERS_MOST = 16, LOOK_MICROSECONDS = 500, RESTLESS_MOST = 3 };
#define SETTLE_MOST 0.3         /* seconds */
#define SAMPLE_SECONDS 0.002    /* of a layer: repeated runs of at least this long, as with ours */
typedef struct contender {
    const bench_peer *peer;
    const char *variant;
    void *state;
    char label[PEER_LABEL], why[PEER_WHY];
    int open;
    long runs, iterations;      /* of a sample; in all */
    double difference;
    bench_series seconds;
} contender;

struct bench_peers {
    peer_problem problem;
    char folder[PATH_MAX];
    int layer;                  /* a layer: its input is loaded once, and only run is timed */
    const float *src;
    float *dst;
    contender contenders[PEERS_MOST];
    int count, turn;
    int threads;
    int restless;               /* times that their threads did not come to rest */
    bench_helpers helpers;
    int known_threads[POOL_THREADS], known_count;   /* of this process: pinned, or not a peer's */
};

/* ---- opening ---- */

static void add_contender(bench_peers *p, const bench_peer *peer, const char *variant)
{
    if (p->count == PEERS_MOST)
        return;
    contender *c = &p->contenders[p->count++];
    *c = (contender){ .peer = peer, .variant = variant, .runs = 1, .difference = NAN };
    c->open = peer->open(&c->state, &p->problem.net, variant, c->label, c->why);
    if (!c->open) {
        peer->close(c->state);
        c->state = NULL;
    } else if (peer->process && p->helpers.count < WATCH_HELPERS)
        p->helpers.pid[p->helpers.count++] = peer->process(c->state);
}

/* Its library may have gone since it was built. Never unloaded: libraries with threads of their own do not survive that. */
static nonet_vgg_status load_peer(bench_peers *p, const char *name, nonet_vgg_error *err)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s" PEER_SUFFIX, p->folder, name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return bench_fail(err, NONET_VGG_UNSUPPORTED, "--peers %s: %s", name, dlerror());
    const bench_peer *peer = dlsym(object, PEER_SYMBOL);
    if (!peer || peer->interface != PEER_INTERFACE)
        return bench_fail(err, NONET_VGG_UNSUPPORTED, "--peers %s: %s is of another build", name, path);
    for (int i = 0; peer->variants[i]; i++)
        add_contender(p, peer, peer->variants[i]);
    return NONET_VGG_OK;
}

static int is_loaded(const bench_peers *p, const char *name)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->contenders[i].peer->name, name) == 0)
            return 1;
    return 0;
}

/* The list has been checked. */
static nonet_vgg_status load_list(bench_peers *p, const char *list, nonet_vgg_error *err)
{
    char words[256], *rest = words, *word;
    nonet_vgg_status status = NONET_VGG_OK;
    int all = peers_all(list);
    if (all)
        bench_peers_built(words, sizeof words);
    else
        snprintf(words, sizeof words, "%s", list);
    while (status == NONET_VGG_OK && (word = strtok_r(rest, ", ", &rest))) {
        const char *adapter = peers_adapter(p->folder, word);
        if (adapter && !is_loaded(p, adapter))
            status = load_peer(p, adapter, err);
        if (all && status == NONET_VGG_UNSUPPORTED) {
            fprintf(stderr, "nonet bench: left out: %s\n", err->text);
            status = NONET_VGG_OK;
        }
    }
    return status;
}

/* The threads there are before any peer runs: ours. */
static void know_own_threads(bench_peers *p)
{
    p->known_threads[p->known_count++] = (int)getpid();
#pragma omp parallel num_threads(p->threads)
    {
        int id = (int)syscall(SYS_gettid);
#pragma omp critical
        if (omp_get_thread_num() && p->known_count < POOL_THREADS)
            p->known_threads[p->known_count++] = id;
    }
}

/* What a peer allocates for a run and frees after it stays with the process. Else it is faulted in anew each time, which in a virtual
 * machine may take longer than the run: oneDNN's Winograd was seen at twice its time. Nothing of ours comes from there. */
static void keep_freed_memory(void)
{
#ifdef M_MMAP_MAX
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

static nonet_vgg_status finish_open(bench_peers *p, const bench_settings *settings, nonet_vgg_error *err)
{
    peers_folder(p->folder);
    p->problem.net.folder = p->folder;
    p->dst = bench_floats(peer_out_floats(&p->problem.net));
    if (!p->dst)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "--peers: no memory for their output");
    know_own_threads(p);
    keep_freed_memory();
    return load_list(p, settings->peers, err);
}

static bench_peers *new_peers(const float *src, int threads, int layer)
{
    bench_peers *p = calloc(1, sizeof *p);
    if (p) {
        p->src = src;
        p->threads = threads;
        p->layer = layer;
    }
    return p;
}

nonet_vgg_status bench_peers_open_net(bench_peers **peers, const bench_settings *settings, const nonet_vgg *net, int threads,
                                      const float *src, nonet_vgg_error *err)
{
    *peers = NULL;
    if (!settings->peers)
        return NONET_VGG_OK;
    bench_peers *p = *peers = new_peers(src, threads, 0);
    if (!p)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    nonet_vgg_status status = peer_problem_net(&p->problem, settings, net, threads, err);
    return status == NONET_VGG_OK ? finish_open(p, settings, err) : status;
}

nonet_vgg_status bench_peers_open_layer(bench_peers **peers, const bench_settings *settings, const nonet_conv *problem, int threads,
                                        const float *src, const float *oihw, const float *bias, nonet_vgg_error *err)
{
    *peers = NULL;
    if (!settings->peers)
        return NONET_VGG_OK;
    bench_peers *p = *peers = new_peers(src, threads, 1);
    if (!p)
        return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    nonet_vgg_status status = peer_problem_layer(&p->problem, problem, threads, oihw, bias, err);
    return status == NONET_VGG_OK ? finish_open(p, settings, err) : status;
}

void bench_peers_helpers(const bench_peers *p, bench_helpers *helpers)
{
    *helpers = p ? p->helpers : (bench_helpers){ 0 };
}

/* ---- running ---- */

static int is_ours(const bench_peers *p, int id)
{
    for (int i = 0; i < p->known_count; i++)
        if (p->known_threads[i] == id)
            return 1;
    return 0;
}

/* Threads that a peer has started for itself get the CPUs that our second, third ... thread has; the first is the caller's. */
static void pin_new_threads(bench_peers *p, const bench_pin *pin)
{
    int ids[POOL_THREADS], count = pin->threads ? bench_thread_ids((int)getpid(), ids) : 0, next = 0;
    for (int i = 0; i < count; i++) {
        int cpu = 0;
        if (is_ours(p, ids[i]) || p->known_count == POOL_THREADS)
            continue;
        p->known_threads[p->known_count++] = ids[i];
        next = next + 1 < p->threads ? next + 1 : p->threads > 1;
        for (int seen = -1; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &pin->before) && ++seen == next)
                break;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(ids[i], sizeof one, &one);
    }
}

/* Seconds of one run, or negative. A layer's input is there already. */
static double timed(bench_peers *p, contender *c)
{
    double start = bench_now();
    if (!p->layer && !c->peer->load(c->state, p->src))
        return -1;
    double own = 0;
    for (long i = 0; i < c->runs; i++) {
        double seconds = c->peer->run(c->state);
        if (seconds < 0)
            return -1;
        own += seconds;
    }
    if (!p->layer && !c->peer->store(c->state, p->dst))
        return -1;
    return (own > 0 ? own : bench_now() - start) / (double)c->runs;
}

/* The others go on. */
static void give_up(contender *c)
{
    snprintf(c->why, sizeof c->why, "it failed while it was running");
    c->peer->close(c->state);
    c->state = NULL;
    c->open = 0;
}

static double relative_l2(const float *ours, const float *theirs, size_t floats)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < floats; i++) {
        double d = (double)theirs[i] - (double)ours[i];
        difference += d * d;
        size += (double)ours[i] * (double)ours[i];
    }
    return size > 0 ? sqrt(difference / size) : difference > 0 ? INFINITY : 0;
}

double bench_peers_difference(const float *ours, const float *theirs, size_t images, size_t floats)
{
    double worst = 0;
    for (size_t n = 0; n < images; n++) {
        double d = relative_l2(ours + n * floats, theirs + n * floats, floats);
        if (isnan(d))
            return d;
        worst = fmax(worst, d);
    }
    return worst;
}

static double compare(const bench_peers *p, const float *ours)
{
    size_t images = (size_t)p->problem.net.batch;
    return bench_peers_difference(ours, p->dst, images, peer_out_floats(&p->problem.net) / images);
}

static void warm(bench_peers *p, contender *c, int runs, const float *ours)
{
    double once = 0;
    int good = c->peer->load(c->state, p->src);
    for (int i = 0; i < runs && good && once >= 0; i++)
        once = timed(p, c);
    if (!good || once < 0 || !c->peer->store(c->state, p->dst)) {
        give_up(c);
        return;
    }
    c->difference = compare(p, ours);
    if (p->layer && once < SAMPLE_SECONDS)
        c->runs = (long)(SAMPLE_SECONDS / (once > 1e-7 ? once : 1e-7)) + 1;
}

/* With several threads, until those of the one before sleep, at two looks: workers spin for a while in wait of work,
 * some for 200 ms. Where they spin for ever (OMP_WAIT_POLICY=active), a few vain waits are enough. */
static void settle(bench_peers *p)
{
    if (p->threads == 1 || p->restless == RESTLESS_MOST)
        return;
    double end = bench_now() + SETTLE_MOST;
    int quiet = 0;
    while (quiet < 2 && bench_now() < end) {
        usleep(LOOK_MICROSECONDS);
        quiet = bench_running_threads(&p->helpers) ? 0 : quiet + 1;
    }
    p->restless += quiet < 2;
}

void bench_peers_warm(bench_peers *p, const bench_report *report, const float *ours)
{
    for (int i = 0; p && i < p->count; i++) {
        if (!p->contenders[i].open)
            continue;
        warm(p, &p->contenders[i], report->settings->warmup + 1, ours);
        pin_new_threads(p, &report->pin);
    }
    if (p)
        settle(p);
}


nonet_vgg_status bench_peers_sample(bench_peers *p, nonet_vgg_error *err)
{
    for (int i = 0; p && i < p->count; i++) {
        contender *c = &p->contenders[(i + p->turn) % p->count];
        if (!c->open)
            continue;
        settle(p);
        double seconds = timed(p, c);
        c->iterations += c->runs;
        if (seconds < 0)
            give_up(c);
        else if (!bench_series_add(&c->seconds, seconds))
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
    }
    if (p) {
        p->turn++;
        settle(p);
    }
    return NONET_VGG_OK;
}

/* ---- reporting ---- */

static void fill_row(const bench_peers *p, contender *c, bench_row *row, const bench_row *of, int ours)
{
    row->ours = ours;
    row->runs = c->runs;
    row->batch = p->problem.net.batch;
    memcpy(row->shape, of->shape, sizeof row->shape);
    row->threads = p->threads;
    row->work = of->work;
    row->first = of->first;
    row->of = of->of;
    row->iterations = c->iterations;
    row->difference = c->difference;
    row->difference_bound = p->layer ? PEER_BOUND_LAYER : PEER_BOUND_NET;
    snprintf(row->algorithm, sizeof row->algorithm, "%s%s%s", c->peer->name, c->variant[0] ? " " : "", c->variant);
    snprintf(row->peer, sizeof row->peer, "%s %s", c->peer->name, c->open ? c->label : c->why);
    row->seconds = c->seconds;
    c->seconds = (bench_series){ 0 };
}

nonet_vgg_status bench_peers_rows(bench_peers *p, bench_report *report, int of, nonet_vgg_error *err)
{
    for (int i = 0; p && i < p->count; i++) {
        contender *c = &p->contenders[i];
        if (!c->open) {
            fprintf(stderr, "nonet bench: %s %s is left out: %s\n", c->peer->name, c->variant, c->why);
            continue;
        }
        bench_row *row = bench_report_add(report, report->rows[of].kind, "%s/%s%s%s", report->rows[of].name, c->peer->name,
                                          c->variant[0] ? "-" : "", c->variant);
        if (!row)
            return bench_fail(err, NONET_VGG_NO_MEMORY, "out of memory");
        fill_row(p, c, row, &report->rows[of], of);
    }
    return NONET_VGG_OK;
}

void bench_peers_close(bench_peers *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->count; i++) {
        p->contenders[i].peer->close(p->contenders[i].state);
        bench_series_free(&p->contenders[i].seconds);
    }
    peer_problem_free(&p->problem);
    bench_free(p->dst);
    free(p);
}
