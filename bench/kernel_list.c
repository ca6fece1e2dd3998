/* kernel_list.c - reads the table of kernels. */
#include "bench/kernel_list.h"
#include "kernels/kernels.h"

int bench_kernel_families(void)
{
    return NONET_K_COUNT;
}

bench_kernel bench_kernel_of(int family, nonet_isa isa)
{
    const nonet_kernel *kernel = nonet_kernel_find((nonet_family)family, isa);
    bench_kernel found = { .family = nonet_family_name((nonet_family)family) };
    if (kernel) {
        found.symbol = kernel->name;
        found.mr = kernel->mr;
        found.nr = kernel->nr;
    }
    return found;
}
