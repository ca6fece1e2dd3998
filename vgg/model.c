/* model.c - what every reader needs of a model: messages, the mapped file, the growing list of layers, memory it owns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vgg/model.h"

/* Names in a message come from files that anybody may have written: no control characters reach the terminal. */
static void make_printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

void vgg_shorten(char *to, size_t room, const char *text)
{
    size_t length = strlen(text);
    const char *at = length < room ? text : text + length - (room - 4);
    while (at > text && (*at & 0xc0) == 0x80)   /* not the middle of a character */
        at++;
    snprintf(to, room, "%s%s", at > text ? "..." : "", at);
}

/* Messages begin with a path, which may be longer than the room that there is, and end in the fault. */
nonet_vgg_status vgg_fail(nonet_vgg_error *err, nonet_vgg_status status, const char *format, ...)
{
    char *whole = NULL;
    va_list args, again;
    if (!err)
        return status;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    if (length >= (int)sizeof err->text && vasprintf(&whole, format, again) >= 0) {
        vgg_shorten(err->text, sizeof err->text, whole);
        free(whole);
    }
    va_end(again);
    va_end(args);
    make_printable(err->text);
    return status;
}

static nonet_vgg_status map_descriptor(vgg_model *model, int fd, nonet_vgg_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return vgg_fail(err, NONET_VGG_IO, "%s: %s", model->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return vgg_fail(err, NONET_VGG_IO, "%s: not a regular file", model->path);
    if (st.st_size == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the file is empty", model->path);
    if ((uint64_t)st.st_size > PTRDIFF_MAX)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: the file is too large to be mapped", model->path);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot map the file: %s", model->path, strerror(errno));
    model->map = map;
    model->map_size = (size_t)st.st_size;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_model_map(vgg_model *model, const char *path, nonet_vgg_error *err)
{
    vgg_shorten(model->path, sizeof model->path, path);
    /* O_NONBLOCK: opening a named pipe must not wait for a writer; it has no effect on regular files. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return vgg_fail(err, NONET_VGG_IO, "%s: %s", model->path, strerror(errno));
    nonet_vgg_status status = map_descriptor(model, fd, err);
    close(fd);
    return status;
}

/* Arrays here have no capacity field: they grow when their count reaches 8, 16, 32, ... */
static void *grow(void *array, int count, size_t item)
{
    int full = count == 0 || (count >= 8 && (count & (count - 1)) == 0);
    if (!full)
        return array;
    if (count > (1 << 28))
        return NULL;
    return realloc(array, (count ? 2 * (size_t)count : 8) * item);
}

vgg_layer *vgg_model_add(vgg_model *model, vgg_layer_type type, const char *name)
{
    vgg_layer *layers = grow(model->layers, model->count, sizeof *layers);
    if (!layers)
        return NULL;
    model->layers = layers;
    vgg_layer *l = &layers[model->count++];
    memset(l, 0, sizeof *l);
    l->type = type;
    snprintf(l->name, sizeof l->name, "%s", name);
    return l;
}

void *vgg_model_alloc(vgg_model *model, size_t bytes)
{
    void **owned = grow(model->owned, model->owned_count, sizeof *owned);
    if (!owned)
        return NULL;
    model->owned = owned;
    void *block = malloc(bytes ? bytes : 1);
    if (block)
        owned[model->owned_count++] = block;
    return block;
}

void vgg_model_clear(vgg_model *model)
{
    for (int i = 0; i < model->owned_count; i++)
        free(model->owned[i]);
    free(model->owned);
    for (int i = 0; i < model->nlabels; i++)
        free(model->labels[i]);
    free(model->labels);
    free(model->layers);
    if (model->map)
        munmap(model->map, model->map_size);
    memset(model, 0, sizeof *model);
}
