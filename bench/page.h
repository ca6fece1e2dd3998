/* page.h - what every page starts and ends with: one style, for light and dark, wide and narrow screens. A page is complete in
 * itself and tells the browser so: it may load nothing and run nothing. */
#ifndef NONET_BENCH_PAGE_H
#define NONET_BENCH_PAGE_H

#include "bench/markup.h"

/* Up to <main>. style: CSS of this page's own, or "". The plots' style is there too. */
void page_begin(markup *m, const char *title, const char *style);
void page_end(markup *m);

#endif
