/* markup.c - see markup.h. */
#include "bench/markup.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"

static int reserve(markup *m, size_t more)
{
    if (m->failed)
        return 0;
    if (m->length + more + 1 <= m->room)
        return 1;
    size_t room = 2 * m->room + more + 4096;
    char *grown = realloc(m->text, room);
    if (!grown) {
        m->failed = 1;
        return 0;
    }
    m->text = grown;
    m->room = room;
    return 1;
}

static void put_bytes(markup *m, const char *bytes, size_t length)
{
    if (!reserve(m, length))
        return;
    memcpy(m->text + m->length, bytes, length);
    m->length += length;
    m->text[m->length] = '\0';
}

static void put_list(markup *m, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        m->failed = 1;
    else if (reserve(m, (size_t)length)) {
        vsnprintf(m->text + m->length, (size_t)length + 1, format, again);
        m->length += (size_t)length;
    }
    va_end(again);
}

void markup_put(markup *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_list(m, format, args);
    va_end(args);
}

/* Bytes of the character at text; 0 if it is none that XML allows: U+FFFE and U+FFFF are none. */
static size_t character(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80)
        return p[0] >= 0x20 || p[0] == '\t' || p[0] == '\n';
    return p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe ? 0 : emit_utf8(text);
}

void markup_text(markup *m, const char *text)
{
    while (*text) {
        size_t length = character(text);
        const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" :
                             length == 0 ? "\xef\xbf\xbd" : NULL;
        if (entity)
            put_bytes(m, entity, strlen(entity));
        else
            put_bytes(m, text, length);
        text += length ? length : 1;
    }
}

void markup_textf(markup *m, const char *format, ...)
{
    markup plain = { 0 };
    va_list args;
    va_start(args, format);
    put_list(&plain, format, args);
    va_end(args);
    m->failed |= plain.failed;
    if (plain.text)
        markup_text(m, plain.text);
    markup_free(&plain);
}

void markup_base64(markup *m, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    reserve(m, (size + 2) / 3 * 4);
    for (size_t i = 0; i < size; i += 3) {
        unsigned long three = (unsigned long)bytes[i] << 16;
        three |= (i + 1 < size ? (unsigned long)bytes[i + 1] << 8 : 0) | (i + 2 < size ? bytes[i + 2] : 0UL);
        char four[4] = { digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63], digits[three & 63] };
        if (i + 1 >= size)
            four[2] = '=';
        if (i + 2 >= size)
            four[3] = '=';
        put_bytes(m, four, 4);
    }
}

nonet_vgg_status markup_write(const markup *m, const char *path, nonet_vgg_error *err)
{
    vgg_out out;
    if (m->failed || !m->text)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the text", path);
    if (!strcmp(path, "-")) {
        if (fwrite(m->text, 1, m->length, stdout) != m->length || fflush(stdout))
            return vgg_fail(err, NONET_VGG_IO, "cannot write to standard output");
        return NONET_VGG_OK;
    }
    nonet_vgg_status status = vgg_out_open(&out, path, err);
    if (status != NONET_VGG_OK)
        return status;
    return vgg_out_close(&out, vgg_out_write(&out, m->text, m->length, err), err);
}

void markup_free(markup *m)
{
    free(m->text);
    *m = (markup){ 0 };
}
