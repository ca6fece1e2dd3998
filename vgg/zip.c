/* zip.c - the directory of a zip archive in memory, with the 64-bit records that archives beyond 4 GB have. */
#include <string.h>
#ifdef NONET_HAVE_LIBZIP
#include <zip.h>
#endif

#include "vgg/zip.h"

enum {
    END_SIZE = 22, END64_SIZE = 56, LOCATOR_SIZE = 20, CENTRAL_SIZE = 46, LOCAL_SIZE = 30,
    COMMENT_MAX = 65535, MEMBERS_MAX = 10000
};

static uint64_t number(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static nonet_vgg_status bad_zip(const vgg_model *model, const char *fault, nonet_vgg_error *err)
{
    return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: the zip archive %s", model->path, fault);
}

/* The record at the end of the file; a comment of up to 65535 bytes may follow it. */
static const unsigned char *find_end(const unsigned char *file, size_t size)
{
    for (size_t comment = 0; comment <= COMMENT_MAX && comment + END_SIZE <= size; comment++) {
        const unsigned char *at = file + (size - END_SIZE - comment);
        if (memcmp(at, "PK\5\6", 4) == 0 && number(at + 20, 2) == comment)
            return at;
    }
    return NULL;
}

/* Entries, size and offset of the directory, from the 64-bit record where the short one is full of ones. */
static int read_end(const unsigned char *file, const unsigned char *end, uint64_t *entries, uint64_t *size, uint64_t *offset)
{
    *entries = number(end + 10, 2);
    *size = number(end + 12, 4);
    *offset = number(end + 16, 4);
    if (*entries != 0xffff && *size != 0xffffffff && *offset != 0xffffffff)
        return 1;
    if (end - file < LOCATOR_SIZE || memcmp(end - LOCATOR_SIZE, "PK\6\7", 4) != 0)
        return 0;
    uint64_t at = number(end - LOCATOR_SIZE + 8, 8), limit = (uint64_t)(end - file) - LOCATOR_SIZE;
    if (limit < END64_SIZE || at > limit - END64_SIZE || memcmp(file + at, "PK\6\6", 4) != 0)
        return 0;
    *entries = number(file + at + 32, 8);
    *size = number(file + at + 40, 8);
    *offset = number(file + at + 48, 8);
    return 1;
}

/* Sizes and offset that do not fit into 32 bits stand in an extra field of id 1, in this order, each only where it is needed. */
static int read_extra64(const unsigned char *extra, size_t length, vgg_zip_member *m)
{
    uint64_t *const wide[] = {&m->size, &m->packed, &m->header};
    while (length >= 4) {
        size_t id = number(extra, 2), bytes = number(extra + 2, 2);
        if (bytes > length - 4)
            return 0;
        extra += 4;
        length -= 4 + bytes;
        for (size_t i = 0; id == 1 && i < 3; i++) {
            if (*wide[i] != 0xffffffff)
                continue;
            if (bytes < 8)
                return 0;
            *wide[i] = number(extra, 8);
            extra += 8;
            bytes -= 8;
        }
        extra += bytes;
    }
    return m->size != 0xffffffff && m->packed != 0xffffffff && m->header != 0xffffffff;
}

/* One record of the directory; returns the next one, or NULL when it is broken. */
static const unsigned char *read_central(const unsigned char *at, const unsigned char *end, vgg_zip_member *m)
{
    if (end - at < CENTRAL_SIZE || memcmp(at, "PK\1\2", 4) != 0)
        return NULL;
    size_t name = number(at + 28, 2), extra = number(at + 30, 2), comment = number(at + 32, 2);
    if (name + extra + comment > (size_t)(end - at) - CENTRAL_SIZE)
        return NULL;
    *m = (vgg_zip_member){
        .name = (const char *)at + CENTRAL_SIZE, .name_length = name, .flags = (unsigned)number(at + 8, 2),
        .method = (unsigned)number(at + 10, 2), .packed = number(at + 20, 4), .size = number(at + 24, 4),
        .header = number(at + 42, 4),
    };
    int wide = m->packed == 0xffffffff || m->size == 0xffffffff || m->header == 0xffffffff;
    if (wide && !read_extra64(at + CENTRAL_SIZE + name, extra, m))
        return NULL;
    return at + CENTRAL_SIZE + name + extra + comment;
}

nonet_vgg_status vgg_zip_open(vgg_zip *zip, vgg_model *model, nonet_vgg_error *err)
{
    const unsigned char *file = model->map, *end = find_end(file, model->map_size);
    uint64_t entries, size, offset;
    if (!end)
        return bad_zip(model, "has no directory at its end; the file may have been cut off", err);
    if (!read_end(file, end, &entries, &size, &offset))
        return bad_zip(model, "has a broken 64-bit directory", err);
    if (offset > (uint64_t)(end - file) || size > (uint64_t)(end - file) - offset)
        return bad_zip(model, "has a directory that lies outside the file", err);
    if (entries > MEMBERS_MAX)
        return bad_zip(model, "has more than 10000 members", err);
    *zip = (vgg_zip){.model = model, .directory = file + offset, .end = file + offset + size};
    const unsigned char *at = zip->directory;
    vgg_zip_member m;
    for (uint64_t i = 0; i < entries; i++)
        if (!(at = read_central(at, zip->end, &m)))
            return bad_zip(model, "has a broken directory", err);
    zip->end = at;
    zip->next = zip->directory;
    return NONET_VGG_OK;
}

int vgg_zip_next(vgg_zip *zip, vgg_zip_member *member)
{
    if (zip->next == zip->end)
        return 0;
    zip->next = read_central(zip->next, zip->end, member);
    return 1;
}

int vgg_zip_find(vgg_zip *zip, const char *name, vgg_zip_member *member)
{
    size_t length = strlen(name);
    zip->next = zip->directory;
    while (vgg_zip_next(zip, member))
        if (member->name_length == length && memcmp(member->name, name, length) == 0)
            return 1;
    return 0;
}

static nonet_vgg_status bad_member(const vgg_zip *zip, const vgg_zip_member *m, nonet_vgg_status status, const char *fault,
                                   nonet_vgg_error *err)
{
    return vgg_fail(err, status, "%s: the archive's member '%.*s' %s", zip->model->path,
                    (int)(m->name_length < 100 ? m->name_length : 100), m->name, fault);
}

/* The local header before the data has lengths of its own (torch.save pads there, so that data starts at a multiple of 64). */
static nonet_vgg_status stored_data(const vgg_zip *zip, const vgg_zip_member *m, const void **data, nonet_vgg_error *err)
{
    const unsigned char *file = zip->model->map;
    uint64_t limit = zip->model->map_size;
    if (m->header > limit || limit - m->header < LOCAL_SIZE || memcmp(file + m->header, "PK\3\4", 4) != 0)
        return bad_member(zip, m, NONET_VGG_BAD_FILE, "is not where the directory says", err);
    uint64_t start = m->header + LOCAL_SIZE + number(file + m->header + 26, 2) + number(file + m->header + 28, 2);
    if (start > limit || m->size > limit - start || m->packed != m->size)
        return bad_member(zip, m, NONET_VGG_BAD_FILE, "reaches beyond the end of the file", err);
    *data = file + start;
    return NONET_VGG_OK;
}

#ifdef NONET_HAVE_LIBZIP

/* What unpacking may come to: a small archive can claim any size, the largest VGG has 575 MB. */
static const uint64_t unpacked_max = (uint64_t)2 << 30;

static int unpack(const vgg_zip *zip, const char *name, void *to, uint64_t size)
{
    zip_error_t fault;
    zip_error_init(&fault);
    zip_source_t *source = zip_source_buffer_create(zip->model->map, zip->model->map_size, 0, &fault);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, &fault) : NULL;
    zip_error_fini(&fault);
    if (!archive) {
        zip_source_free(source);
        return 0;
    }
    zip_file_t *file = zip_fopen(archive, name, ZIP_FL_ENC_RAW);
    char *at = to;
    zip_int64_t got = file ? 1 : -1;
    while (got > 0 && size > 0) {
        got = zip_fread(file, at, size < 1 << 24 ? size : 1 << 24);
        if (got > 0) {
            at += got;
            size -= (uint64_t)got;
        }
    }
    char beyond;        /* reading on to the end is what checks the sum */
    int whole = got > 0 && size == 0 && zip_fread(file, &beyond, 1) == 0;
    if (file)
        zip_fclose(file);
    zip_discard(archive);
    return whole;
}

