/* rest.c - the states of threads, from /proc/PID/task/TID/stat. CPU time would not tell: the system adds that of a thread which runs
 * on another CPU once a tick, 1 to 10 ms apart. */
#include "bench/peers/rest.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The state stands behind the name, which may hold anything, in brackets. */
static int is_running(const char *path)
{
    char line[256] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char *read = fgets(line, sizeof line, file), *name_end = strrchr(line, ')');
    fclose(file);
    return read && name_end && strncmp(name_end, ") R", 3) == 0;
}

static int running_in(int process, int except)
{
    char tasks[64], path[PATH_MAX];
    int count = 0;
    snprintf(tasks, sizeof tasks, "/proc/%d/task", process);
    DIR *folder = opendir(tasks);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int id = atoi(entry->d_name);
        snprintf(path, sizeof path, "%s/%d/stat", tasks, id);
        count += id > 0 && id != except && is_running(path);
    }
    if (folder)
        closedir(folder);
    return count;
}

int bench_running_threads(const bench_helpers *helpers)
{
    int count = running_in((int)getpid(), (int)syscall(SYS_gettid));
    for (int i = 0; i < helpers->count; i++)
        count += running_in(helpers->pid[i], 0);
    return count;
}
