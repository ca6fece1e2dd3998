/* labels.c - see labels.h. */
#include "vgg/labels.h"

#include <stdlib.h>
#include <string.h>
#include "vgg/file.h"

static const size_t largest_file = (size_t)16 << 20;
enum { LONGEST = 1023 };        /* bytes of one name */

void vgg_labels_free(char **labels, int count)
{
    for (int i = 0; labels && i < count; i++)
        free(labels[i]);
    free(labels);
}

/* Length of the line that starts at `line`, without its end; *next is where the following one starts. */
static size_t line_length(const char *line, const char *end, const char **next)
{
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    *next = stop ? stop + 1 : end;
    stop = stop ? stop : end;
    return (size_t)(stop - line) - (stop > line && stop[-1] == '\r' ? 1 : 0);
}

/* Lines up to the last one that is not empty. */
static int count_lines(const char *text, const char *end)
{
    int lines = 0, named = 0;
    while (text < end) {
        lines++;
        if (line_length(text, end, &text) > 0)
            named = lines;
    }
    return named;
}

static nonet_vgg_status copy_lines(char **labels, int count, const char *text, const char *end, const char *path,
                                   nonet_vgg_error *err)
{
    for (int i = 0; i < count; i++) {
        const char *line = text;
        size_t length = line_length(line, end, &text);
        if (length == 0 || length > LONGEST)
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: line %d is %s", path, i + 1,
                            length ? "longer than 1023 bytes" : "empty, although names follow it");
        labels[i] = strndup(line, length);
        if (!labels[i])
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the labels", path);
    }
    return NONET_VGG_OK;
}

static nonet_vgg_status parse(char ***labels, int *count, const char *text, size_t size, const char *path, nonet_vgg_error *err)
{
    const char *end = text + size;
    if (memchr(text, 0, size))
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is not a text file of class names", path);
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    int lines = count_lines(text, end);
    if (lines == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: holds no class names", path);
    *labels = calloc((size_t)lines, sizeof(char *));
    if (!*labels)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for the labels", path);
    *count = lines;
    return copy_lines(*labels, lines, text, end, path, err);
}

nonet_vgg_status vgg_labels_read(char ***labels, int *count, const char *path, nonet_vgg_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    *labels = NULL;
    *count = 0;
    nonet_vgg_status status = vgg_file_read(path, largest_file, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    status = parse(labels, count, (const char *)bytes, size, path, err);
    free(bytes);
    if (status != NONET_VGG_OK) {
        vgg_labels_free(*labels, *count);
        *labels = NULL;
        *count = 0;
    }
    return status;
}
