/* emit.c - files by stdio that appear whole, and a small JSON writer. */
#include "bench/emit.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

int emit_possible(const char *path)
{
    return strcmp(path, "-") == 0 || vgg_out_possible(path);
}

/* The stream has a descriptor of its own: it is closed, and so written out, before the file gets its name. */
static int open_stream(json_out *out)
{
    int fd = fcntl(out->to.fd, F_DUPFD_CLOEXEC, 0), why = errno;
    out->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (out->file)
        return 1;
    if (fd >= 0) {
        why = errno;
        close(fd);
    }
    vgg_out_close(&out->to, NONET_VGG_IO, NULL);
    errno = why;
    return 0;
}

int emit_open(json_out *out, const char *path)
{
    *out = (json_out){ .empty = 1 };
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return 1;
    }
    return vgg_out_open(&out->to, path, NULL) == NONET_VGG_OK && open_stream(out);
}

int emit_close(json_out *out)
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
    nonet_vgg_status status = vgg_out_close(&out->to, good ? NONET_VGG_OK : NONET_VGG_IO, NULL);
    if (!good)
        errno = why;
    return status == NONET_VGG_OK;
}

size_t emit_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t more = p[0] >= 0xf0 && p[0] < 0xf5 ? 3 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 : p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : 0;
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 1; i <= more; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return more ? more + 1 : 0;
}

static void put_string(FILE *file, const char *text)
{
    putc('"', file);
    while (*text) {
        size_t length = emit_utf8(text);
        unsigned char c = (unsigned char)*text;
        if (length == 0)
            fputs("\\ufffd", file);
        else if (c < 0x20)
            fprintf(file, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else
            fwrite(text, 1, length, file);
        text += length ? length : 1;
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
