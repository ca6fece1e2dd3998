/* cgroup.c - /proc/self/cgroup, and the walk from where it points up to the mount. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/cgroup.h"

typedef struct walk {
    const char *root;
    nonet_cgroup_visit *visit;
    void *context;
} walk;

/* From <root>/sys/fs/cgroup<mount><path> up to <root>/sys/fs/cgroup<mount>. mount: begins with a slash or is empty; path: begins
 * with one. */
static void walk_up(const walk *w, nonet_cgroup_tree tree, const char *mount, const char *path)
{
    char folder[PATH_MAX];
    int top = snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s", w->root, mount);
    int length = snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s%s", w->root, mount, strcmp(path, "/") ? path : "");

    if (top < 0 || length < top || (size_t)length >= sizeof folder)
        return;
    while (strlen(folder) > (size_t)top) {
        w->visit(w->context, tree, folder);
        *strrchr(folder, '/') = '\0';   /* path begins with a slash, so this never cuts into the mount */
    }
    w->visit(w->context, tree, folder);
}

/* Whether a comma-separated list has the entry "cpu" (not "cpuset" or "cpuacct"). */
static int has_cpu(const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        if (length == 3 && !strncmp(list, "cpu", 3))
            return 1;
        list += length + (list[length] == ',');
    }
    return 0;
}

/* A line of /proc/self/cgroup: "id:controllers:/path"; no controllers means v2. The line is cut up. */
static void walk_line(const walk *w, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    char mount[PATH_MAX];

    if (!path || path[1] != '/')
        return;
    controllers++;
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (!*controllers) {
        walk_up(w, NONET_CGROUP_V2, "", path);
        walk_up(w, NONET_CGROUP_V2, "/unified", path);
    } else if (has_cpu(controllers) && snprintf(mount, sizeof mount, "/%s", controllers) < (int)sizeof mount) {
        walk_up(w, NONET_CGROUP_V1, mount, path);
        walk_up(w, NONET_CGROUP_V1_CPU, "/cpu", path);
    }
}

void nonet_cgroup_each(const char *root, nonet_cgroup_visit *visit, void *context)
{
    const walk w = { root, visit, context };
    char path[PATH_MAX], *line = NULL;
    size_t size = 0;
    int length = snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;

    if (!f)
        return;
    while (getline(&line, &size, f) > 0)
        walk_line(&w, line);
    free(line);
    fclose(f);
}
