/* picture.c - see picture.h. */
#include "vgg/picture.h"

#include <stdlib.h>
#include <string.h>
#include "vgg/file.h"

/* No picture file that is worth reading is larger: 2^28 pixels of 16-bit RGB take 1.5 GiB raw, less in every real file. */
static const size_t largest_file = (size_t)1 << 30;

void vgg_picture_clear(vgg_picture *picture)
{
    free(picture->pixels);
    *picture = (vgg_picture){0};
}

nonet_vgg_status vgg_picture_alloc(vgg_picture *picture, const char *name, uint64_t w, uint64_t h, int channels,
                                   nonet_vgg_error *err)
{
    if (w == 0 || h == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the picture has no pixels", name);
    if (w > VGG_PICTURE_PIXELS || h > VGG_PICTURE_PIXELS || w * h > VGG_PICTURE_PIXELS)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the picture is larger than 2^28 pixels", name);
    picture->pixels = malloc((size_t)(w * h) * (size_t)channels);
    if (!picture->pixels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the picture", name);
    picture->w = (int)w;
    picture->h = (int)h;
    picture->channels = channels;
    return NONET_VGG_OK;
}

static int starts(const uint8_t *bytes, size_t size, const char *magic, size_t length)
{
    return size >= length && memcmp(bytes, magic, length) == 0;
}

nonet_vgg_status vgg_picture_decode(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size,
                                    nonet_vgg_error *err)
{
    nonet_vgg_status status;
    *picture = (vgg_picture){0};
    if (starts(bytes, size, "\xff\xd8\xff", 3))
        status = vgg_read_jpeg(picture, name, bytes, size, err);
    else if (starts(bytes, size, "\x89PNG\r\n\x1a\n", 8))
        status = vgg_read_png(picture, name, bytes, size, err);
    else if (size >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7')
        status = vgg_read_pnm(picture, name, bytes, size, err);
    else
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is not a JPEG, PNG, PPM or PGM picture", name);
    if (status != NONET_VGG_OK)
        vgg_picture_clear(picture);
    return status;
}

nonet_vgg_status vgg_picture_open(vgg_picture *picture, const char *path, nonet_vgg_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    *picture = (vgg_picture){0};
    nonet_vgg_status status = vgg_file_read(path, largest_file, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    status = vgg_picture_decode(picture, path, bytes, size, err);
    free(bytes);
    return status;
}

nonet_vgg_status vgg_picture_blame(nonet_vgg_status status, const char *path, nonet_vgg_error *err)
{
    if (status == NONET_VGG_OK || !err)
        return status;
    const nonet_vgg_error said = *err;
    return vgg_fail(err, status, "%s: %s", path, said.text);
}

/* Weights of ITU-R 601 in 16-bit fixed point; they add up to 65536. */
static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

nonet_vgg_status vgg_picture_convert(vgg_picture *picture, int channels, nonet_vgg_error *err)
{
    size_t pixels = (size_t)picture->w * (size_t)picture->h;
    if (picture->channels == channels)
        return NONET_VGG_OK;
    if (channels != 1 && channels != 3)
        return vgg_fail(err, NONET_VGG_USAGE, "a picture cannot have %d channels", channels);
    uint8_t *to = malloc(pixels * (size_t)channels);
    if (!to)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory to convert a picture");
    for (size_t i = 0; i < pixels; i++)
        if (channels == 1)
            to[i] = luma(picture->pixels + 3 * i);
        else
            memset(to + 3 * i, picture->pixels[i], 3);
    free(picture->pixels);
    picture->pixels = to;
    picture->channels = channels;
    return NONET_VGG_OK;
}