static nonet_vgg_status unpacked_data(vgg_zip *zip, const vgg_zip_member *m, const void **data, nonet_vgg_error *err)
{
    char name[512];
    if (m->name_length >= sizeof name)
        return bad_member(zip, m, NONET_VGG_UNSUPPORTED, "has too long a name", err);
    memcpy(name, m->name, m->name_length);
    name[m->name_length] = 0;
    if (m->size > unpacked_max - zip->unpacked)
        return bad_member(zip, m, NONET_VGG_UNSUPPORTED, "would bring the unpacked data beyond 2 GB", err);
    zip->unpacked += m->size;
    void *to = vgg_model_alloc(zip->model, m->size);
    if (!to)
        return bad_member(zip, m, NONET_VGG_NO_MEMORY, "does not fit into memory", err);
    if (!unpack(zip, name, to, m->size))
        return bad_member(zip, m, NONET_VGG_BAD_FILE, "cannot be unpacked", err);
    *data = to;
    return NONET_VGG_OK;
}

#else

static nonet_vgg_status unpacked_data(vgg_zip *zip, const vgg_zip_member *m, const void **data, nonet_vgg_error *err)
{
    (void)data;
    return bad_member(zip, m, NONET_VGG_UNSUPPORTED, "is compressed, and libzip was not found when nonet was built", err);
}

#endif

nonet_vgg_status vgg_zip_data(vgg_zip *zip, const vgg_zip_member *member, const void **data, nonet_vgg_error *err)
{
    if (member->flags & 1)
        return bad_member(zip, member, NONET_VGG_UNSUPPORTED, "is encrypted", err);
    return member->method == 0 ? stored_data(zip, member, data, err) : unpacked_data(zip, member, data, err);
}
