/* file.h - small files read whole, and files that appear whole or not at all. */
#ifndef NONET_VGG_FILE_H
#define NONET_VGG_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "vgg/model.h"

/* Reads a file of at most `limit` bytes into memory that the caller frees; a zero byte follows the last one (not counted). */
nonet_vgg_status vgg_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size, nonet_vgg_error *err);

/* A file in the making: it is written beside its target and takes the target's name at the end. What is not a regular file
 * (a pipe, /dev/null) is written straight. */
typedef struct vgg_out {
    char *path;                 /* the target, links followed */
    char *temp;                 /* NULL when written straight */
    int fd;
} vgg_out;
/* 1 if a file of this name could be written: its folder is there and may be written to. For asking before a long run. errno
 * tells why not, as it does after the other functions. */
int vgg_out_possible(const char *path);
nonet_vgg_status vgg_out_open(vgg_out *out, const char *path, nonet_vgg_error *err);
nonet_vgg_status vgg_out_write(vgg_out *out, const void *bytes, size_t size, nonet_vgg_error *err);
/* status: what the writing came to. NONET_VGG_OK syncs and renames; anything else removes the temporary file and is returned.
 * Call it once after every vgg_out_open that succeeded. */
nonet_vgg_status vgg_out_close(vgg_out *out, nonet_vgg_status status, nonet_vgg_error *err);
/* Removes the temporary files of this process. A signal handler may call it, if the process ends then. */
void vgg_out_abandon(void);

#endif
