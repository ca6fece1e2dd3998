/* corpus_text.c - the corpus as text. A file may come from anywhere: each line is checked whole before anything runs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/corpus.h"
#include "vgg/file.h"

enum { FILE_MAX = 16 << 20, PROBLEMS_MAX = 100000, WORDS_MAX = 24, DIM = 1 << 20, SEED_MAX = 2000000000 };

const char *const corpus_kind_name[CORPUS_KINDS] = { "conv", "maxpool", "avgpool", "lrn", "softmax" };

/* The numbers of a kind, in the order of the line. */
typedef struct field {
    const char *name;
    int min, max;
} field;
static const field fields[CORPUS_KINDS][CORPUS_NUMBERS + 1] = {
    [CORPUS_CONV] = { { "n", 1, DIM }, { "c", 1, DIM }, { "h", 1, DIM }, { "w", 1, DIM }, { "k", 1, DIM }, { "r", 1, 1024 },
                      { "s", 1, 1024 }, { "stride", 1, 2 }, { "pad", 0, 1 }, { "relu", 0, 1 }, { "pool", 0, 1 } },
    [CORPUS_MAXPOOL] = { { "n", 1, DIM }, { "c", 1, DIM }, { "h", 1, DIM }, { "w", 1, DIM }, { "ceil", 0, 1 } },
    [CORPUS_AVGPOOL] = { { "n", 1, DIM }, { "c", 1, DIM }, { "h", 1, DIM }, { "w", 1, DIM }, { "oh", 1, 1024 },
                         { "ow", 1, 1024 } },
    [CORPUS_LRN] = { { "n", 1, DIM }, { "c", 1, DIM }, { "h", 1, DIM }, { "w", 1, DIM }, { "size", 1, 15 },
                     { "alpha", 0, 1000000 }, { "beta", 2, 4 }, { "k", 1, 100 } },
    [CORPUS_SOFTMAX] = { { "n", 1, DIM }, { "classes", 1, DIM } },
};

static const char *const layout_name[] = { "nchw", "nhwc", "nchw16c", NULL };
static const char *const data_name[] = { "normal", "relu", "wide", "tiny", NULL };
static const char *const algo_name[] = { "direct", "winograd-f2", "winograd-f4", "winograd-f6", NULL };
static const char *const fc_name[] = { "f32", "bf16", NULL };

void corpus_free(corpus *list)
{
    free(list->problem);
    *list = (corpus){ .count = 0 };
}

/* ---- Reading ---- */

typedef struct reader {
    int line;
    char *word[WORDS_MAX];
    int words, at;              /* at: the word that is read next */
    char fault[160];            /* empty: none */
} reader;

static int refuse(reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(reader *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->fault, sizeof r->fault, format, args);
    va_end(args);
    return 0;
}

/* The words of a line of printable characters, one space between two. */
static int split(reader *r, char *line)
{
    r->words = r->at = 0;
    for (char *at = line; *at; at++)
        if (*at < ' ' || *at > '~')
            return refuse(r, "byte 0x%02x is no text", (unsigned)(unsigned char)*at);
    for (char *at = line; at; r->words++) {
        if (r->words == WORDS_MAX)
            return refuse(r, "more than %d words", WORDS_MAX);
        r->word[r->words] = at;
        if ((at = strchr(at, ' ')))
            *at++ = 0;
        if (!*r->word[r->words])
            return refuse(r, "words are parted by one space");
    }
    return 1;
}

static int number(reader *r, const char *name, int min, int max, int *value)
{
    const char *word = r->word[r->at++];
    char *end;
    long x = strtol(word, &end, 10);

    /* The shortest spelling only, so that lines compare as text; overflow is LONG_MAX, out of range. */
    if (*end || word[0] < '0' || word[0] > '9' || (word[0] == '0' && word[1]) || x < min || x > max)
        return refuse(r, "%s is a whole number from %d to %d, not '%.30s'", name, min, max, word);
    *value = (int)x;
    return 1;
}

static int choice(reader *r, const char *name, const char *const *names, int *value)
{
    const char *word = r->word[r->at++];

    for (*value = 0; names[*value]; ++*value)
        if (!strcmp(word, names[*value]))
            return 1;
    return refuse(r, "%s cannot be '%.30s'", name, word);
}

static int read_conv_words(reader *r, corpus_problem *p)
{
    int src = 0, dst = 0, algo = 0, standard = 0, fc = 0;

    if (!choice(r, "src", layout_name, &src) || !choice(r, "dst", layout_name, &dst) || !choice(r, "algo", algo_name, &algo) ||
        !choice(r, "default", algo_name, &standard) || !choice(r, "fc", fc_name, &fc))
        return 0;
    p->src = (nonet_layout)src;
    p->dst = (nonet_layout)dst;
    p->algo = (nonet_algo)(algo + NONET_DIRECT);
    p->standard = (nonet_algo)(standard + NONET_DIRECT);
    p->fc = (nonet_fc_weights)fc;
    return 1;
}

