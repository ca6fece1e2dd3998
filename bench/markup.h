/* markup.h - a growing text of XML or HTML. */
#ifndef NONET_BENCH_MARKUP_H
#define NONET_BENCH_MARKUP_H

#include <stddef.h>
#include "nonet_vgg.h"

/* Start with zeros. When memory ends, `failed` is set and everything further is dropped. */
typedef struct markup {
    char *text;                 /* ends in a zero byte once anything is in it */
    size_t length, room;
    int failed;
} markup;

/* As it stands: tags, numbers. */
void markup_put(markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text from outside: <, >, &, quotes are escaped, what XML 1.0 or UTF-8 forbid becomes U+FFFD. */
void markup_text(markup *m, const char *text);
void markup_textf(markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes in base 64, as data: addresses have them. */
void markup_base64(markup *m, const unsigned char *bytes, size_t size);
/* The whole text into a file, which appears whole or not at all; "-" is standard output. */
nonet_vgg_status markup_write(const markup *m, const char *path, nonet_vgg_error *err);
void markup_free(markup *m);

#endif
