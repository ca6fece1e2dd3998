/* plots.h - the pictures of a report. */
#ifndef NONET_BENCH_PLOTS_H
#define NONET_BENCH_PLOTS_H

#include "bench/markup.h"
#include "bench/results.h"

/* Each draws one <svg> whose id is unique on the page; 0 and nothing drawn when the files do not tell enough. */

/* GFLOP/s executed over multiply-adds a byte, under the measured peak and bandwidth. */
int plot_roofline(markup *m, const char *id, const results *r);
/* A bar a layer: its time, and within it the least time there could be. */
int plot_layers(markup *m, const char *id, const results *r);
/* Speedup over threads: runs of one machine and instruction set, by threads ascending. */
int plot_scaling(markup *m, const char *id, const results *const *runs, int count);

/* "AMD EPYC, avx512, 2 threads" */
void plot_title(const results *r, char *text, size_t size);
/* A row's name without what all names of its file share up to the first '/'. */
const char *plot_short(const results *r, const results_row *row);
/* Multiply-adds for a byte, times two; 0 if unknown. */
double plot_intensity(const results_row *row);
/* 1 when the bound is the memory's: longer than the arithmetic of what ran takes at the measured peak. */
int plot_memory_side(const results *r, const results_row *row);

#endif
