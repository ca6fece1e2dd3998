/* show.c - peers in the table and in JSON. */
#include <stdio.h>
#include <string.h>
#include "bench/peers/run.h"

static int agrees(const bench_row *row)
{
    return row->difference <= row->difference_bound;
}

void bench_peers_figure(const bench_report *report, bench_row *row)
{
    row->ratio = 1;
    if (!row->peer[0])
        return;
    row->ratio = row->stats.median / report->rows[row->ours].stats.median;
    row->executed = row->executed_fraction = row->own_fraction = 0;
    row->roofline = row->roofline_fraction = row->work.bytes = row->work.memory_bytes = 0;
    row->limit = LIMIT_NONE;
}

/* Width of the peers' names; 0 without peers. *competes: how many rows of ours they compete with. */
static int measure(const bench_report *report, int *competes)
{
    int width = 0, before = -1;
    *competes = 0;
    for (int i = 0; i < report->count; i++)
        if (report->rows[i].peer[0]) {
            int length = (int)strlen(report->rows[i].algorithm);
            width = length > width ? length : width;
            *competes += report->rows[i].ours != before;
            before = report->rows[i].ours;
        }
    return width;
}

void bench_peers_table(const bench_report *report)
{
    int competes, before = -1, width = measure(report, &competes);
    if (!width)
        return;
    printf("\n%-*s %9s %9s %7s %11s  %s\n", width, "peer", "ms", "min", "x ours", "difference", "version and implementation");
    for (int i = 0; i < report->count; i++) {
        const bench_row *row = &report->rows[i];
        if (row->peer[0] && competes > 1 && row->ours != before)
            printf("%s:\n", report->rows[before = row->ours].name);
        if (row->peer[0])
            printf("%-*s %9.3f %9.3f %7.3f %10.1e%c  %s\n", width, row->algorithm, 1e3 * row->stats.median, 1e3 * row->stats.min,
                   row->ratio, row->difference, agrees(row) ? ' ' : '!', row->peer);
    }
    printf("x ours: their median over ours, so above 1 ours is faster. difference: L2 of theirs minus ours over L2 of ours, the worst\n"
           "image; ! marks one beyond %.0e (network) or %.0e (layer).\n", PEER_BOUND_NET, PEER_BOUND_LAYER);
}
