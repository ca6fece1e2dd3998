/* stores.h - stores that go past the caches (vf_stream in vec.h) and what other threads see of them. */
#ifndef NONET_STORES_H
#define NONET_STORES_H

/* Such stores before this one are seen by other threads before any store after it; a release store alone does not order them. */
static inline void nonet_settle_stores(void)
{
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

#endif
