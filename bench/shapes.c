/* shapes.c - reads a list of shapes. A file may come from anywhere. */
#include "bench/shapes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/file.h"

enum { FILE_MOST = 1 << 20, SHAPES_MOST = 10000, NUMBERS = 5, BATCH_MOST = 4096, SIDE_MOST = 1 << 16, KERNEL_MOST = 1024 };

typedef struct reader {
    const char *path;
    int line;
    nonet_vgg_error *err;
} reader;

static int refuse(const reader *r, const char *what, const char *word)
{
    vgg_fail(r->err, NONET_VGG_BAD_FILE, "%s, line %d: %s%s%.40s%s", r->path, r->line, what, word ? ", not '" : "",
             word ? word : "", word ? "'" : "");
    return 0;
}

/* A whole number of digits alone; -1 if it is none, or beyond `most`. */
static int number(const char *text, size_t length, int most)
{
    long value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || value > most)
            return -1;
        value = 10 * value + (text[i] - '0');
    }
    return length && value <= most ? (int)value : -1;
}

static int read_kernel(const reader *r, const char *text, nonet_conv *p)
{
    const char *x = strchr(text, 'x');
    size_t length = x ? (size_t)(x - text) : strlen(text);
    p->r = number(text, length, KERNEL_MOST);
    p->s = x ? number(x + 1, strlen(x + 1), KERNEL_MOST) : p->r;
    return p->r > 0 && p->s > 0 ? 1 : refuse(r, "kernel= wants R or RxS, each from 1 to 1024", text);
}

static int read_option(const reader *r, const char *word, nonet_conv *p)
{
    if (!strcmp(word, "pool"))
        return p->pool = 1;
    if (!strcmp(word, "linear")) {
        p->relu = 0;
        return 1;
    }
    if (!strncmp(word, "kernel=", 7))
        return read_kernel(r, word + 7, p);
    if (!strcmp(word, "stride=1") || !strcmp(word, "stride=2"))
        return p->stride = word[7] - '0';
    if (!strcmp(word, "pad=0") || !strcmp(word, "pad=1")) {
        p->pad = word[4] - '0';
        return 1;
    }
    return refuse(r, "after N C H W K stand kernel=, stride=1 or 2, pad=0 or 1, pool, linear", word);
}

/* The first five words are N C H W K. */
static int read_word(const reader *r, const char *word, int place, nonet_conv *p)
{
    int *const field[NUMBERS] = { &p->n, &p->c, &p->h, &p->w, &p->k };
    if (place >= NUMBERS)
        return read_option(r, word, p);
    *field[place] = number(word, strlen(word), place ? SIDE_MOST : BATCH_MOST);
    return *field[place] > 0 ? 1 : refuse(r, "N is a whole number from 1 to 4096, and C, H, W and K are from 1 to 65536", word);
}

static int check(const reader *r, nonet_conv *p)
{
    int h, w, three = p->r == 3 && p->s == 3;
    if (p->pad < 0)
        p->pad = three;
    if (!three && (p->pad || p->stride == 2))
        return refuse(r, "pad=1 and stride=2 are for 3x3 kernels", NULL);
    if (p->r > p->h + 2 * p->pad || p->s > p->w + 2 * p->pad)
        return refuse(r, "the kernel is larger than the map", NULL);
    if (nonet_conv_output(p, &h, &w) != NONET_OK)
        return refuse(r, "the map is too small for the pool, or larger than a layer's may be", NULL);
    return 1;
}

/* 1 and *words: how many; 0: refused. */
static int read_line(const reader *r, char *text, nonet_conv *p, int *words)
{
    char *rest = text, *word;
    text[strcspn(text, "#")] = '\0';
    *p = (nonet_conv){ .r = 3, .s = 3, .stride = 1, .pad = -1, .relu = 1 };
    for (*words = 0; (word = strtok_r(rest, " \t\r", &rest)); ++*words)
        if (!read_word(r, word, *words, p))
            return 0;
    if (*words == 0)
        return 1;
    return *words >= NUMBERS ? check(r, p) : refuse(r, "a shape has five numbers, N C H W K", NULL);
}

static int read_lines(reader *r, char *text, bench_shapes *shapes)
{
    for (char *next; text; text = next) {
        nonet_conv p;
        int words;
        if ((next = strchr(text, '\n')))
            *next++ = '\0';
        r->line++;
        if (!read_line(r, text, &p, &words))
            return 0;
        if (words && shapes->count == SHAPES_MOST)
            return refuse(r, "more than 10000 shapes", NULL);
        if (words) {
            shapes->line[shapes->count] = r->line;
            shapes->conv[shapes->count++] = p;
        }
    }
    if (shapes->count)
        return 1;
    vgg_fail(r->err, NONET_VGG_BAD_FILE, "%s: has no shape in it", r->path);
    return 0;
}

static size_t lines_of(const uint8_t *bytes, size_t size)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines < SHAPES_MOST ? lines : SHAPES_MOST;
}

nonet_vgg_status bench_shapes_read(bench_shapes *shapes, const char *path, nonet_vgg_error *err)
{
    reader r = { path, 0, err };
    uint8_t *bytes;
    size_t size;
    *shapes = (bench_shapes){ .count = 0 };
    nonet_vgg_status status = vgg_file_read(path, FILE_MOST, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    shapes->conv = calloc(lines_of(bytes, size), sizeof *shapes->conv);
    shapes->line = calloc(lines_of(bytes, size), sizeof *shapes->line);
    if (!shapes->conv || !shapes->line)
        status = vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory for its shapes", path);
    else if (strlen((char *)bytes) != size)
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has a byte of zero in it, so it is no text", path);
    else if (!read_lines(&r, (char *)bytes, shapes))
        status = NONET_VGG_BAD_FILE;
    free(bytes);
    if (status != NONET_VGG_OK)
        bench_shapes_free(shapes);
    return status;
}

void bench_shapes_free(bench_shapes *shapes)
{
    free(shapes->conv);
    free(shapes->line);
    *shapes = (bench_shapes){ .count = 0 };
}

void bench_shape_name(const nonet_conv *p, char *name, size_t size)
{
    int three = p->r == 3 && p->s == 3;
    char kernel[24] = "", pad[8] = "";
    if (!three)
        snprintf(kernel, sizeof kernel, "-%dx%d", p->r, p->s);
    if (p->pad != three)
        snprintf(pad, sizeof pad, "-p%d", p->pad);
    snprintf(name, size, "%dx%dx%dx%dx%d%s%s%s%s%s", p->n, p->c, p->h, p->w, p->k, kernel, p->stride == 2 ? "-s2" : "", pad,
             p->pool ? "-pool" : "", p->relu ? "" : "-linear");
}
