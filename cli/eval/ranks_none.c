/* ranks_none.c - ranks.h without MPI: this process is alone. */
#include "cli/eval/ranks.h"

int eval_ranks_start(int *rank, int *count)
{
    *rank = 0;
    *count = 1;
    return 0;
}

int eval_ranks_serve(const eval_work *work, const uint64_t sums[2])
{
    (void)work;
    (void)sums;
    return 0;
}

eval_work eval_ranks_work(const uint64_t sums[2])
{
    (void)sums;
    return (eval_work){0};
}

void eval_ranks_end(int fault)
{
    (void)fault;
}
