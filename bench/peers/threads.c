/* threads.c - /proc/PID/task and the states in its stat files. CPU time would not tell who computes: the system adds that of a
 * thread which runs on another CPU once a tick, 1 to 10 ms apart. */
#include "bench/peers/threads.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_ROOM = 64 };        /* of two numbers and the words around them */

int bench_thread_ids(int process, int id[POOL_THREADS])
{
    char path[PATH_ROOM];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && count < POOL_THREADS && (entry = readdir(tasks));)
        if ((id[count] = atoi(entry->d_name)) > 0)
            count++;
    if (tasks)
        closedir(tasks);
    return count;
}

/* The state stands behind the name, which may hold anything, in brackets. */
static int is_running(int process, int thread)
{
    char path[PATH_ROOM], line[256];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    return name_end && strncmp(name_end, ") R", 3) == 0;
}

static int running_in(int process, int except)
{
    int id[POOL_THREADS], running = 0;
    for (int i = bench_thread_ids(process, id); i-- > 0;)
        running += id[i] != except && is_running(process, id[i]);
    return running;
}

int bench_running_threads(const bench_helpers *helpers)
{
    int running = running_in((int)getpid(), (int)syscall(SYS_gettid));
    for (int i = 0; i < helpers->count; i++)
        running += running_in(helpers->pid[i], 0);
    return running;
}
