# Same file names in every ISA folder; kernels/tmpl is compiled once per ISA.
KERNEL_FILES := direct direct3x3_ic wino_gemm fc_vector fc_vector_bf16
KERNEL_TMPL  := wino_f2 wino_f4 wino_f4_short wino_f6 maxpool lrn softmax peak
KERNEL_SRCS := kernels/table.c $(foreach isa,$(ISAS),$(patsubst %,kernels/$(isa)/%.c,$(KERNEL_FILES)))
KERNEL_TMPL_OBJS := $(foreach isa,$(ISAS),$(patsubst %,$(BUILD)/kernels/tmpl/%.$(isa).o,$(KERNEL_TMPL)))
ARCH_SRCS := arch/cgroup.c arch/cpu.c arch/isa.c arch/pages.c arch/threads.c

.PHONY: mca
mca: ## read the multiply kernels' inner loops and estimate their cycles with llvm-mca (docs/KERNELS.md)
	+@kernels/mca.sh $(BUILD)/mca
