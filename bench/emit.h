/* emit.h - writes a text, most often JSON, into a file that appears whole or not at all. */
#ifndef NONET_BENCH_EMIT_H
#define NONET_BENCH_EMIT_H

#include <stdio.h>
#include "vgg/file.h"

/* Keys are NULL inside an array. Errors of writing are kept and come out of emit_close. Texts that are no JSON go to file. */
typedef struct json_out {
    FILE *file;
    vgg_out to;                 /* what file goes to, unless that is stdout */
    int depth, empty;           /* empty: nothing in the innermost bracket yet */
    int compact;                /* set after emit_open: each outermost bracket is one line (JSON lines) */
} json_out;

/* Bytes of the UTF-8 character at text, 1 to 4; 0 if it is none: overlong forms, surrogates and what is above U+10FFFF are none.
 * The end of the text is one of 1 byte. */
size_t emit_utf8(const char *text);
/* vgg_out_possible; "-" always is. */
int emit_possible(const char *path);
/* "-" is standard output. Devices and pipes are written in place; a file gets its name only in emit_close. 0 and errno if it
 * cannot be opened. */
int emit_open(json_out *out, const char *path);
/* 0 and errno if anything went wrong; no file is left behind then. */
int emit_close(json_out *out);
void json_begin(json_out *out, const char *key, char bracket);      /* '{' or '[' */
void json_end(json_out *out, char bracket);                         /* '}' or ']' */
void json_text(json_out *out, const char *key, const char *value);  /* bytes that are not UTF-8 become U+FFFD */
void json_real(json_out *out, const char *key, double value);       /* null if it is not finite */
void json_whole(json_out *out, const char *key, long long value);
void json_bool(json_out *out, const char *key, int value);

#endif
