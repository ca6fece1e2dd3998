/* html.h - `nonet report`: one page about some runs, complete in itself, and its plots as files. */
#ifndef NONET_BENCH_HTML_H
#define NONET_BENCH_HTML_H

#include "bench/results.h"

/* path: the page, or NULL; "-" is standard output. folder: where plots go as SVG files (made if it is not there), or NULL. */
nonet_vgg_status html_report(const results *runs, int count, const char *path, const char *folder, nonet_vgg_error *err);

#endif
