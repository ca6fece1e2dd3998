/* table.c - the table of kernels, read from kernels.def. */
#include "kernels/kernels.h"

/* 0: a result is exact. 1: eps = 2^-24 times the roundings in it, which docs/NUMERICS.md counts ("Bounds"): CHAIN and SUM64 under the
 * direct sums, WINO_ stage by stage under Winograd, LRN and SOFTMAX under their own names. Who checks counts them for his problem. */
enum { CHAIN = 1, SUM64 = 1, EXACT = 0, WINO_F2 = 1, WINO_F4 = 1, WINO_F6 = 1, LRN = 1, SOFTMAX = 1 };

#define NONET_ROW(family, member, isa, symbol, mr, nr, bound) extern nonet_##member##_fn symbol;
#include "kernels/kernels.def"
#undef NONET_ROW

const nonet_kernel nonet_kernels[] = {
#define NONET_ROW(family, member, isa, symbol, mr, nr, bound) \
    { NONET_K_##family, isa, #symbol, mr, nr, bound, { .member = symbol } },
#include "kernels/kernels.def"
#undef NONET_ROW
};
const int nonet_kernel_count = sizeof nonet_kernels / sizeof nonet_kernels[0];

const nonet_kernel *nonet_kernel_find(nonet_family family, nonet_isa isa)
{
    for (int i = 0; i < nonet_kernel_count; i++)
        if (nonet_kernels[i].family == family && nonet_kernels[i].isa == isa)
            return &nonet_kernels[i];
    return NULL;
}

const char *nonet_family_name(nonet_family family)
{
    static const char *const names[NONET_K_COUNT] = {
        "direct3x3_s1", "direct3x3_s2", "direct3x3_ic_s1", "direct3x3_ic_s2", "conv1x1", "convrs", "fc_vector",
        "fc_vector_bf16", "fc_matrix",
        "wino_gemm", "wino_filter_f2", "wino_in_f2", "wino_out_f2", "wino_filter_f4", "wino_in_f4", "wino_out_f4",
        "wino_in_f4_short", "wino_out_f4_short",
        "wino_filter_f6", "wino_in_f6", "wino_out_f6",
        "maxpool", "lrn", "softmax",
    };
    return (unsigned)family < NONET_K_COUNT ? names[family] : "unknown";
}
