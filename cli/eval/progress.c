/* progress.c - see progress.h. */
#include "cli/eval/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench/timer.h"

enum { BAR = 24 };

void eval_progress_start(eval_progress *p, int64_t before, int64_t total)
{
    *p = (eval_progress){.shown = isatty(STDERR_FILENO), .start = bench_now(), .before = before, .total = total};
}

static const char *time_left(double seconds, char room[32])
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(room, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(room, 32, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(room, 32, "%ld s", s);
    return room;
}

void eval_progress_show(eval_progress *p, int64_t done, int64_t wrong, int64_t judged)
{
    double now = bench_now();
    char bar[BAR + 1], room[32];
    if (!p->shown || now - p->last < 0.2 || done <= p->before || p->total == 0)
        return;
    double rate = (double)(done - p->before) / (now - p->start + 1e-9);
    int full = (int)(BAR * done / p->total);
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)(full < BAR ? full : BAR));
    bar[BAR] = 0;
    fprintf(stderr, "\r[%s] %lld of %lld, %.1f/s, %s left, top-1 error %.2f %%\033[K", bar, (long long)done, (long long)p->total,
            rate, time_left((double)(p->total - done) / rate, room), judged ? 100 * (double)wrong / (double)judged : 0.0);
    fflush(stderr);
    p->last = now;
}

void eval_progress_wipe(eval_progress *p)
{
    if (p->shown && p->last > 0)
        fputs("\r\033[K", stderr);
    p->last = 0;
}
