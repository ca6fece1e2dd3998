/* picture_encode.c - PNG files in memory, by the format alone: with zlib they are compressed, without it they are stored. */
#include <stdlib.h>
#include <string.h>
#include "vgg/picture.h"

#ifdef NONET_HAVE_ZLIB
#include <zlib.h>
#endif

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* A chunk whose data stand at `at + 8` already; returns what follows it. */
static uint8_t *close_chunk(uint8_t *at, const char *type, size_t size)
{
    put_u32(at, (uint32_t)size);
    memcpy(at + 4, type, 4);
    put_u32(at + 8 + size, crc_of(at + 4, size + 4));
    return at + 12 + size;
}

/* Each row as its differences from the pixel to the left, a byte that says so before it. */
static void filter_rows(const vgg_picture *p, uint8_t *to)
{
    size_t row = (size_t)p->w * (size_t)p->channels, step = (size_t)p->channels;
    for (int y = 0; y < p->h; y++) {
        const uint8_t *from = p->pixels + (size_t)y * row;
        *to++ = 1;
        for (size_t i = 0; i < row; i++)
            *to++ = (uint8_t)(from[i] - (i < step ? 0 : from[i - step]));
    }
}

#ifdef NONET_HAVE_ZLIB
static size_t most_packed(size_t size)
{
    return compressBound((uLong)size);
}

static size_t pack(uint8_t *to, const uint8_t *from, size_t size)
{
    uLongf length = (uLongf)most_packed(size);
    return compress2(to, &length, from, (uLong)size, 9) == Z_OK ? length : 0;
}
#else
enum { BLOCK = 65535 };         /* the longest stored block */

static size_t most_packed(size_t size)
{
    return size + 5 * (size / BLOCK + 1) + 6;
}

static uint32_t adler_of(const uint8_t *bytes, size_t size)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static size_t pack(uint8_t *to, const uint8_t *from, size_t size)
{
    uint8_t *at = to;
    *at++ = 0x78;
    *at++ = 0x01;
    for (size_t done = 0; done < size;) {
        size_t part = size - done < BLOCK ? size - done : BLOCK;
        *at++ = done + part == size;
        *at++ = (uint8_t)part;
        *at++ = (uint8_t)(part >> 8);
        *at++ = (uint8_t)~part;
        *at++ = (uint8_t)(~part >> 8);
        memcpy(at, from + done, part);
        at += part;
        done += part;
    }
    put_u32(at, adler_of(from, size));
    return (size_t)(at + 4 - to);
}
#endif

static void put_header(uint8_t *at, const vgg_picture *p)
{
    put_u32(at, (uint32_t)p->w);
    put_u32(at + 4, (uint32_t)p->h);
    at[8] = 8;                                  /* bits */
    at[9] = p->channels == 3 ? 2 : 0;           /* RGB or grey */
    at[10] = at[11] = at[12] = 0;               /* deflate, the usual filters, not interlaced */
}

nonet_vgg_status vgg_picture_encode(const vgg_picture *p, uint8_t **bytes, size_t *size, nonet_vgg_error *err)
{
    enum { SIGNATURE = 8, HEADER = 13, AROUND = 12 };
    size_t raw = (size_t)p->h * (1 + (size_t)p->w * (size_t)p->channels);
    uint8_t *rows = malloc(raw), *file = malloc(SIGNATURE + HEADER + 3 * AROUND + most_packed(raw)), *at = file;
    *bytes = NULL;
    *size = 0;
    if (rows && file) {
        filter_rows(p, rows);
        memcpy(at, "\x89PNG\r\n\x1a\n", SIGNATURE);
        put_header(at + SIGNATURE + 8, p);
        at = close_chunk(at + SIGNATURE, "IHDR", HEADER);
        size_t packed = pack(at + 8, rows, raw);
        at = close_chunk(at, "IDAT", packed);
        at = close_chunk(at, "IEND", 0);
        if (packed)
            *bytes = file;
        *size = (size_t)(at - file);
    }
    free(rows);
    if (*bytes)
        return NONET_VGG_OK;
    free(file);
    return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to encode a picture of %d x %d", p->w, p->h);
}
