/* ranks.h - several processes that share one evaluation: MPI in build/nonet-mpi, one process in build/nonet.
 *
 * Rank 0 hands out pictures as they are asked for, takes the rows, and judges pictures itself. Every rank sends a sign of life
 * twice a second; who is silent for EVAL_SILENCE seconds is named, and the evaluation ends. What was judged is in the results. */
#ifndef NONET_CLI_EVAL_RANKS_H
#define NONET_CLI_EVAL_RANKS_H

#include "cli/eval/work.h"

enum { EVAL_SILENCE = 7 };

/* Joins the others; *rank and *count say who this is. 0, or the exit status after a sentence. */
int eval_ranks_start(int *rank, int *count);
/* Rank 0: answers the others from now on. sums: of model and list, which must be theirs. */
int eval_ranks_serve(const eval_work *work, const uint64_t sums[2]);
/* The other ranks: work that asks rank 0. */
eval_work eval_ranks_work(const uint64_t sums[2]);
/* After the last picture: waits until all have brought their rows. fault: 0, or the exit status with which all end at once. */
void eval_ranks_end(int fault);

#endif
