/* picture_pnm.c - PGM and PPM, plain (P2, P3) and raw (P5, P6), 8 or 16 bits a sample. */
#include <string.h>
#include "vgg/picture.h"

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Skips white space and comments, which run from # to the end of their line. */
static void skip_space(cursor *in)
{
    while (in->at < in->end && (is_space(*in->at) || *in->at == '#')) {
        if (*in->at++ != '#')
            continue;
        while (in->at < in->end && *in->at != '\n' && *in->at != '\r')
            in->at++;
    }
}

/* A decimal number of at most `max`; 0 if there is none. */
static int read_number(cursor *in, uint32_t max, uint32_t *value)
{
    uint64_t v = 0;
    skip_space(in);
    if (in->at == in->end || *in->at < '0' || *in->at > '9')
        return 0;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        v = v * 10 + (uint64_t)(*in->at++ - '0');
        if (v > max)
            return 0;
    }
    *value = (uint32_t)v;
    return 1;
}

/* 0..maxval to 0..255, to the nearest. */
static uint8_t scale(uint32_t v, uint32_t maxval)
{
    return (uint8_t)((v * 255u + maxval / 2) / maxval);
}

static nonet_vgg_status read_plain(vgg_picture *picture, const char *name, cursor *in, uint32_t maxval, nonet_vgg_error *err)
{
    size_t samples = (size_t)picture->w * (size_t)picture->h * (size_t)picture->channels;
    for (size_t i = 0; i < samples; i++) {
        uint32_t v;
        if (!read_number(in, maxval, &v))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: sample %zu of %zu is missing or not a number from 0 to %u", name,
                            i + 1, samples, maxval);
        picture->pixels[i] = scale(v, maxval);
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status read_raw(vgg_picture *picture, const char *name, cursor *in, uint32_t maxval, nonet_vgg_error *err)
{
    size_t samples = (size_t)picture->w * (size_t)picture->h * (size_t)picture->channels;
    size_t bytes = maxval > 255 ? 2 : 1;
    for (size_t i = 0; i < samples; i++) {
        uint32_t v = bytes == 2 ? (uint32_t)in->at[2 * i] << 8 | in->at[2 * i + 1] : in->at[i];
        if (v > maxval)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: sample %zu is %u, above the file's own maximum %u", name, i + 1, v,
                            maxval);
        picture->pixels[i] = scale(v, maxval);
    }
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_read_pnm(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err)
{
    cursor in = {bytes + 2, bytes + size};
    int type = bytes[1] - '0', plain = type <= 3, channels = type == 3 || type == 6 ? 3 : 1;
    uint32_t w, h, maxval;
    if (type != 2 && type != 3 && type != 5 && type != 6)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is a P%d file; of this family PGM (P2, P5) and PPM (P3, P6) are read",
                        name, type);
    if (!read_number(&in, 1u << 28, &w) || !read_number(&in, 1u << 28, &h) || !read_number(&in, 65535, &maxval) || maxval == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the head must hold width, height and a maximum from 1 to 65535", name);
    if (in.at == in.end || !is_space(*in.at))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: no pixels follow the head", name);
    in.at++;                    /* exactly one byte: what follows in a raw file is data, even if it looks like a space */
    uint64_t need = (uint64_t)w * h * (uint64_t)channels * (plain || maxval > 255 ? 2 : 1);
    uint64_t have = (uint64_t)(in.end - in.at) + (plain ? 1 : 0);   /* a plain sample is a digit and a space, but for the last */
    if (need > have)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is cut short: %ux%u pixels do not fit into what is left of the file", name,
                        w, h);
    nonet_vgg_status status = vgg_picture_alloc(picture, name, w, h, channels, err);
    if (status != NONET_VGG_OK)
        return status;
    return plain ? read_plain(picture, name, &in, maxval, err) : read_raw(picture, name, &in, maxval, err);
}
