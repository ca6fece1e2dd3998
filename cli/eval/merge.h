/* merge.h - `nonet eval --merge`: the totals of several results files of one evaluation. */
#ifndef NONET_CLI_EVAL_MERGE_H
#define NONET_CLI_EVAL_MERGE_H

#include "cli/eval/results.h"
#include "cli/eval/totals.h"

/* Fills the header and opens the totals, which the caller closes in any case. *missing: pictures that no file has. 0, or the exit
 * status after a sentence. */
int eval_merge(char **paths, int count, eval_header *header, eval_totals *totals, int64_t *missing);

#endif
