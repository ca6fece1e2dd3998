/* html_tables.h - the tables of a report. */
#ifndef NONET_BENCH_HTML_TABLES_H
#define NONET_BENCH_HTML_TABLES_H

#include "bench/markup.h"
#include "bench/results.h"

/* All that is known about each row of a run. */
/* Other libraries that were measured in the same run, if any. */
void html_peers(markup *m, const results *r);
void html_layers(markup *m, const results *r);
/* A line a layer, three columns a run; the fastest stands out. */
void html_matrix(markup *m, const results *runs, int count);
/* A line for each thing a file tells about its machine and build, a column a run. */
void html_environment(markup *m, const results *runs, int count);

#endif
