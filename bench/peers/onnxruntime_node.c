/* onnxruntime_node.c - ONNX Runtime in a process of its own: the npm package onnxruntime-node carries the library but no header
 * for C, so a script (onnxruntime.mjs) uses its public JavaScript interface; see there for what is said over the pipes. The
 * network goes over as an ONNX file in TMPDIR (553 MB for VGG-16), which is deleted as soon as it has been loaded. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/peers/onnx_file.h"
#include "bench/peers/peers.h"

#define SCRIPT "onnxruntime.mjs"

typedef struct ort_net {
    const peer_net *net;
    const float *given;         /* the input that the process has */
    char model[PATH_MAX];       /* "" when it is gone */
    pid_t process;
    FILE *to, *from;
} ort_net;

static int write_model(ort_net *o, char why[PEER_WHY])
{
    const char *folder = getenv("TMPDIR");
    snprintf(o->model, sizeof o->model, "%s/nonet-onnx-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(o->model);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    int good = file && onnx_file_write(o->net, file);
    int error = errno;
    if (file)
        good &= fclose(file) == 0;
    if (!good)
        snprintf(why, PEER_WHY, "cannot write the ONNX file to TMPDIR: %s", strerror(error));
    return good;
}

/* As many CPUs as there are threads, the first ones: where ours are pinned. */
static void keep_cpus(int threads)
{
    cpu_set_t all, few;
    CPU_ZERO(&few);
    if (sched_getaffinity(0, sizeof all, &all))
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&few) < threads; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &few);
    sched_setaffinity(0, sizeof few, &few);
}

static void become_node(const ort_net *o, int in, int out)
{
    const peer_layer *l = &o->net->layers[0];
    char script[PATH_MAX], number[5][16];
    int numbers[5] = { o->net->threads, o->net->batch, l->c, l->h, l->w };
    for (int i = 0; i < 5; i++)
        snprintf(number[i], sizeof number[i], "%d", numbers[i]);
    snprintf(script, sizeof script, "%s/" SCRIPT, o->net->folder);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(127);
    int nowhere = getenv("NONET_PEER_ERRORS") ? -1 : open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    keep_cpus(o->net->threads);
    execlp("node", "node", script, o->model, number[0], number[1], number[2], number[3], number[4], (char *)NULL);
    _exit(127);
}

static int start_process(ort_net *o)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC))
        return 0;
    if (pipe2(from, O_CLOEXEC)) {
        close(to[0]);
        close(to[1]);
        return 0;
    }
    o->process = fork();
    if (o->process == 0)
        become_node(o, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    o->to = fdopen(to[1], "wb");
    o->from = fdopen(from[0], "rb");
    return o->process > 0 && o->to && o->from;
}

static void remove_model(ort_net *o)
{
    if (o->model[0])
        unlink(o->model);
    o->model[0] = '\0';
}

static int open_ort(void **state, const peer_net *net, const char *variant, char label[PEER_LABEL], char why[PEER_WHY])
{
    (void)variant;
    ort_net *o = calloc(1, sizeof *o);
    char line[128], version[64];
    *state = o;
    snprintf(why, PEER_WHY, "out of memory");
    if (!o)
        return 0;
    o->net = net;
    signal(SIGPIPE, SIG_IGN);
    if (!write_model(o, why))
        return 0;
    int good = start_process(o) && fgets(line, sizeof line, o->from) && sscanf(line, "ready %63s", version) == 1;
    remove_model(o);
    if (!good)
        snprintf(why, PEER_WHY, "node cannot load onnxruntime-node or the network; 'make peers' installs it beside the adapters, and "
                 "NONET_PEER_ERRORS=1 shows what node says");
    else
        snprintf(label, PEER_LABEL, "%s (npm package, CPU provider, its own process)", version);
    return good;
}

static int ask(ort_net *o, char command, char *line, int size)
{
    return putc(command, o->to) != EOF && fflush(o->to) == 0 && fgets(line, size, o->from) != NULL;
}

/* The input goes over once, not with every run. */
static int load(void *state, const float *nchw)
{
    ort_net *o = state;
    char line[64];
    size_t floats = peer_in_floats(o->net);
    if (o->given == nchw)
        return 1;
    if (putc('i', o->to) == EOF || fwrite(nchw, sizeof *nchw, floats, o->to) != floats || fflush(o->to) ||
        !fgets(line, sizeof line, o->from) || strcmp(line, "ok\n"))
        return 0;
    o->given = nchw;
    return 1;
}

/* By the clock of the process, around session.run alone. */
static double run(void *state)
{
    char line[64];
    double seconds;
    return ask(state, 'r', line, sizeof line) && sscanf(line, "%lf", &seconds) == 1 && seconds > 0 ? seconds : -1;
}

static int store(void *state, float *nchw)
{
    ort_net *o = state;
    char line[64];
    size_t floats = peer_out_floats(o->net), count;
    return ask(o, 'o', line, sizeof line) && sscanf(line, "out %zu", &count) == 1 && count == floats &&
           fread(nchw, sizeof *nchw, floats, o->from) == floats;
}

static int process(const void *state)
{
    return ((const ort_net *)state)->process;
}

static void close_ort(void *state)
{
    ort_net *o = state;
    if (!o)
        return;
    remove_model(o);
    if (o->to)
        fclose(o->to);
    if (o->from)
        fclose(o->from);
    if (o->process > 0)
        waitpid(o->process, NULL, 0);
    free(o);
}

PEER_EXPORT const bench_peer nonet_peer = {
    .interface = PEER_INTERFACE, .name = "onnxruntime-node", .variants = { "" },
    .open = open_ort, .load = load, .run = run, .store = store, .process = process, .close = close_ort,
};
