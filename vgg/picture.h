/* picture.h - 8-bit RGB or grey pictures from JPEG, PNG, PPM and PGM files, told apart by their first bytes. */
#ifndef NONET_VGG_PICTURE_H
#define NONET_VGG_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include "vgg/model.h"

/* The largest picture that is taken, in pixels. */
#define VGG_PICTURE_PIXELS ((uint64_t)1 << 28)

typedef struct vgg_picture {
    int w, h;
    int channels;               /* 1 grey, 3 RGB */
    uint8_t *pixels;            /* [h][w][channels] from malloc */
} vgg_picture;

/* Reads a picture. Grey files stay grey, palettes become RGB, alpha is dropped, 16 bits become 8, CMYK becomes RGB; an
 * orientation noted in EXIF data and gamma are not applied (neither were they when the networks were trained).
 * On failure the picture is empty. */
nonet_vgg_status vgg_picture_open(vgg_picture *picture, const char *path, nonet_vgg_error *err);
/* The same from memory; name is for messages. */
nonet_vgg_status vgg_picture_decode(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size,
                                    nonet_vgg_error *err);
/* What has gone wrong with a picture after it was read: puts its name before the sentence, unless all is well. Returns status. */
nonet_vgg_status vgg_picture_blame(nonet_vgg_status status, const char *path, nonet_vgg_error *err);
/* Converts to 1 or 3 channels: luma of ITU-R 601, or the grey value three times. */
nonet_vgg_status vgg_picture_convert(vgg_picture *picture, int channels, nonet_vgg_error *err);
void vgg_picture_clear(vgg_picture *picture);
/* The picture as a PNG file in memory (free it); compressed if the build has zlib. */
nonet_vgg_status vgg_picture_encode(const vgg_picture *picture, uint8_t **bytes, size_t *size, nonet_vgg_error *err);

/* For the decoders below: checks the size and allocates. */
nonet_vgg_status vgg_picture_alloc(vgg_picture *picture, const char *name, uint64_t w, uint64_t h, int channels,
                                   nonet_vgg_error *err);
/* One decoder a format; what is left in the picture after a failure is cleared by vgg_picture_decode. */
nonet_vgg_status vgg_read_pnm(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err);
nonet_vgg_status vgg_read_jpeg(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err);
nonet_vgg_status vgg_read_png(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err);

#endif
