/* file.c - see file.h. */
#include "vgg/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Grows a buffer so that `need` bytes and a final zero fit; 0 when there is no memory. */
static int grow(uint8_t **buf, size_t *room, size_t need)
{
    size_t want = *room;
    while (want < need + 1)
        want = want ? want * 2 : 65536;
    if (want == *room)
        return 1;
    uint8_t *more = realloc(*buf, want);
    if (!more)
        return 0;
    *buf = more;
    *room = want;
    return 1;
}

/* Reads to the end of the file, but not past limit + 1 bytes, which is enough to see that there are too many. The size that
 * stat names is only a first guess: pipes have none. */
static nonet_vgg_status read_all(int fd, const char *path, size_t limit, uint8_t **buf, size_t *size, nonet_vgg_error *err)
{
    struct stat st;
    size_t room = 0, have = 0, guess = 4096;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return vgg_fail(err, NONET_VGG_IO, "%s: is a directory", path);
    if (S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size <= limit)
        guess = (size_t)st.st_size;
    for (;;) {
        if (!grow(buf, &room, have + guess))
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
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is larger than the %zu bytes allowed here", path, limit);
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

/* A name beside the target that no file has yet; the open makes sure of that. */
static void open_temp(vgg_out *out)
{
    size_t room = strlen(out->path) + 48;
    out->temp = malloc(room);
    if (!out->temp)
        return;
    for (int i = 0; i < 100; i++) {
        snprintf(out->temp, room, "%s.%ld.%d.tmp", out->path, (long)getpid(), i);
        out->fd = open(out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0 || errno != EEXIST)
            break;
    }
    if (out->fd >= 0)
        return;
    int why = errno;
    free(out->temp);
    out->temp = NULL;
    errno = why;
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
    nonet_vgg_status status = vgg_fail(err, NONET_VGG_IO, "%s: cannot write: %s", path, strerror(errno));
    free(out->path);
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
    free(out->temp);
    free(out->path);
    *out = (vgg_out){.fd = -1};
    return status;
}
