/* kernels_test.c - every row of kernels.def that this CPU can run: against portable C, bit for bit, and the oracle's bound. */
#include <stdio.h>
#include <string.h>
#include "tests/support.h"

/* One looped test: a row each, so that one broken kernel does not hide another. */
START_TEST(every_row)
{
    const nonet_kernel *kernel = &nonet_kernels[_i];
    sweep_result result;

    if (!nonet_isa_supported(kernel->isa)) {
        support_skip(kernel->name, "this CPU cannot run it");
        return;
    }
    sweep_kernel(kernel, support_seed() + (uint64_t)_i, 3 * support_scale(), &result);
    support_need(result.fault[0] == 0, "%s %s (%s): %s", nonet_family_name(kernel->family), kernel->name, result.shape,
                 result.fault);
    ck_assert_int_gt(result.cases, 0);
    ck_assert(result.worst <= 1);
}
END_TEST

START_TEST(table_is_complete)
{
    for (int isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        for (int family = 0; nonet_isa_supported((nonet_isa)isa) && family < NONET_K_COUNT; family++) {
            const nonet_kernel *kernel = nonet_kernel_find((nonet_family)family, (nonet_isa)isa);

            support_need(kernel != NULL, "%s has no kernel for %s", nonet_isa_name((nonet_isa)isa),
                          nonet_family_name((nonet_family)family));
            ck_assert(kernel->mr <= NONET_MR_MAX && kernel->nr <= NONET_NR_MAX && kernel->nr % NONET_L == 0);
        }
}
END_TEST

START_TEST(names_follow_the_rule)
{
    for (int i = 0; i < nonet_kernel_count; i++) {
        const char *name = nonet_kernels[i].name, *isa = nonet_isa_name(nonet_kernels[i].isa);
        size_t length = strlen(name), tail = strlen(isa);

        support_need(!strncmp(name, "nonet_", 6) && length > tail + 1 && !strcmp(name + length - tail, isa) &&
                          name[length - tail - 1] == '_',
                      "%s is not nonet_<family>_..._%s", name, isa);
    }
}
END_TEST

/* The sweep must be able to fail: a kernel that is a little wrong, in each of the ways it looks for. */
static const nonet_kernel *c_maxpool(void)
{
    return nonet_kernel_find(NONET_K_MAXPOOL, NONET_ISA_C);
}

static void wrong_bits(const float *r0, const float *r1, float *dst, int w, int ow)
{
    c_maxpool()->fn.maxpool(r0, r1, dst, w, ow);
    if (w == 17)
        dst[3] += 1;
}

static void writes_past(const float *r0, const float *r1, float *dst, int w, int ow)
{
    c_maxpool()->fn.maxpool(r0, r1, dst, w, ow);
    dst[ow * NONET_L] = 0;
}

static void reads_past(const float *r0, const float *r1, float *dst, int w, int ow)
{
    volatile float past = r0[w * NONET_L];

    (void)past;
    c_maxpool()->fn.maxpool(r0, r1, dst, w, ow);
}

START_TEST(sweep_sees_faults)
{
    static nonet_maxpool_fn *const broken[] = { wrong_bits, writes_past, reads_past };
    nonet_kernel kernel = *c_maxpool();
    sweep_result result;

    kernel.fn.maxpool = broken[_i];
    sweep_kernel(&kernel, 1, 1, &result);
    support_need(result.fault[0] != 0, "broken kernel %d passed", _i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tcase = tcase_create("sweeps");

    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, every_row, 0, nonet_kernel_count);
    tcase_add_test(tcase, table_is_complete);
    tcase_add_test(tcase, names_follow_the_rule);
    tcase_add_loop_test(tcase, sweep_sees_faults, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_main(suite);
}
