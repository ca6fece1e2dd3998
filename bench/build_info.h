/* build_info.h - what this program was built from, and how. Texts in static storage; "unknown" where nothing is known. */
#ifndef NONET_BENCH_BUILD_INFO_H
#define NONET_BENCH_BUILD_INFO_H

const char *bench_build_commit(void);       /* git describe, "-dirty" behind it if the tree had changes; a tarball: unknown */
const char *bench_build_compiler(void);
const char *bench_build_flags(void);        /* CFLAGS as given; each instruction set's own are in arch/arch.mk */

#endif
