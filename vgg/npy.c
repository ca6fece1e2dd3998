/* npy.c - see npy.h. The head of a file is a Python dictionary such as {'descr': '<f4', 'fortran_order': False,
 * 'shape': (1, 3, 224, 224), }. What is read of it: these three keys, in any order, and nothing else. */
#include "vgg/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t largest_file = (uint64_t)1 << 32;
static const char magic[] = "\x93NUMPY";

typedef struct head {
    const char *at, *end;
    char descr[16];
    int fortran, ndim;
    int64_t dim[4];
    unsigned seen;              /* a bit a key */
} head;

int vgg_npy_is(const uint8_t *bytes, size_t size)
{
    return size >= 6 && memcmp(bytes, magic, 6) == 0;
}

void vgg_npy_clear(vgg_npy *array)
{
    free(array->data);
    *array = (vgg_npy){0};
}

static void skip_blanks(head *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n'))
        in->at++;
}

/* Takes the character if it comes next. */
static int take(head *in, char c)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != c)
        return 0;
    in->at++;
    return 1;
}

static int take_word(head *in, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(in);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
        return 0;
    in->at += length;
    return 1;
}

/* A quoted string of less than `room` characters. */
static int take_string(head *in, char *text, size_t room)
{
    size_t n = 0;
    if (!take(in, '\''))
        return 0;
    while (in->at < in->end && *in->at != '\'' && n + 1 < room)
        text[n++] = *in->at++;
    text[n] = 0;
    return take(in, '\'');
}

static int take_number(head *in, int64_t *value)
{
    int digits = 0;
    skip_blanks(in);
    for (*value = 0; in->at < in->end && *in->at >= '0' && *in->at <= '9' && digits < 18; digits++)
        *value = *value * 10 + (*in->at++ - '0');
    return digits > 0;
}

/* (a, b, ...): a comma may follow the last one. */
static int take_shape(head *in)
{
    if (!take(in, '('))
        return 0;
    while (!take(in, ')')) {
        if (in->ndim == 4 || !take_number(in, &in->dim[in->ndim++]))
            return 0;
        if (!take(in, ',')) {
            if (!take(in, ')'))
                return 0;
            break;
        }
    }
    return 1;
}

static int take_entry(head *in)
{
    char key[16];
    if (!take_string(in, key, sizeof(key)) || !take(in, ':'))
        return 0;
    if (strcmp(key, "descr") == 0) {
        in->seen |= 1;
        return take_string(in, in->descr, sizeof(in->descr));
    }
    if (strcmp(key, "fortran_order") == 0) {
        in->seen |= 2;
        in->fortran = take_word(in, "True");
        return in->fortran || take_word(in, "False");
    }
    if (strcmp(key, "shape") != 0 || in->seen & 4)
        return 0;
    in->seen |= 4;
    return take_shape(in);
}

static int take_head(head *in)
{
    if (!take(in, '{'))
        return 0;
    while (!take(in, '}')) {
        if (!take_entry(in))
            return 0;
        if (!take(in, ',')) {
            if (!take(in, '}'))
                return 0;
            break;
        }
    }
    return in->seen == 7;
}

/* Finds the head in the file; *data is where the numbers start. */
static int find_head(head *in, const uint8_t *bytes, size_t size, size_t *data)
{
    if (size < 12 || !vgg_npy_is(bytes, size) || bytes[6] < 1 || bytes[6] > 3)
        return 0;
    size_t length = bytes[8] | (size_t)bytes[9] << 8, start = 10;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        start = 12;
    }
    if (length > size - start)
        return 0;
    *in = (head){.at = (const char *)bytes + start, .end = (const char *)bytes + start + length};
    *data = start + length;
    return take_head(in);
}

/* Number of elements; 0 if a dimension is 0 or the numbers would not fit into the largest file. */
static uint64_t count_elements(const head *in)
{
    uint64_t n = 1;
    for (int i = 0; i < in->ndim; i++) {
        if (in->dim[i] < 1 || (uint64_t)in->dim[i] > largest_file / 4 / n)
            return 0;
        n *= (uint64_t)in->dim[i];
    }
    return n;
}

static nonet_vgg_status parse(vgg_npy *array, const uint8_t *bytes, size_t size, const char *path, nonet_vgg_error *err)
{
    head in;
    size_t start = 0;
    if (!find_head(&in, bytes, size, &start))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is not an .npy file of 1 to 4 dimensions, or its head is damaged", path);
    if (strcmp(in.descr, "<f4") != 0)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: holds numbers of type '%.15s'; only '<f4' (float32) is read", path,
                        in.descr);
    if (in.fortran)
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: is in Fortran's order; only C's is read", path);
    uint64_t n = count_elements(&in);
    if (in.ndim == 0 || n == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: its shape holds no numbers, or more than a file can", path);
    if (size - start != n * 4)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: %zu bytes follow the head, but its shape wants %llu", path, size - start,
                        (unsigned long long)n * 4);
    array->data = malloc((size_t)n * 4);
    if (!array->data)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its numbers", path);
    memcpy(array->data, bytes + start, (size_t)n * 4);
    array->ndim = in.ndim;
    for (int i = 0; i < 4; i++)
        array->dim[i] = i < in.ndim ? in.dim[i] : 1;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_npy_read(vgg_npy *array, const char *path, nonet_vgg_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    *array = (vgg_npy){0};
    nonet_vgg_status status = vgg_file_read(path, (size_t)largest_file, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    status = parse(array, bytes, size, path, err);
    free(bytes);
    return status;
}

/* The head of format 1.0, padded with spaces so that the numbers start at a multiple of 64; returns its length. */
static size_t make_head(char *text, size_t room, int ndim, const int64_t *dim)
{
    size_t n = 10;
    memset(text, ' ', room);
    n += (size_t)snprintf(text + n, room - n, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < ndim; i++)
        n += (size_t)snprintf(text + n, room - n, "%lld,%s", (long long)dim[i], i + 1 < ndim ? " " : "");
    n += (size_t)snprintf(text + n, room - n, "), }");
    text[n] = ' ';
    size_t total = (n + 1 + 63) / 64 * 64;
    memcpy(text, magic, 6);
    text[6] = 1;
    text[7] = 0;
    text[8] = (char)((total - 10) & 255);
    text[9] = (char)((total - 10) >> 8);
    text[total - 1] = '\n';
    return total;
}

nonet_vgg_status vgg_npy_head(vgg_out *out, int ndim, const int64_t *dim, nonet_vgg_error *err)
{
    char text[256];             /* 4 dimensions of 19 digits fit */
    size_t length = make_head(text, sizeof(text), ndim, dim);
    return vgg_out_write(out, text, length, err);
}
