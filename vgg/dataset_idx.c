/* dataset_idx.c - IDX files of bytes, plain or gzipped: two zeros, type 8, number of dimensions, big-endian sizes, the data. */
#include <stdlib.h>
#include <string.h>
#ifdef NONET_HAVE_ZLIB
#include <zlib.h>
#endif
#include "vgg/dataset.h"
#include "vgg/file.h"

static const size_t largest_file = (size_t)1 << 32;
enum { TYPE_BYTE = 8, MOST_DIMS = 4, LONGEST_SIDE = 1 << 14 };

typedef struct idx {
    uint8_t *bytes;             /* the file, unpacked */
    size_t size;
    int ndim;
    uint32_t dim[MOST_DIMS];    /* missing ones are 1 */
    const uint8_t *data;
} idx;

/* ---- gzip ---- */

#ifdef NONET_HAVE_ZLIB
/* Inflates one gzip member after another; *to has *room bytes, of which *have are taken. Returns zlib's last word. */
static int inflate_all(z_stream *z, uint8_t **to, size_t *room, size_t *have)
{
    for (;;) {
        if (*have == *room) {
            uint8_t *more = *room < largest_file ? realloc(*to, 2 * *room) : NULL;
            if (!more)
                return Z_MEM_ERROR;
            *to = more;
            *room *= 2;
        }
        size_t space = *room - *have < (1u << 30) ? *room - *have : 1u << 30;
        z->next_out = *to + *have;
        z->avail_out = (uInt)space;
        int word = inflate(z, Z_NO_FLUSH);
        *have += space - z->avail_out;
        if (word == Z_STREAM_END && z->avail_in > 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b)
            word = inflateReset(z);
        if (word != Z_OK)
            return word;
    }
}

static nonet_vgg_status unpack(const char *path, uint8_t **bytes, size_t *size, nonet_vgg_error *err)
{
    z_stream z = {.next_in = *bytes, .avail_in = (uInt)*size};
    size_t room = 65536, have = 0;
    uint8_t *to = malloc(room);
    if (!to || *size > UINT32_MAX || inflateInit2(&z, 15 + 16) != Z_OK) {
        free(to);
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory to unpack it", path);
    }
    int word = inflate_all(&z, &to, &room, &have);
    inflateEnd(&z);
    if (word != Z_STREAM_END) {
        free(to);
        return vgg_fail(err, word == Z_MEM_ERROR ? NONET_VGG_NO_MEMORY : NONET_VGG_BAD_FILE, "%s: %s", path,
                        word == Z_MEM_ERROR ? "no memory to unpack it" : word == Z_BUF_ERROR ? "the gzip file is cut short"
                        : "the gzip file is damaged");
    }
    free(*bytes);
    *bytes = to;
    *size = have;
    return NONET_VGG_OK;
}
#else
static nonet_vgg_status unpack(const char *path, uint8_t **bytes, size_t *size, nonet_vgg_error *err)
{
    (void)bytes;
    (void)size;
    return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is gzipped, and this build is without zlib; unpack it first", path);
}
#endif

/* ---- IDX ---- */

static nonet_vgg_status parse(idx *file, const char *path, nonet_vgg_error *err)
{
    const uint8_t *b = file->bytes;
    if (file->size < 4 || b[0] || b[1])
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is neither a folder nor an IDX file", path);
    file->ndim = b[3];
    if (b[2] != TYPE_BYTE || file->ndim < 1 || file->ndim > MOST_DIMS)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: an IDX file of type 0x%02x with %d dimensions; bytes with 1 to %d are "
                        "read", path, b[2], file->ndim, MOST_DIMS);
    size_t head = 4 + 4 * (size_t)file->ndim, need = 1;
    if (file->size < head)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the IDX file is cut short", path);
    for (int i = 0; i < MOST_DIMS; i++) {
        const uint8_t *d = b + 4 + 4 * i;
        file->dim[i] = i < file->ndim ? (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3] : 1;
        if (file->dim[i] == 0 || file->dim[i] > largest_file / need)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the IDX file has a size of 0, or is too large", path);
        need *= file->dim[i];
    }
    if (file->size - head != need)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the IDX file has %zu bytes of data, its sizes ask for %zu", path,
                        file->size - head, need);
    file->data = b + head;
    return NONET_VGG_OK;
}

