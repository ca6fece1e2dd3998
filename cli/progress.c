/* progress.c - see progress.h. */
#include "cli/progress.h"
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include "bench/timer.h"

enum { BAR = 32 };
static const double apart = 0.1;    /* seconds: what is done sooner shows nothing */

static void draw(double done)
{
    int full = (int)(done * BAR);
    fputs("\rpacking weights [", stderr);
    for (int i = 0; i < BAR; i++)
        putc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %3d %%", (int)(100 * done));
}

void cli_progress(void *context, double done)
{
    static double last;             /* when it was drawn, or began; 0: it has not begun */
    static int drawn;
    double at = bench_now();
    (void)context;
    if (!isatty(STDERR_FILENO))
        return;
    if (last == 0)
        last = at;
    if (done >= 1) {
        if (drawn)
            fputs("\r\033[K", stderr);
        last = drawn = 0;
    } else if (at - last >= apart) {
        draw(done);
        last = at;
        drawn = 1;
    }
}
