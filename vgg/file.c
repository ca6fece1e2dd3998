/* file.c - see file.h. */
#include "vgg/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Grows a buffer so that `need` bytes and a final zero fit, or limit + 1 bytes and the zero if that is less; 0 when there is no
 * memory. */
static int grow(uint8_t **buf, size_t *room, size_t need, size_t limit)
{
    size_t want = *room;
    while (want < need + 1)
        want = want ? want * 2 : 65536;
    want = want - 2 > limit ? limit + 2 : want;
    if (want == *room)
        return 1;
    uint8_t *more = realloc(*buf, want);
    if (!more)
        return 0;
    *buf = more;
    *room = want;
    return 1;
}

static nonet_vgg_status too_large(const char *path, size_t limit, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is larger than the %zu bytes allowed here", path, limit);
}

/* Reads to the end of the file, but not past limit + 1 bytes, which is enough to see that there are too many. The size that
 * stat names is only a first guess: pipes have none. */
static nonet_vgg_status read_all(int fd, const char *path, size_t limit, uint8_t **buf, size_t *size, nonet_vgg_error *err)
{
    struct stat st;
    size_t room = 0, have = 0, guess = 4096;
    if (fstat(fd, &st) != 0)
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot read: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return vgg_fail(err, NONET_VGG_IO, "%s: is a directory", path);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))     /* /dev/zero has no end */
        return vgg_fail(err, NONET_VGG_IO, "%s: is a device, not a file", path);
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit)
        return too_large(path, limit, err);
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        guess = (size_t)st.st_size;
    for (;;) {
        if (!grow(buf, &room, have + guess, limit))
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory to read the file", path);
        ssize_t got = read(fd, *buf + have, room - 1 - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return vgg_fail(err, NONET_VGG_IO, "%s: cannot read: %s", path, strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
        if (have > limit)
            return too_large(path, limit, err);
        guess = 4096;
    }
    (*buf)[have] = 0;
    *size = have;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size, nonet_vgg_error *err)
{
    uint8_t *buf = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot open: %s", path, strerror(errno));
    nonet_vgg_status status = read_all(fd, path, limit, &buf, size, err);
    close(fd);
    if (status != NONET_VGG_OK) {
        free(buf);
        return status;
    }
    *bytes = buf;
    return NONET_VGG_OK;
}

/* ---- files in the making ---- */

/* The temporary names that there are; what does not fit is not abandoned, no more. */
enum { MAKING = 16 };
static _Atomic(char *) making[MAKING];

static void note(char *temp)
{
    for (int i = 0; i < MAKING; i++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&making[i], &none, temp))
            return;
    }
}

/* A name that vgg_out_abandon has taken is not freed: the process is about to end, and that may be reading it. */
static void forget(char *temp)
{
    for (int i = 0; i < MAKING; i++) {
        char *own = temp;
        if (atomic_compare_exchange_strong(&making[i], &own, NULL)) {
            free(temp);
            return;
        }
    }
}

void vgg_out_abandon(void)
{
    for (int i = 0; i < MAKING; i++) {
        char *temp = atomic_exchange(&making[i], NULL);
        if (temp)
            unlink(temp);
    }
}

/* A name beside the target that no file has yet; the open makes sure of that. */
static void open_temp(vgg_out *out)
{
    size_t room = strlen(out->path) + 48;
    out->temp = malloc(room);
    for (int i = 0; out->temp && i < 100; i++) {
        snprintf(out->temp, room, "%s.%ld.%d.tmp", out->path, (long)getpid(), i);
        out->fd = open(out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0)
            note(out->temp);
        if (out->fd >= 0 || errno != EEXIST)
            return;
    }
}

/* Frees what out holds; errno stays. */
static void let_go(vgg_out *out)
{
    int why = errno;
    free(out->path);
    *out = (vgg_out){.fd = -1};
    errno = why;
}

int vgg_out_possible(const char *path)
{
    struct stat st;
    int there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        errno = EISDIR;
    if (there && !S_ISREG(st.st_mode))
        return !S_ISDIR(st.st_mode) && access(path, W_OK) == 0;
    char *real = there ? realpath(path, NULL) : NULL;
    const char *name = real ? real : path, *slash = strrchr(name, '/');
    char *folder = slash ? strndup(name, slash == name ? 1 : (size_t)(slash - name)) : strdup(".");
    int possible = folder && access(folder, W_OK | X_OK) == 0, why = errno;
    free(folder);
    free(real);
    errno = why;
    return possible;
}

nonet_vgg_status vgg_out_open(vgg_out *out, const char *path, nonet_vgg_error *err)
{
    struct stat st;
    *out = (vgg_out){.fd = -1};
    out->path = realpath(path, NULL);   /* what a link stands for is replaced, not the link */
    if (!out->path)
        out->path = strdup(path);
    if (out->path && stat(out->path, &st) == 0 && !S_ISREG(st.st_mode))
        out->fd = open(out->path, O_WRONLY | O_CLOEXEC);
    else if (out->path)
        open_temp(out);
    if (out->fd >= 0)
        return NONET_VGG_OK;
    int why = errno;
    free(out->temp);
    errno = why;
    nonet_vgg_status status = vgg_fail(err, NONET_VGG_IO, "%s: cannot write: %s", path, strerror(why));
    let_go(out);
    return status;
}

nonet_vgg_status vgg_out_write(vgg_out *out, const void *bytes, size_t size, nonet_vgg_error *err)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t done = write(out->fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return vgg_fail(err, NONET_VGG_IO, "%s: cannot write: %s", out->path, strerror(errno));
        at += done;
        size -= (size_t)done;
    }
    return NONET_VGG_OK;
}

/* The rename is on the disk only when its directory is; not every filesystem can sync one, so a failure is no fault. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!dir)
        return;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

nonet_vgg_status vgg_out_close(vgg_out *out, nonet_vgg_status status, nonet_vgg_error *err)
{
    int failed = out->temp && status == NONET_VGG_OK && fsync(out->fd) != 0;
    int why = errno;
    if (close(out->fd) != 0 && !failed) {
        failed = 1;
        why = errno;
    }
    if (status == NONET_VGG_OK && !failed && out->temp && rename(out->temp, out->path) != 0) {
        failed = 1;
        why = errno;
    }
    if (status == NONET_VGG_OK && failed)
        status = vgg_fail(err, NONET_VGG_IO, "%s: cannot write: %s", out->path, strerror(why));
    if (out->temp && status != NONET_VGG_OK)
        unlink(out->temp);
    else if (out->temp)
        sync_directory(out->path);
    if (out->temp)
        forget(out->temp);
    errno = why;
    let_go(out);
    return status;
}
