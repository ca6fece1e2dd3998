/* profile_text.c - the file as a whole: a head that says for whom it is, rows, and a line "end" that shows it is complete. */
#include "engine/profile.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/cpu.h"
#include "kernels/kernels.h"

enum { FORMAT = 1, TEXT = 160, HEAD_LINES = 5 };

/* What plans of this build can be made of: another table is another profile. FNV-1a, 64 bits. */
static uint64_t table_hash(void)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 0; i < nonet_kernel_count; i++) {
        char row[TEXT];
        const nonet_kernel *k = &nonet_kernels[i];
        snprintf(row, sizeof row, "%s %s %s %d %d\n", nonet_family_name(k->family), nonet_isa_name(k->isa), k->name, k->mr,
                 k->nr);
        for (const char *c = row; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    }
    return hash;
}

/* The head as it must be here, word and value. */
typedef struct head_line { const char *word; char value[TEXT]; } head_line;

static void head_of(nonet_isa isa, head_line head[HEAD_LINES])
{
    static const char *const words[HEAD_LINES] = { "nonet-profile", "library", "cpu", "isa", "kernels" };
    for (int i = 0; i < HEAD_LINES; i++)
        head[i].word = words[i];
    snprintf(head[0].value, TEXT, "%d", FORMAT);
    snprintf(head[1].value, TEXT, "%s", nonet_version());
    nonet_cpu_identity(head[2].value, TEXT);
    snprintf(head[3].value, TEXT, "%s", nonet_isa_name(isa));
    snprintf(head[4].value, TEXT, "%016" PRIx64, table_hash());
}

/* ---- reading ---- */

typedef struct reader {
    char *at, *end;             /* of the text; *end is 0 */
    const char *path;
    int number;                 /* of the line */
    char *why;
    size_t room;
} reader;

/* The next line without its end; NULL at the end of the text, and for a last line that is cut off. */
static char *next_line(reader *r)
{
    char *line = r->at, *end = line < r->end ? memchr(line, '\n', (size_t)(r->end - line)) : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    r->at = end + 1;
    r->number++;
    return line;
}

/* What is shown of a file that may hold anything: its letters, and not many. */
static const char *shown(const char *text, char buf[64])
{
    size_t i = 0;
    for (; text[i] && i < 63; i++)
        buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    buf[i] = '\0';
    return buf;
}

static nonet_status refuse(const reader *r, const char *what, const char *theirs, const char *ours)
{
    char text[64];
    snprintf(r->why, r->room, "%s: the profile is not used: %s '%s', and here it is '%s'; tune again", r->path, what,
             shown(theirs, text), ours);
    return NONET_BAD_PROFILE;
}

static nonet_status read_head(reader *r, nonet_isa isa)
{
    static const char *const what[HEAD_LINES] = { "its format is", "it was made by version", "it was made on the CPU",
                                                  "it was made for the instruction set", "it was made with kernels" };
    head_line head[HEAD_LINES];
    head_of(isa, head);
    for (int i = 0; i < HEAD_LINES; i++) {
        char *line = next_line(r);
        size_t length = strlen(head[i].word);
        if (!line || strncmp(line, head[i].word, length) || line[length] != ' ') {
            snprintf(r->why, r->room,
                     i ? "%s: the profile is not used: its head is damaged" : "%s: this is not a profile of nonet", r->path);
            return NONET_BAD_PROFILE;
        }
        if (strcmp(line + length + 1, head[i].value))
            return refuse(r, what[i], line + length + 1, head[i].value);
    }
    return NONET_OK;
}

/* Rows that cannot be used are left out; the first of them is named. */
typedef struct skipped { int count, line; char why[64]; } skipped;

static void skip(skipped *s, int line, const char *why)
{
    if (s->count++ == 0) {
        s->line = line;
        snprintf(s->why, sizeof s->why, "%s", why);
    }
}

static int is_double(const nonet_profile *profile, const nonet_profile_row *row)
{
    for (int i = 0; i < profile->count && row->kind != PROFILE_TRIED; i++)
        if (profile->rows[i].kind != PROFILE_TRIED && nonet_profile_compare(&profile->rows[i], row) == 0)
            return 1;
    return 0;
}

static void read_row(reader *r, char *line, nonet_profile *profile, skipped *s)
{
    nonet_profile_row row;
    const char *why = "";
    if (strlen(line) > PROFILE_LINE)
        skip(s, r->number, "it is too long");
    else if (!nonet_profile_row_parse(line, &row, &why))
        skip(s, r->number, why);
    else if (is_double(profile, &row))
        skip(s, r->number, "the problem was decided before");
    else if (!nonet_profile_add(profile, &row))
        skip(s, r->number, "there are too many rows");
}

static nonet_status read_rows(reader *r, nonet_profile *profile)
{
    skipped s = { 0 };
    char *line;
    while ((line = next_line(r)) && strcmp(line, "end"))
        if (*line && *line != '#')
            read_row(r, line, profile, &s);
    if (!line) {
        snprintf(r->why, r->room, "%s: the profile is not used: it is cut off after line %d", r->path, r->number);
        return NONET_BAD_PROFILE;
    }
    if (s.count)
        snprintf(r->why, r->room, "%s: %d row%s of the profile %s left out; line %d: %s", r->path, s.count,
                 s.count == 1 ? "" : "s", s.count == 1 ? "is" : "are", s.line, s.why);
    return NONET_OK;
}

nonet_status nonet_profile_parse(nonet_profile **out, char *text, size_t size, const char *path, char *why, size_t room)
{
    reader r = { text, text + size, path, 0, why, room };
    *out = NULL;
    *why = '\0';
    if (memchr(text, '\0', size)) {
        snprintf(why, room, "%s: this is not a profile of nonet", path);
        return NONET_BAD_PROFILE;
    }
    nonet_isa isa;
    if (nonet_isa_current(&isa) != NONET_OK) {
        snprintf(why, room, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
        return NONET_BAD_ISA;
    }
    nonet_profile *profile = nonet_profile_new();
    if (!profile) {
        snprintf(why, room, "%s: %s", path, nonet_status_string(NONET_NO_MEMORY));
        return NONET_NO_MEMORY;
    }
    nonet_status status = read_head(&r, profile->isa);
    if (status == NONET_OK)
        status = read_rows(&r, profile);
    if (status == NONET_OK)
        *out = profile;
    else
        nonet_profile_close(profile);
    return status;
}

/* ---- writing ---- */

char *nonet_profile_format(const nonet_profile *profile, size_t *size)
{
    head_line head[HEAD_LINES];
    size_t room = (size_t)(profile->count + HEAD_LINES + 4) * PROFILE_LINE, at = 0;
    char *text = malloc(room);
    if (!text)
        return NULL;
    head_of(profile->isa, head);
    for (int i = 0; i < HEAD_LINES; i++)
        at += (size_t)snprintf(text + at, room - at, "%s %s\n", head[i].word, head[i].value);
    at += (size_t)snprintf(text + at, room - at,
                           "# Written by `nonet tune`. use: what computes the problem; keep: the default stays; tried: "
                           "was not better. us, default: medians; faster: their ratio, low to high.\n");
    for (int i = 0; i < profile->count; i++) {
        if (nonet_profile_row_format(&profile->rows[i], text + at, PROFILE_LINE - 1))
            at += strlen(text + at);
        text[at++] = '\n';
    }
    at += (size_t)snprintf(text + at, room - at, "end\n");
    *size = at;
    return text;
}
