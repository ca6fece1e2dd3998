/* find.c - which adapters there are, and whether a list names them. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench/peers/find.h"
#include "bench/peers/run.h"

static const char *const known[] = { "onednn", "nnpack", "xnnpack", "openblas", "onnxruntime", "onnxruntime-node", "ncnn" };
enum { KNOWN = sizeof known / sizeof known[0] };

int peers_folder(char folder[PATH_MAX])
{
    static const char *const places[] = { "peers", "../lib/nonet/peers" };
    char self[PATH_MAX - 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        return 0;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    for (int i = 0; i < 2; i++) {
        snprintf(folder, PATH_MAX, "%s/%s", self, places[i]);
        if (access(folder, X_OK) == 0)
            return 1;
    }
    return 0;
}

static int peers_is_built(const char *folder, const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s" PEER_SUFFIX, folder, name);
    return access(path, R_OK) == 0;
}

const char *peers_adapter(const char *folder, const char *name)
{
    if (peers_is_built(folder, name))
        return name;
    return strcmp(name, "onnxruntime") == 0 && peers_is_built(folder, "onnxruntime-node") ? "onnxruntime-node" : NULL;
}

int bench_peers_built(char *names, size_t size)
{
    char folder[PATH_MAX];
    int count = 0;
    names[0] = '\0';
    if (!peers_folder(folder))
        return 0;
    for (int i = 0; i < KNOWN; i++)
        if (peers_is_built(folder, known[i])) {
            size_t used = strlen(names);
            snprintf(names + used, size - used, "%s%s", count++ ? " " : "", known[i]);
        }
    return count;
}

static int is_known(const char *name)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(name, known[i]) == 0)
            return 1;
    return 0;
}

int peers_all(const char *list)
{
    return strcmp(list, "all") == 0;
}

/* Is each name of the list known; with a folder, is its adapter there? */
static nonet_vgg_status check_names(const char *list, const char *folder, nonet_vgg_error *err)
{
    char words[256], *rest = words, *word;
    snprintf(words, sizeof words, "%s", list);
    while ((word = strtok_r(rest, ",", &rest))) {
        if (!is_known(word))
            return bench_fail(err, NONET_VGG_USAGE, "--peers: '%s' is not one of onednn, nnpack, xnnpack, openblas, onnxruntime, "
                              "onnxruntime-node, ncnn", word);
        if (folder && (!*folder || !peers_adapter(folder, word)))
            return bench_fail(err, NONET_VGG_UNSUPPORTED, "--peers: %s was not found when nonet was built; 'nonet info' lists who "
                              "was", word);
    }
    return NONET_VGG_OK;
}

/* A wrong name is a wrong option, whatever is there of the others. */
nonet_vgg_status bench_peers_check(const bench_settings *settings, nonet_vgg_error *err)
{
    const char *list = settings->peers;
    char folder[PATH_MAX] = "";
    if (list && settings->cold != BENCH_WARM)
        return bench_fail(err, NONET_VGG_USAGE, "--peers and --cold do not go together: where peers keep their weights is not "
                          "known");
    if (!list || peers_all(list))
        return NONET_VGG_OK;
    if (strspn(list, ",") == strlen(list))
        return bench_fail(err, NONET_VGG_USAGE, "--peers wants names with commas between them, or all");
    nonet_vgg_status status = check_names(list, NULL, err);
    if (status == NONET_VGG_OK)
        status = check_names(list, peers_folder(folder) ? folder : "", err);
    return status;
}
