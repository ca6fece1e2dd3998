# nonet - `make help` lists the targets. Each folder's fragment (*/*.mk) lists its own sources.
CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
AR ?= ar
BUILD ?= build
CFLAGS ?= -O2 -g
WERROR ?=
SAN ?=
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
EMULATOR ?=

OPENMP := -fopenmp
BASE := -std=c11 -D_GNU_SOURCE -I. -Iinclude -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -fvisibility=hidden -fPIC -ffp-contract=off $(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDLIBS := $(OPENMP) -lm $(if $(SAN),-fsanitize=$(SAN))

.DEFAULT_GOAL := all
include arch/arch.mk kernels/kernels.mk engine/engine.mk vgg/vgg.mk reference/reference.mk bench/bench.mk cli/cli.mk
-include tests/tests.mk

.PHONY: all
all: $(BUILD)/libnonet.a $(BUILD)/libnonet.so $(BUILD)/nonet ## build the command and both libraries

# ---- how things are compiled: flags follow the folder ----
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(BASE) $(OPENMP) $(FLAGS_$(firstword $(subst /, ,$*))) -MMD -MP -c $< -o $@
define isa_rules
$(BUILD)/kernels/$(1)/%.o: kernels/$(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(BASE) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/kernels/tmpl/%.$(1).o: kernels/tmpl/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(BASE) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rules,$(isa))))

LIB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(ARCH_SRCS) $(KERNEL_SRCS) $(ENGINE_SRCS) $(VGG_SRCS)) $(KERNEL_TMPL_OBJS)

$(BUILD)/libnonet.a: $(LIB_OBJS)
	@rm -f $@
	$(CROSS_COMPILE)$(AR) rcs $@ $^
$(BUILD)/libnonet.so: $(LIB_OBJS)
	$(CC) -shared -Wl,-soname,libnonet.so.0 -Wl,--version-script=engine/nonet.map $^ -o $@ $(VGG_LIBS) $(LDLIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