static nonet_vgg_status idx_read(idx *file, const char *path, nonet_vgg_error *err)
{
    *file = (idx){0};
    nonet_vgg_status status = vgg_file_read(path, largest_file, &file->bytes, &file->size, err);
    if (status == NONET_VGG_OK && file->size >= 2 && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b)
        status = unpack(path, &file->bytes, &file->size, err);
    if (status == NONET_VGG_OK)
        status = parse(file, path, err);
    if (status != NONET_VGG_OK) {
        free(file->bytes);
        file->bytes = NULL;
    }
    return status;
}

/* t10k-images-idx3-ubyte.gz has its labels in t10k-labels-idx1-ubyte.gz. NULL if the name is not of that kind. */
static char *labels_beside(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *word = strstr(base, "images");
    char *name = word ? strdup(path) : NULL;
    if (!name)
        return NULL;
    memcpy(name + (word - path), "labels", 6);
    char *dims = strstr(name + (word - path), "idx3");
    if (dims)
        dims[3] = '1';
    return name;
}

static nonet_vgg_status take_labels(vgg_dataset *set, const idx *pictures, const idx *labels, const char *path,
                                    const vgg_classes *classes, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    if (labels->ndim != 1 || labels->dim[0] != pictures->dim[0])
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has %u labels in %d dimensions for %u pictures", path, labels->dim[0],
                        labels->ndim, pictures->dim[0]);
    for (uint32_t i = 0; status == NONET_VGG_OK && i < labels->dim[0]; i++)
        status = labels->data[i] < classes->count ? vgg_dataset_add(set, NULL, labels->data[i], err)
                 : vgg_fail(err, NONET_VGG_BAD_FILE, "%s: label %d of picture %u is not a class of the network's %d", path,
                            labels->data[i], i, classes->count);
    return status;
}

static nonet_vgg_status take_pixels(vgg_dataset *set, idx *pictures, const char *path, nonet_vgg_error *err)
{
    uint32_t channels = pictures->ndim == 4 ? pictures->dim[3] : 1;
    if (pictures->ndim < 3 || pictures->dim[1] > LONGEST_SIDE || pictures->dim[2] > LONGEST_SIDE ||
        (channels != 1 && channels != 3))
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is not an IDX file of grey or RGB pictures", path);
    set->h = (int)pictures->dim[1];
    set->w = (int)pictures->dim[2];
    set->channels = (int)channels;
    size_t size = pictures->size - (size_t)(pictures->data - pictures->bytes);
    memmove(pictures->bytes, pictures->data, size);
    set->pixels = pictures->bytes;
    pictures->bytes = NULL;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_dataset_idx(vgg_dataset *set, const char *path, const char *labels, const vgg_classes *classes,
                                 nonet_vgg_error *err)
{
    idx pictures, numbers = {0};
    char *beside = NULL;
    nonet_vgg_status status = idx_read(&pictures, path, err);
    if (status != NONET_VGG_OK)
        return status;
    if (!labels)
        labels = beside = labels_beside(path);
    status = labels ? idx_read(&numbers, labels, err)
             : vgg_fail(err, NONET_VGG_USAGE, "%s: where are the labels of this IDX file? Name theirs with --list", path);
    if (status == NONET_VGG_OK)
        status = take_labels(set, &pictures, &numbers, labels, classes, err);
    if (status == NONET_VGG_OK)
        status = take_pixels(set, &pictures, path, err);
    free(pictures.bytes);
    free(numbers.bytes);
    free(beside);
    return status;
}
