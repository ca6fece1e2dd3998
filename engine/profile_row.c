/* profile_row.c - a row of a profile as a line: "use n=1 c=64 ...", every field, in one order. Lines come from outside: each
 * number is read digit by digit and has its range. Independent of the locale. */
#include "engine/profile.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef enum field_type { WHOLE, NAMED, THOUSANDTHS } field_type;

typedef struct field {
    const char *key;
    field_type type;
    size_t offset;              /* of an int (WHOLE, NAMED) or a double in a row */
    long min, max;              /* NAMED: max is the number of names; THOUSANDTHS: of the value itself */
    const char *(*name)(int value);
} field;

static const char *layout_name(int layout)
{
    static const char *const names[] = { "nchw", "nhwc", "nchw16c" };
    return names[layout];
}

static const char *algo_name(int algo)
{
    return nonet_algo_name((nonet_algo)algo);
}

static const char *isa_name(int isa)
{
    return nonet_isa_name((nonet_isa)isa);
}

static const char *fc_name(int type)
{
    return nonet_fc_weights_name((nonet_fc_weights)type);
}

static const char *form_name(int form)
{
    return nonet_weight_form_name((nonet_weight_form)form);
}

enum { DIM = NONET_DIM_MAX, SIDE = NONET_SIDE_MAX, THREADS = 1 << 12 };
#define AT(member) offsetof(nonet_profile_row, member)

