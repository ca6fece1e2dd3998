/* outputs.c - outputs that would spoil one another, or what is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"

/* Where a file of this name would come to be: its folder without links, and the name in it. NULL if the folder is not there. */
static char *place_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("."), *place = NULL;
    char *real = folder ? realpath(folder, NULL) : NULL;
    if (real && asprintf(&place, "%s/%s", real, slash ? slash + 1 : path) < 0)
        place = NULL;
    free(real);
    free(folder);
    return place;
}

/* Devices and pipes may be named twice: nothing is lost by that. */
static int is_one_file(const char *a, const char *b)
{
    struct stat x, y;
    int there = stat(a, &x) == 0, other = stat(b, &y) == 0;
    if (there && other)
        return S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    if (there || other)
        return 0;
    char *p = place_of(a), *q = place_of(b);
    int same = strcmp(p ? p : a, q ? q : b) == 0;
    free(p);
    free(q);
    return same;
}

void cli_two_outputs(const char *option, const char *path, const char *other, const char *other_path)
{
    if (!path || !other_path)
        return;
    if (!strcmp(path, "-") && !strcmp(other_path, "-"))
        exit(cli_fail(EXIT_USAGE, "%s and %s cannot both go to standard output", option, other));
    if (strcmp(path, "-") && strcmp(other_path, "-") && is_one_file(path, other_path))
        exit(cli_fail(EXIT_USAGE, "%s and %s are one file, %s", option, other, path));
}

void cli_keep(const char *option, const char *path, const char *what, const char *const *inputs, int count)
{
    for (int i = 0; path && strcmp(path, "-") && i < count; i++)
        if (inputs[i] && is_one_file(path, inputs[i]))
            exit(cli_fail(EXIT_USAGE, "%s would be written over %s, %s", option, what, inputs[i]));
}

void cli_no_stream(const char *option, const char *path)
{
    if (path && !strcmp(path, "-"))
        exit(cli_fail(EXIT_USAGE, "%s -: this cannot go to standard output; name a file", option));
}
