/* prefault.c - has the pages of a mapped file mapped before they are needed: in the first forward the faults of the threads would
 * wait for each other. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vgg/net.h"

enum {
    STEP = 64 << 10,            /* what Linux maps around a fault at least */
    TRIAL = 2 << 20
};

/* A read in every step, by all threads. */
static void touch(const volatile unsigned char *bytes, size_t count, int threads)
{
    long steps = (long)((count + STEP - 1) / STEP);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (long i = 0; i < steps; i++)
        (void)bytes[(size_t)i * STEP];
    if (count)
        (void)bytes[count - 1];
}

/* By one call; 0 where the kernel has none such. */
static int populate(const unsigned char *bytes, size_t count)
{
#ifdef MADV_POPULATE_READ
    uintptr_t from = (uintptr_t)bytes / (uintptr_t)sysconf(_SC_PAGESIZE) * (uintptr_t)sysconf(_SC_PAGESIZE);
    return madvise((void *)from, (uintptr_t)bytes + count - from, MADV_POPULATE_READ) == 0;
#else
    (void)bytes;
    (void)count;
    return 0;
#endif
}

/* Which way is faster depends on how the file stands in the page cache: in large pages the call maps 600 MB in half a millisecond
 * where reads take 8, page by page it takes three times as long as they. So both are tried, on 2 MiB each. */
void vgg_prefault(const void *start, size_t count, int threads)
{
    const unsigned char *bytes = start;
    int works = 0;
    if (count >= 4 * (size_t)TRIAL) {
        double begin = vgg_now();
        works = populate(bytes, TRIAL);
        double middle = vgg_now();
        touch(bytes + TRIAL, TRIAL, 1);
        works = works && middle - begin < vgg_now() - middle;
        bytes += 2 * (size_t)TRIAL;
        count -= 2 * (size_t)TRIAL;
    }
    if (!works || !populate(bytes, count))
        touch(bytes, count, threads);
}
