# The instruction-set bundles: the only place where ISA flags are written.
# A folder kernels/<isa> is compiled with ISA_<isa>; kernels/tmpl is compiled once for each of ISAS.
MACHINE := $(shell $(CC) -dumpmachine)
ifneq (,$(filter x86_64%,$(MACHINE)))
ISAS := c avx2 avx512
# prefetchw for lines that will be written: every x86-64 CPU has it, some of the old ones as a nop.
HINTS := -mprfchw
else ifneq (,$(filter aarch64%,$(MACHINE)))
ISAS := c neon
else
ISAS := c
endif

ISA_c      := -DNONET_TMPL_C
ISA_avx2   := -DNONET_TMPL_AVX2 -mavx2 -mfma
ISA_avx512 := -DNONET_TMPL_AVX512 -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma
ISA_neon   := -DNONET_TMPL_NEON
# Kernels: the order of sums and every FMA is as written, on every compiler. (Sanitizers at -O3 take minutes a file.)
KERNEL_CFLAGS := $(if $(SAN),-O1,-O3) -ffp-contract=off -fno-fast-math -fno-math-errno -fno-trapping-math $(HINTS)