static const field fields[] = {
    { "n", WHOLE, AT(p.n), 1, DIM, NULL },
    { "c", WHOLE, AT(p.c), 1, DIM, NULL },
    { "h", WHOLE, AT(p.h), 1, DIM, NULL },
    { "w", WHOLE, AT(p.w), 1, DIM, NULL },
    { "k", WHOLE, AT(p.k), 1, DIM, NULL },
    { "r", WHOLE, AT(p.r), 1, SIDE, NULL },
    { "s", WHOLE, AT(p.s), 1, SIDE, NULL },
    { "stride", WHOLE, AT(p.stride), 1, 2, NULL },
    { "pad", WHOLE, AT(p.pad), 0, 1, NULL },
    { "pool", WHOLE, AT(p.pool), 0, 1, NULL },
    { "src", NAMED, AT(p.src_layout), 0, NONET_NCHW16C + 1, layout_name },
    { "dst", NAMED, AT(p.dst_layout), 0, NONET_NCHW16C + 1, layout_name },
    { "fc", NAMED, AT(fc), 0, NONET_FC_COUNT, fc_name },
    { "asked", NAMED, AT(asked), 0, NONET_ALGO_COUNT, algo_name },
    { "threads", WHOLE, AT(threads), 1, THREADS, NULL },
    { "algo", NAMED, AT(choice.algo), NONET_DIRECT, NONET_ALGO_COUNT, algo_name },
    { "isa", NAMED, AT(choice.isa), NONET_ISA_C, NONET_ISA_COUNT, isa_name },
    { "block", WHOLE, AT(choice.block), 0, DIM, NULL },
    { "split", NAMED, AT(choice.split), 0, NONET_SPLIT_COUNT, nonet_split_name },
    { "weights", NAMED, AT(choice.weights), 0, NONET_WEIGHTS_COUNT, form_name },
    { "rows", WHOLE, AT(choice.rows), 0, DIM, NULL },
    { "cchunk", WHOLE, AT(choice.cchunk), 0, DIM, NULL },
    { "team", WHOLE, AT(choice.threads), 1, THREADS, NULL },
    { "guess", THOUSANDTHS, AT(guess), 0, 1000000000, NULL },
    { "us", THOUSANDTHS, AT(us), 0, 1000000000, NULL },
    { "default", THOUSANDTHS, AT(base), 0, 1000000000, NULL },
    { "faster", THOUSANDTHS, AT(faster), 0, 1000000, NULL },
    { "low", THOUSANDTHS, AT(low), 0, 1000000, NULL },
    { "high", THOUSANDTHS, AT(high), 0, 1000000, NULL },
    { "samples", WHOLE, AT(samples), 0, 1000000, NULL },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const char *const kinds[PROFILE_KINDS] = { "use", "keep", "tried" };

/* Decimal digits alone, not too many of them: -1 for anything else. Moves past them. */
static long digits(const char **text)
{
    const char *at = *text;
    long value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if ((value = value * 10 + (*at - '0')) > INT32_MAX)
            return -1;
    if (at == *text)
        return -1;
    *text = at;
    return value;
}

static int read_whole(const field *f, const char *text, void *to)
{
    long value = digits(&text);
    int whole = (int)value;
    if (value < f->min || value > f->max || *text)
        return 0;
    memcpy(to, &whole, sizeof whole);
    return 1;
}

static int read_named(const field *f, const char *text, void *to)
{
    for (int i = (int)f->min; i < f->max; i++)
        if (!strcmp(text, f->name(i))) {
            memcpy(to, &i, sizeof i);
            return 1;
        }
    return 0;
}

/* "12.345": three digits behind the point. */
static int read_thousandths(const field *f, const char *text, void *to)
{
    long before = digits(&text), behind = -1;
    const char *point = text;
    if (before >= f->min && before <= f->max && *text++ == '.')
        behind = digits(&text);
    if (behind < 0 || text - point != 4 || *text)
        return 0;
    double value = (double)before + (double)behind / 1000;
    memcpy(to, &value, sizeof value);
    return 1;
}

static int read_field(const field *f, const char *text, nonet_profile_row *row)
{
    void *to = (char *)row + f->offset;
    return f->type == WHOLE   ? read_whole(f, text, to)
           : f->type == NAMED ? read_named(f, text, to)
                              : read_thousandths(f, text, to);
}

/* The word up to the next space or the end; line moves behind it. */
static char *next_word(char **line)
{
    char *word = *line, *end = strchr(word, ' ');
    *line = end ? end + 1 : word + strlen(word);
    if (end)
        *end = '\0';
    return word;
}

static int kind_of(const char *word)
{
    int kind = 0;
    while (kind < PROFILE_KINDS && strcmp(word, kinds[kind]))
        kind++;
    return kind;
}

int nonet_profile_row_parse(char *line, nonet_profile_row *row, const char **why)
{
    size_t all = strlen(line);
    int open_end = all > 0 && line[all - 1] == ' ';
    *row = (nonet_profile_row){ .kind = (nonet_profile_kind)kind_of(next_word(&line)) };
    *why = "it begins with none of use, keep and tried";
    if (row->kind == PROFILE_KINDS)
        return 0;
    for (int i = 0; i < FIELDS; i++) {
        char *word = next_word(&line);
        size_t length = strlen(fields[i].key);
        *why = fields[i].key;
        if (strncmp(word, fields[i].key, length) || word[length] != '=' || !read_field(&fields[i], word + length + 1, row))
            return 0;
    }
    int oh, ow;
    *why = "its end";
    if (*line || open_end)
        return 0;
    *why = "its shape";
    if (nonet_conv_output(&row->p, &oh, &ow) != NONET_OK || !nonet_algo_applies(&row->p, row->choice.algo))
        return 0;
    *why = "isa";
    return nonet_isa_supported(row->choice.isa);
}

static int put_field(const field *f, const nonet_profile_row *row, char *to, size_t room)
{
    const void *from = (const char *)row + f->offset;
    if (f->type == THOUSANDTHS) {
        double value;
        memcpy(&value, from, sizeof value);
        long long thousandths = llround(fmin(fmax(value, 0), (double)f->max) * 1000);
        return snprintf(to, room, " %s=%lld.%03d", f->key, thousandths / 1000, (int)(thousandths % 1000));
    }
    int value;
    memcpy(&value, from, sizeof value);
    return f->type == NAMED ? snprintf(to, room, " %s=%s", f->key, f->name(value)) : snprintf(to, room, " %s=%d", f->key, value);
}

int nonet_profile_row_format(const nonet_profile_row *row, char *line, size_t size)
{
    size_t at = (size_t)snprintf(line, size, "%s", kinds[row->kind]);
    for (int i = 0; i < FIELDS && at < size; i++)
        at += (size_t)put_field(&fields[i], row, line + at, size - at);
    return at < size;
}