static int read_hash(reader *r, corpus_problem *p)
{
    const char *word = r->word[r->at++];

    if (strlen(word) != 16 || strspn(word, "0123456789abcdef") != 16)
        return refuse(r, "a hash is 16 hexadecimal digits in lower case, not '%.30s'", word);
    memcpy(p->hash, word, sizeof p->hash);
    return 1;
}

static int numbers_of(corpus_kind kind)
{
    int count = 0;

    while (fields[kind][count].name)
        count++;
    return count;
}

static int read_problem(reader *r, corpus_problem *p)
{
    int kind = 0, data = 0;
    corpus_size size;

    *p = (corpus_problem){ .line = r->line };
    while (kind < CORPUS_KINDS && strcmp(r->word[0], corpus_kind_name[kind]))
        kind++;
    if (kind == CORPUS_KINDS)
        return refuse(r, "no problem is called '%.30s'", r->word[0]);
    p->kind = (corpus_kind)kind;
    int numbers = numbers_of(p->kind), words = 1 + numbers + (kind == CORPUS_CONV ? 5 : 0) + 3;
    if (r->words != words)
        return refuse(r, "%d words, but %s has %d", r->words, corpus_kind_name[kind], words);
    r->at = 1;
    for (int i = 0; i < numbers; i++)
        if (!number(r, fields[kind][i].name, fields[kind][i].min, fields[kind][i].max, &p->number[i]))
            return 0;
    if (kind == CORPUS_CONV && !read_conv_words(r, p))
        return 0;
    if (!choice(r, "data", data_name, &data) || !number(r, "seed", 0, SEED_MAX, &p->seed) || !read_hash(r, p))
        return 0;
    p->data = (corpus_data)data;
    const char *fault = corpus_measure(p, &size);
    return fault ? refuse(r, "%s", fault) : 1;
}

/* "key value" of the head. */
static int read_head(reader *r, const char *key, int words)
{
    if (r->words != words || strcmp(r->word[0], key))
        return refuse(r, "the head has '%s' here", key);
    r->at = 1;
    return 1;
}

/* The three lines of the head, in order: format, library, number of problems. */
static int read_head_line(reader *r, int which, corpus *list, int *promised)
{
    int format;

    if (which == 0) {
        if (r->words != 2 || strcmp(r->word[0], "nonet-corpus"))
            return refuse(r, "this is no corpus: it does not begin with 'nonet-corpus %d'", CORPUS_FORMAT);
        r->at = 1;
        if (!number(r, "the format", 1, 1000000, &format))
            return 0;
        return format == CORPUS_FORMAT ? 1 : refuse(r, "format %d; this program reads %d", format, CORPUS_FORMAT);
    }
    if (which == 1) {
        if (!read_head(r, "library", 2))
            return 0;
        if (strlen(r->word[1]) >= sizeof list->library)
            return refuse(r, "that is no version");
        strcpy(list->library, r->word[1]);
        return 1;
    }
    return read_head(r, "problems", 2) && number(r, "problems", 1, PROBLEMS_MAX, promised);
}

/* Cuts off a line; NULL at the end. */
static char *next_line(reader *r, char **at, const char *end)
{
    char *line = *at, *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

    if (line == end)
        return NULL;
    r->line++;
    if (!stop)
        refuse(r, "the file ends within a line");
    else if (stop - line >= CORPUS_LINE_MAX)
        refuse(r, "longer than %d characters", CORPUS_LINE_MAX - 1);
    else if (memchr(line, 0, (size_t)(stop - line)))
        refuse(r, "byte 0x00 is no text");
    if (*r->fault)
        return NULL;
    *stop = 0;
    *at = stop + 1;
    return line;
}

static int read_lines(reader *r, char *at, const char *end, corpus *list)
{
    const char *before = "";
    char *line, *kept = malloc(2 * CORPUS_LINE_MAX);
    int head = 0, promised = 0;

    if (!kept)
        return refuse(r, "no memory");
    for (int turn = 0; !*r->fault && (line = next_line(r, &at, end)); ) {
        if (*line == '#')
            continue;
        char *copy = kept + (turn ^= 1) * CORPUS_LINE_MAX;
        strcpy(copy, line);
        if (!split(r, line))
            break;
        if (head < 3) {
            if (read_head_line(r, head++, list, &promised) && head == 3 &&
                !(list->problem = calloc((size_t)promised, sizeof *list->problem)))
                refuse(r, "no memory for %d problems", promised);
        } else if (list->count == promised) {
            refuse(r, "more than the %d problems of the head", promised);
        } else if (strcmp(before, copy) >= 0) {
            refuse(r, "lines are sorted as bytes, each once; this one is not above the one before");
        } else if (read_problem(r, &list->problem[list->count])) {
            list->count++;
            before = copy;
        }
    }
    free(kept);
    if (!*r->fault && (head < 3 || list->count < promised))
        refuse(r, "the file ends after %d of %d problems", list->count, promised);
    return !*r->fault;
}

