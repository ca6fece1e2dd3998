/* picture_png.c - PNG by libpng: every colour type and depth, interlaced or not. */
#include "vgg/picture.h"

#ifdef NONET_HAVE_PNG
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

typedef struct decoder {
    const uint8_t *at, *end;
    jmp_buf stop;
    char message[96];
} decoder;

static void stop_decoding(png_structp png, png_const_charp message)
{
    decoder *d = png_get_error_ptr(png);
    snprintf(d->message, sizeof(d->message), "%s", message);
    longjmp(d->stop, 1);
}

static void pass_over(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void give_bytes(png_structp png, png_bytep to, size_t size)
{
    decoder *d = png_get_io_ptr(png);
    if (size > (size_t)(d->end - d->at))
        png_error(png, "the file is cut short");
    memcpy(to, d->at, size);
    d->at += size;
}

/* Asks for 8-bit grey or RGB. 16-bit samples keep their upper byte. */
static void set_transforms(png_structp png, int depth, int type)
{
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY && depth < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (depth == 16)
        png_set_strip_16(png);
    png_set_strip_alpha(png);
}

static nonet_vgg_status decode(decoder *d, png_structp png, png_infop info, vgg_picture *picture, const char *name,
                               nonet_vgg_error *err)
{
    if (setjmp(d->stop))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: broken PNG: %s", name, d->message);
    png_set_read_fn(png, d, give_bytes);
    png_set_user_limits(png, 1 << 28, 1 << 28);
    png_read_info(png, info);
    int type = png_get_color_type(png, info), channels = type & PNG_COLOR_MASK_COLOR ? 3 : 1;
    set_transforms(png, png_get_bit_depth(png, info), type);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t stride = (size_t)png_get_image_width(png, info) * (size_t)channels;
    if (png_get_rowbytes(png, info) != stride)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: broken PNG: its colour type and palette do not agree", name);
    nonet_vgg_status status =
        vgg_picture_alloc(picture, name, png_get_image_width(png, info), png_get_image_height(png, info), channels, err);
    if (status != NONET_VGG_OK)
        return status;
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < picture->h; y++)
            png_read_row(png, picture->pixels + (size_t)y * stride, NULL);
    png_read_end(png, NULL);
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_read_png(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err)
{
    decoder d = {.at = bytes, .end = bytes + size};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, stop_decoding, pass_over);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    nonet_vgg_status status;
    if (info)
        status = decode(&d, png, info, picture, name, err);
    else
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the picture", name);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}

#else

nonet_vgg_status vgg_read_png(vgg_picture *picture, const char *name, const uint8_t *bytes, size_t size, nonet_vgg_error *err)
{
    (void)picture, (void)bytes, (void)size;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is a PNG picture, which this build cannot read (made without libpng)", name);
}

#endif
