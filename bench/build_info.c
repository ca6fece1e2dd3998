/* build_info.c - build_id.h is made by bench.mk in the build directory, anew only when something in it changes. */
#include "bench/build_info.h"
#include "build_id.h"

const char *bench_build_commit(void)
{
    return NONET_BUILD_COMMIT;
}

const char *bench_build_compiler(void)
{
#if defined(__clang__)
    return __VERSION__;         /* begins with the name */
#else
    return "gcc " __VERSION__;
#endif
}

const char *bench_build_flags(void)
{
    return NONET_BUILD_FLAGS;
}