int corpus_read(const char *path, corpus *list)
{
    reader r = { .line = 0 };
    uint8_t *bytes;
    size_t size;
    nonet_vgg_error error = { "" };

    *list = (corpus){ .count = 0 };
    if (vgg_file_read(path, FILE_MAX, &bytes, &size, &error) != NONET_VGG_OK)
        return cli_fail(EXIT_DATA, "%s", error.text);
    int fine = read_lines(&r, (char *)bytes, (char *)bytes + size, list);
    free(bytes);
    if (fine)
        return 0;
    corpus_free(list);
    return cli_fail(EXIT_DATA, "%s, line %d: %s", path, r.line, r.fault);
}

/* ---- Writing ---- */

void corpus_text(const corpus_problem *p, char text[CORPUS_LINE_MAX])
{
    int used = snprintf(text, CORPUS_LINE_MAX, "%s", corpus_kind_name[p->kind]);

    for (int i = 0; i < numbers_of(p->kind); i++)
        used += snprintf(text + used, CORPUS_LINE_MAX - (size_t)used, " %d", p->number[i]);
    if (p->kind == CORPUS_CONV)
        used += snprintf(text + used, CORPUS_LINE_MAX - (size_t)used, " %s %s %s %s %s", layout_name[p->src], layout_name[p->dst],
                         nonet_algo_name(p->algo), nonet_algo_name(p->standard), fc_name[p->fc]);
    snprintf(text + used, CORPUS_LINE_MAX - (size_t)used, " %s %d", data_name[p->data], p->seed);
}

static int by_text(const void *a, const void *b)
{
    char first[CORPUS_LINE_MAX], second[CORPUS_LINE_MAX];

    corpus_text(a, first);
    corpus_text(b, second);
    return strcmp(first, second);
}

static const char about[] =
    "# Problems and the hash of their output, the same on every CPU, instruction set and number of threads.\n"
    "# `nonet verify --replay FILE` computes them again; `nonet verify --record FILE` writes this file.\n"
    "# Lines are sorted as bytes; words are parted by one space. Lines that begin with # are remarks.\n"
    "#   conv n c h w k r s stride pad relu pool src dst algo default fc data seed hash\n"
    "#   maxpool n c h w ceil data seed hash\n"
    "#   avgpool n c h w oh ow data seed hash\n"
    "#   lrn n c h w size alpha beta k data seed hash     alpha in millionths, of the plain sum; beta in quarters\n"
    "#   softmax n classes data seed hash\n"
    "# src, dst: layouts; of the other layers nchw16c, of softmax plain rows. algo: what computes it; default: what `auto`\n"
    "# takes for this shape. fc: how weights of fully connected layers are kept.\n"
    "# hash: FNV-1a (64 bits) of the output as NCHW floats, little endian.\n"
    "#\n"
    "# Numbers, in 64 bits: mix(x): x ^= x >> 30, x *= 0xbf58476d1ce4e5b9, x ^= x >> 27, x *= 0x94d049bb133111eb, x ^= x >> 31.\n"
    "# Draw i of a stream is d = mix(key + (i + 1) * 0x9e3779b97f4a7c15), key = mix(mix(seed) + stream).\n"
    "# Near-normal: the sum of the four 16-bit parts of d, less 131070, times the float deviation * (1 / 37837.2272).\n"
    "# Uniform: (d >> 40) - 8388608, times range * (1 / 8388608). Every step rounds once to a float.\n"
    "# Stream 0 is the input in NCHW order, near-normal of deviation 1 (softmax: 4). Stream 1 is the weights in OIHW order,\n"
    "# near-normal of deviation sqrt(2 / (c r s)). Stream 2 is the bias, uniform with range 0.1.\n"
    "# data: normal: so; relu: negative input is +0; wide: input i times 2^(7 i mod 25 - 12); tiny: input, bias times 2^-130.\n";

static nonet_vgg_status write_lines(vgg_out *out, const corpus *list, nonet_vgg_error *error)
{
    char text[CORPUS_LINE_MAX + 32];
    int length = snprintf(text, sizeof text, "nonet-corpus %d\nlibrary %s\nproblems %d\n", CORPUS_FORMAT, nonet_version(),
                          list->count);
    nonet_vgg_status status = vgg_out_write(out, text, (size_t)length, error);

    if (status == NONET_VGG_OK)
        status = vgg_out_write(out, about, sizeof about - 1, error);
    for (int i = 0; status == NONET_VGG_OK && i < list->count; i++) {
        char line[CORPUS_LINE_MAX];

        corpus_text(&list->problem[i], line);
        length = snprintf(text, sizeof text, "%s %s\n", line, list->problem[i].hash);
        status = vgg_out_write(out, text, (size_t)length, error);
    }
    return status;
}

int corpus_write(const char *path, corpus *list)
{
    vgg_out out;
    nonet_vgg_error error = { "" };

    qsort(list->problem, (size_t)list->count, sizeof *list->problem, by_text);
    nonet_vgg_status status = vgg_out_open(&out, path, &error);
    if (status == NONET_VGG_OK)
        status = vgg_out_close(&out, write_lines(&out, list, &error), &error);
    return status == NONET_VGG_OK ? 0 : cli_fail(EXIT_DATA, "%s", error.text);
}
