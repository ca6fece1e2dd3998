/* picture_jpeg.c - JPEG by libjpeg (baseline, progressive, arithmetic; grey, RGB, YCbCr, CMYK, YCCK). */
#include "vgg/picture.h"

#ifdef NONET_HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf stop;
    char message[JMSG_LENGTH_MAX];
    uint8_t *line;              /* one row of CMYK */
} decoder;

static void stop_decoding(j_common_ptr common)
{
    decoder *d = common->client_data;
    common->err->format_message(common, d->message);
    longjmp(d->stop, 1);
}

/* The library goes on with invented pixels when data is missing or broken; here that is a fault. Notes and oddities that
 * leave the pixels alone are passed over. */
static void hear_message(j_common_ptr common, int level)
{
    int code = common->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
                      code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC))
        stop_decoding(common);
}

/* Inks multiply. Adobe's files hold them inverted (255 is no ink), others straight. */
static void cmyk_to_rgb(const uint8_t *from, uint8_t *to, unsigned width, int inverted)
{
    uint8_t flip = inverted ? 0 : 255;
    for (unsigned x = 0; x < width; x++, from += 4, to += 3)
        for (int i = 0; i < 3; i++) {
            unsigned v = (unsigned)(from[i] ^ flip) * (unsigned)(from[3] ^ flip);
            to[i] = (uint8_t)((v + 127) / 255);
        }
}

static void read_rows(decoder *d, vgg_picture *picture)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    size_t stride = (size_t)picture->w * (size_t)picture->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *row = picture->pixels + jpeg->output_scanline * stride, *into = d->line ? d->line : row;
        jpeg_read_scanlines(jpeg, &into, 1);
        if (d->line)
            cmyk_to_rgb(d->line, row, jpeg->output_width, jpeg->saw_Adobe_marker);
    }
}

static nonet_vgg_status decode(decoder *d, vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size,
                               nonet_vgg_error *err)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (setjmp(d->stop))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: broken JPEG: %s", name, d->message);
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, bytes, size);
    jpeg_read_header(jpeg, TRUE);
    int cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    int grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    jpeg->out_color_space = grey ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    nonet_vgg_status status =
        vgg_picture_alloc(picture, name, jpeg->image_width, jpeg->image_height, grey ? 1 : 3, err);
    if (status != NONET_VGG_OK)
        return status;
    if (cmyk && !(d->line = malloc((size_t)jpeg->image_width * 4)))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the picture", name);
    jpeg_start_decompress(jpeg);
    read_rows(d, picture);
    jpeg_finish_decompress(jpeg);
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_read_jpeg(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err)
{
    decoder *d = calloc(1, sizeof(*d));
    if (!d)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the picture", name);
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = stop_decoding;
    d->errors.emit_message = hear_message;
    d->jpeg.client_data = d;
    nonet_vgg_status status = decode(d, picture, name, bytes, size, err);
    jpeg_destroy_decompress(&d->jpeg);
    free(d->line);
    free(d);
    return status;
}

#else

nonet_vgg_status vgg_read_jpeg(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err)
{
    (void)picture, (void)bytes, (void)size;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is a JPEG picture, which this build cannot read (made without libjpeg)",
                    name);
}

#endif
