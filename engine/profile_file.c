/* profile_file.c - profiles on disk: bounded reading of whatever stands there, replacement at once, and where one is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "arch/cpu.h"
#include "engine/profile.h"

enum { PATH = 4096 };

static int complain(char *why, size_t room, const char *path, const char *what, int error)
{
    snprintf(why, room, "%s: %s%s%s", path, what, error ? ": " : "", error ? strerror(error) : "");
    return 0;
}

/* ---- where ---- */

/* One home may serve several machines: the name has the instruction set and a hash of the CPU's name. */
static void file_name(char *name, size_t size)
{
    char cpu[160];
    uint32_t hash = 0x811c9dc5u;    /* FNV-1a */
    nonet_cpu_identity(cpu, sizeof cpu);
    for (const char *c = cpu; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x01000193u;
    nonet_isa isa = NONET_ISA_AUTO;
    nonet_isa_current(&isa);
    snprintf(name, size, "profile-%s-%08x", nonet_isa_name(isa), (unsigned)hash);
}

int nonet_profile_path(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char name[64];
    file_name(name, sizeof name);
    if (cache && *cache == '/')     /* a relative one is to be ignored, says its specification */
        return snprintf(path, size, "%s/nonet/%s", cache, name);
    return home && *home ? snprintf(path, size, "%s/.cache/nonet/%s", home, name) : 0;
}

/* path, or the place for none; NULL and a sentence if there is no place. */
static const char *place(const char *path, char buf[PATH], char *why, size_t room)
{
    if (path)
        return path;
    int length = nonet_profile_path(buf, PATH);
    if (length > 0 && length < PATH)
        return buf;
    complain(why, room, "profile", "neither XDG_CACHE_HOME nor HOME names a place for it", 0);
    return NULL;
}

/* ---- reading ---- */

/* The file may change while it is read: what counts is what is read. */
static char *read_all(int file, size_t *size)
{
    char *text = malloc(PROFILE_BYTES + 2);
    size_t at = 0;
    ssize_t got = 1;
    while (text && at <= PROFILE_BYTES && got > 0) {
        got = read(file, text + at, PROFILE_BYTES + 1 - at);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            at += (size_t)got;
    }
    if (text && got < 0) {
        free(text);
        return NULL;
    }
    if (text)
        text[at] = '\0';
    *size = at;
    return text;
}

static char *read_open(int file, const char *path, size_t *size, char *why, size_t room)
{
    struct stat st;
    if (fstat(file, &st) || !S_ISREG(st.st_mode)) {
        complain(why, room, path, "a profile is a file, and this is none", 0);
        return NULL;
    }
    char *text = st.st_size <= PROFILE_BYTES ? read_all(file, size) : NULL;
    if (text && *size <= PROFILE_BYTES)
        return text;
    int large = st.st_size > PROFILE_BYTES || text;
    if (large)
        complain(why, room, path, "the profile is not used: it is larger than a profile can be (1 MiB)", 0);
    else
        complain(why, room, path, "the profile cannot be read", errno);
    free(text);
    return NULL;
}

/* A whole regular file of at most PROFILE_BYTES with a NUL behind it (free it); NULL and a sentence in why. A pipe or a device
 * would make open wait. */
static char *read_profile(const char *path, size_t *size, char *why, size_t room)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (file < 0) {
        complain(why, room, path, "the profile cannot be read", errno);
        return NULL;
    }
    char *text = read_open(file, path, size, why, room);
    close(file);
    return text;
}

nonet_status nonet_profile_open(nonet_profile **profile, const char *path, char *why, size_t size)
{
    char buf[PATH], scrap[1];
    size_t bytes;
    if (!profile)
        return NONET_BAD_ARGUMENT;
    *profile = NULL;
    if (!why || !size) {
        why = scrap;
        size = sizeof scrap;
    }
    path = place(path, buf, why, size);
    char *text = path ? read_profile(path, &bytes, why, size) : NULL;
    if (!text)
        return NONET_BAD_PROFILE;
    nonet_status status = nonet_profile_parse(profile, text, bytes, path, why, size);
    free(text);
    return status;
}

/* ---- writing ---- */

/* A name of its own for every writer, so that two at once do not meet; whoever renames last has the file. */
static int create_beside(const char *path, char *name, size_t size)
{
    static atomic_uint counter;
    for (int tries = 0; tries < 100; tries++) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        unsigned unique = (unsigned)t.tv_nsec ^ atomic_fetch_add(&counter, 1) << 20;
        if (snprintf(name, size, "%s.%ld-%08x", path, (long)getpid(), unique) >= (int)size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

static int write_all(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, text, size);
        if (put < 0 && errno != EINTR)
            return 0;
        if (put > 0) {
            text += put;
            size -= (size_t)put;
        }
    }
    return fsync(file) == 0;
}

/* The rename lasts once the folder is on disk. A file system that cannot do that has renamed all the same. */
static void sync_folder(const char *path)
{
    char folder[PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
}

/* The superuser may write anything, but a file that its owner made read-only is to stay. */
static int is_read_only(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (!(st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) || access(path, W_OK));
}

/* A file that holds something else, named by mistake. What cannot be read is left to the writing. */
static int is_foreign(const char *path)
{
    static const char first[] = "nonet-profile ";
    char got[sizeof first] = "";
    struct stat st;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return 0;
    int foreign = fstat(file, &st) || !S_ISREG(st.st_mode) || (read(file, got, sizeof got - 1) > 0 && strcmp(got, first));
    close(file);
    return foreign;
}

/* Replaces path at once; 0 and a sentence on failure, path is then as it was. */
static int write_profile(const char *path, const char *text, size_t size, char *why, size_t room)
{
    char name[PATH];
    if (is_read_only(path))
        return complain(why, room, path, "the profile is read-only, so it was not replaced", 0);
    if (is_foreign(path))
        return complain(why, room, path, "this is not a profile of nonet, so it was not replaced", 0);
    int file = create_beside(path, name, sizeof name);
    if (file < 0)
        return complain(why, room, path, "the profile cannot be written", errno);
    int error = write_all(file, text, size) ? 0 : errno;
    if (close(file) && !error)
        error = errno;
    if (!error && rename(name, path))
        error = errno;
    if (error) {
        unlink(name);
        return complain(why, room, path, "the profile cannot be written", error);
    }
    sync_folder(path);
    return 1;
}

/* The folders of the cache, as its specification wants them. What fails shows when the file is written. */
static void make_folders(const char *path)
{
    char folder[PATH];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
}

nonet_status nonet_profile_save(const nonet_profile *profile, const char *path, char *why, size_t room)
{
    char buf[PATH], scrap[1];
    size_t size;
    if (!profile)
        return NONET_BAD_ARGUMENT;
    if (!why || !room) {
        why = scrap;
        room = sizeof scrap;
    }
    *why = '\0';
    const char *to = place(path, buf, why, room);
    if (!to)
        return NONET_BAD_PROFILE;
    if (!path)
        make_folders(to);
    char *text = nonet_profile_format(profile, &size);
    if (!text) {
        complain(why, room, to, "no memory to write the profile", 0);
        return NONET_NO_MEMORY;
    }
    int written = size <= PROFILE_BYTES ? write_profile(to, text, size, why, room)
                                        : complain(why, room, to, "the profile would be larger than 1 MiB", 0);
    free(text);
    return written ? NONET_OK : NONET_BAD_PROFILE;
}
