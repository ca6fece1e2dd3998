/* predict.h - seconds that a plan should take, from its work and its traffic. */
#ifndef NONET_AUTOTUNE_PREDICT_H
#define NONET_AUTOTUNE_PREDICT_H

#include "autotune/machine.h"

typedef struct tune_guess {
    double macs;                /* of the busiest thread, as if it were all threads', with calls that are not full */
    double transforms;          /* in multiply-adds likewise */
    double memory, cache;       /* bytes that come from memory; from the last cache */
    double seconds;
} tune_guess;

void tune_predict(const nonet_plan *plan, const tune_machine *machine, tune_guess *guess);

#endif
