/* emit.c - a small JSON writer. */
#include "bench/emit.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name that is there and no plain file (/dev/stdout, a pipe) must be written to, not replaced. */
static int is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int json_writable(const char *path)
{
    struct stat st;
    char folder[PATH_MAX];
    if (strcmp(path, "-") == 0)
        return 1;
    if (strlen(path) >= sizeof folder) {
        errno = ENAMETOOLONG;
        return 0;
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return 0;
    }
    if (is_special(path))
        return access(path, W_OK) == 0;
    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    return access(slash ? folder : ".", W_OK | X_OK) == 0;
}

/* The temporary file stands beside the final one, so that rename() is one step. */
static FILE *open_temporary(json_out *out, const char *path)
{
    if (!realpath(path, out->path))
        snprintf(out->path, sizeof out->path, "%s", path);
    snprintf(out->temp, sizeof out->temp, "%s.XXXXXX", out->path);
    int fd = mkstemp(out->temp);
    if (fd < 0)
        return NULL;
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    FILE *file = fdopen(fd, "w");
    if (!file) {
        close(fd);
        unlink(out->temp);
    }
    return file;
}

int json_open(json_out *out, const char *path)
{
    if (!json_writable(path))
        return 0;
    memset(out, 0, sizeof *out);
    out->empty = 1;
    if (strcmp(path, "-") == 0)
        out->file = stdout;
    else if (is_special(path))
        out->file = fopen(path, "w");
    else
        out->file = open_temporary(out, path);
    return out->file != NULL;
}

static void put_string(FILE *file, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    putc('"', file);
    while (*p) {
        int more = *p >= 0xf0 && *p < 0xf5 ? 3 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xc2 && *p < 0xe0 ? 1 : 0, seen = 0;
        while (seen < more && (p[1 + seen] & 0xc0) == 0x80)
            seen++;
        if (*p >= 0x80 && (more == 0 || seen < more)) {
            fputs("\\ufffd", file);
            p++;
            continue;
        }
        if (*p < 0x20)
            fprintf(file, "\\u%04x", *p);
        else if (*p == '"' || *p == '\\')
            fprintf(file, "\\%c", *p);
        else
            fwrite(p, 1, (size_t)more + 1, file);
        p += more + 1;
    }
    putc('"', file);
}

/* A new line, and the key if there is one. */
static void put_key(json_out *out, const char *key)
{
    if (out->depth && !out->empty)
        putc(',', out->file);
    if (out->depth && !out->compact)
        fprintf(out->file, "\n%*s", 2 * out->depth, "");
    out->empty = 0;
    if (key) {
        put_string(out->file, key);
        fputs(": ", out->file);
    }
}

void json_begin(json_out *out, const char *key, char bracket)
{
    put_key(out, key);
    putc(bracket, out->file);
    out->depth++;
    out->empty = 1;
}

void json_end(json_out *out, char bracket)
{
    out->depth--;
    if (!out->empty && !out->compact)
        fprintf(out->file, "\n%*s", 2 * out->depth, "");
    putc(bracket, out->file);
    out->empty = 0;
    if (out->depth == 0)
        putc('\n', out->file);
}

void json_text(json_out *out, const char *key, const char *value)
{
    put_key(out, key);
    put_string(out->file, value);
}

void json_real(json_out *out, const char *key, double value)
{
    put_key(out, key);
    if (isfinite(value))
        fprintf(out->file, "%.9g", value);
    else
        fputs("null", out->file);
}

void json_whole(json_out *out, const char *key, long long value)
{
    put_key(out, key);
    fprintf(out->file, "%lld", value);
}

void json_bool(json_out *out, const char *key, int value)
{
    put_key(out, key);
    fputs(value ? "true" : "false", out->file);
}

int json_close(json_out *out)
{
    int good = fflush(out->file) == 0 && !ferror(out->file), why = errno;
    if (out->file == stdout) {
        errno = why;
        return good;
    }
    if (fclose(out->file) != 0 && good) {
        good = 0;
        why = errno;
    }
    if (good && out->path[0] && rename(out->temp, out->path) != 0) {
        good = 0;
        why = errno;
    }
    if (!good && out->path[0])
        unlink(out->temp);
    errno = why;
    return good;
}
