/* pages.c - memory for tensors. What is large is mapped by itself, aligned to huge pages and with the wish for them: from malloc it
 * may be memory that was used and freed before, and that stays in small pages. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "arch/asan.h"
#include "nonet.h"

enum { HUGE_PAGE = 2 << 20, LARGE = HUGE_PAGE / 2 };

static int is_mapped(size_t bytes)
{
    return !NONET_ASAN && bytes >= LARGE;
}

/* Whole pages; huge ones to the end where the last would be half used at least. A workspace is a little less than one, and its
 * lines then share out the sets of a cache, which they do not in small pages from anywhere in memory. */
static size_t pages_of(size_t bytes)
{
    size_t page = bytes % HUGE_PAGE >= LARGE ? HUGE_PAGE : (size_t)sysconf(_SC_PAGESIZE);

    return (bytes + page - 1) / page * page;
}

static void *map_aligned(size_t bytes)
{
    size_t size = pages_of(bytes), room = size + HUGE_PAGE;
    char *map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(map, before);
    if (room - before > size)
        munmap(map + before + size, room - before - size);
#ifdef MADV_HUGEPAGE
    madvise(map + before, size, MADV_HUGEPAGE);     /* a wish; small pages do as well */
#endif
    return map + before;
}

void *nonet_alloc(size_t bytes)
{
    void *memory = NULL;

    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (is_mapped(bytes))
        return map_aligned(bytes);
    return posix_memalign(&memory, NONET_ALIGNMENT, bytes ? bytes : 1) ? NULL : memory;
}

void nonet_free(void *memory, size_t bytes)
{
    if (memory && is_mapped(bytes))
        munmap(memory, pages_of(bytes));
    else
        free(memory);
}
