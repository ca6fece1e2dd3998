/* slower.c - a planted slowdown for compare_trial.sh. nonet-slower is the command with this linked around nonet_execute
 * (ld --wrap): every convolution and fully connected layer computes SLOWER_PERCENT longer. The time is really spent, by the same
 * objects otherwise; the product knows nothing of it. */
#include <time.h>
#include "nonet.h"

nonet_status __real_nonet_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst,
                                   void *workspace);
nonet_status __wrap_nonet_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst,
                                   void *workspace);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

nonet_status __wrap_nonet_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst,
                                   void *workspace)
{
    double start = now();
    nonet_status status = __real_nonet_execute(plan, weights, src, dst, workspace);
    double end = now();

    for (end += SLOWER_PERCENT / 100.0 * (end - start); now() < end; )
        ;
    return status;
}
