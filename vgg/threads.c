/* threads.c - lets the threads of the OpenMP runtime go: by itself it keeps them and has them spin, for some 10 ms of processor
 * time each after every call with GCC's, longer with others. */
#include <omp.h>
#include "vgg/net.h"

#if _OPENMP >= 201811 || (defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 9)
#define CAN_PAUSE 1             /* OpenMP 5.0; GCC has the function since version 9 and announces 4.5 */
#else
#define CAN_PAUSE 0
#endif

void vgg_release_threads(const nonet_vgg *net)
{
#if CAN_PAUSE
    if (net->options.conv.threads > 1 && !omp_in_parallel())
        (void)omp_pause_resource_all(omp_pause_soft);
#else
    (void)net;
#endif
}
