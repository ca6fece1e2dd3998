/* emit.h - writes one JSON text, a file that appears whole or not at all. */
#ifndef NONET_BENCH_EMIT_H
#define NONET_BENCH_EMIT_H

#include <limits.h>
#include <stdio.h>

/* Keys are NULL inside an array. Errors of writing are kept and come out of json_close. */
typedef struct json_out {
    FILE *file;
    char path[PATH_MAX];        /* where it will be; "" when written in place */
    char temp[PATH_MAX + 16];
    int depth, empty;           /* empty: nothing in the innermost bracket yet */
    int compact;                /* set after json_open: each outermost bracket is one line (JSON lines) */
} json_out;

/* 1 if a file of this name could be written (its folder is there and may be written to); "-" always can. For asking before
 * a long run. errno tells why not. */
int json_writable(const char *path);
/* "-" is standard output. Devices and pipes are written in place; a file gets its name only in json_close. 0 and errno if it
 * cannot be opened. */
int json_open(json_out *out, const char *path);
void json_begin(json_out *out, const char *key, char bracket);      /* '{' or '[' */
void json_end(json_out *out, char bracket);                         /* '}' or ']' */
void json_text(json_out *out, const char *key, const char *value);  /* bytes that are not UTF-8 become U+FFFD */
void json_real(json_out *out, const char *key, double value);       /* null if it is not finite */
void json_whole(json_out *out, const char *key, long long value);
void json_bool(json_out *out, const char *key, int value);
/* 0 and errno if anything went wrong; no file is left behind then. */
int json_close(json_out *out);

#endif
