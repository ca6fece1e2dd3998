# nonet - `make help` lists the targets. Each folder's fragment lists its own sources; flags follow the folder.
CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
EMULATOR ?=
BUILD ?= build
CFLAGS ?= -O2 -g
WERROR ?=
SAN ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
ifeq (,$(filter -j%,$(MAKEFLAGS)))
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

OPENMP := -fopenmp
BASE := -std=c11 -D_GNU_SOURCE -I. -Iinclude -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -fvisibility=hidden -fPIC -ffp-contract=off $(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
COMPILE = $(CC) $(CPPFLAGS) $(CFLAGS) $(BASE)
LINK = $(CC) $(LDFLAGS)
LDLIBS := $(OPENMP) -lm $(if $(SAN),-fsanitize=$(SAN))

.DEFAULT_GOAL := all
include arch/arch.mk kernels/kernels.mk engine/engine.mk vgg/vgg.mk reference/reference.mk bench/bench.mk autotune/autotune.mk
include cli/cli.mk tests/tests.mk

.PHONY: all run deps install uninstall clean help
all: $(BUILD)/libnonet.a $(BUILD)/libnonet.so $(BUILD)/nonet ## build the command and both libraries

run: all ## the main job: VGG-16 on this CPU, then the bundled network on the bundled pictures
	$(BUILD)/nonet bench vgg16
	$(BUILD)/nonet classify data/*.pgm --model data/fashion_vgg.nonet

DEPS := libcjson-dev libprotobuf-c-dev protobuf-c-compiler libzip-dev libjpeg-dev libpng-dev zlib1g-dev pkg-config
TEST_DEPS := check libopenmpi-dev openmpi-bin clang libomp-dev dataset-fashion-mnist
CROSS_DEPS := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
deps: ## install the optional libraries and what the tests need (Debian, Ubuntu)
	apt-get install -y --no-install-recommends $(DEPS) $(TEST_DEPS) $(CROSS_DEPS)

# ---- how things are compiled ----
# Another compiler or other flags than the last time: everything anew. (-Werror changes no object.)
BUILD_FLAGS = $(CC) $(shell $(CC) --version 2>/dev/null | head -n 1): $(CPPFLAGS) $(CFLAGS) $(filter-out -Werror,$(BASE)) $(OPENMP) \
              $(FLAGS_engine) $(KERNEL_CFLAGS) $(foreach isa,$(ISAS),$(ISA_$(isa))) $(LDFLAGS)
.PHONY: build_flags
$(BUILD)/flags: build_flags
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(BUILD_FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(BUILD_FLAGS))' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) $(OPENMP) $(FLAGS_$(firstword $(subst /, ,$*))) -MMD -MP -c $< -o $@
define isa_rules
$(BUILD)/kernels/$(1)/%.o: kernels/$(1)/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(COMPILE) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/kernels/tmpl/%.$(1).o: kernels/tmpl/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(COMPILE) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rules,$(isa))))

LIB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(ARCH_SRCS) $(KERNEL_SRCS) $(ENGINE_SRCS) $(VGG_SRCS)) $(KERNEL_TMPL_OBJS)

$(BUILD)/libnonet.a: $(LIB_OBJS)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/libnonet.so: $(LIB_OBJS) engine/nonet.map
	$(LINK) -shared -Wl,-soname,libnonet.so.0 -Wl,--version-script=engine/nonet.map $(LIB_OBJS) -o $@ $(VGG_LIBS) $(LDLIBS)

# ---- installing ----
TO_BIN := $(DESTDIR)$(PREFIX)/bin
TO_INCLUDE := $(DESTDIR)$(PREFIX)/include
TO_LIB := $(DESTDIR)$(LIBDIR)
TO_PEERS := $(DESTDIR)$(PREFIX)/lib/nonet/peers# where bin/nonet looks for them
TO_MAN := $(DESTDIR)$(PREFIX)/share/man/man1
TO_DOC := $(DESTDIR)$(PREFIX)/share/doc/nonet
DOCS := docs/BENCHMARKING.md docs/PAPER.md docs/TUNING.md# what nonet(1) refers to
# Without DESTDIR the loader is told of libnonet.so, where that is allowed and LIBDIR is one of its folders.
LDCONFIG := $(if $(DESTDIR)$(CROSS_COMPILE),,PATH="$$PATH:/sbin:/usr/sbin" ldconfig 2>/dev/null || true)

install: all ## install to DESTDIR and PREFIX (/usr/local)
	install -d '$(TO_BIN)' '$(TO_INCLUDE)' '$(TO_LIB)/pkgconfig' '$(TO_MAN)' '$(TO_DOC)' $(if $(PEERS),'$(TO_PEERS)')
	install $(BUILD)/nonet '$(TO_BIN)'
	install -m 644 include/nonet.h include/nonet_vgg.h '$(TO_INCLUDE)'
	install -m 644 $(BUILD)/libnonet.a '$(TO_LIB)'
	install $(BUILD)/libnonet.so '$(TO_LIB)/libnonet.so.0'
	ln -sf libnonet.so.0 '$(TO_LIB)/libnonet.so'
	@version=$$(sed -n 's/.*NONET_VERSION "\(.*\)".*/\1/p' include/nonet.h); \
	    printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'Name: nonet' 'Description: 3x3 convolution and VGG networks on the CPU' \
	    "Version: $$version" 'Cflags: -I"$${prefix}/include"' 'Libs: -L"$${libdir}" -lnonet' \
	    'Libs.private: $(VGG_LIBS) $(LDLIBS)' >$(BUILD)/nonet.pc
	install -m 644 $(BUILD)/nonet.pc '$(TO_LIB)/pkgconfig'
	install -m 644 docs/nonet.1 '$(TO_MAN)'
	install -m 644 $(DOCS) '$(TO_DOC)'
	$(if $(PEERS),install -m 644 $(PEER_FILES) $(PEER_SCRIPTS) '$(TO_PEERS)')
	@$(LDCONFIG)
uninstall: ## remove what install put there, given the same DESTDIR, PREFIX and LIBDIR
	rm -f '$(TO_BIN)/nonet' '$(TO_INCLUDE)/nonet.h' '$(TO_INCLUDE)/nonet_vgg.h' '$(TO_MAN)/nonet.1'
	rm -f '$(TO_LIB)/libnonet.a' '$(TO_LIB)/libnonet.so' '$(TO_LIB)/libnonet.so.0' '$(TO_LIB)/pkgconfig/nonet.pc'
	rm -rf '$(TO_DOC)' '$(DESTDIR)$(PREFIX)/lib/nonet'
	@$(LDCONFIG)

# Not a folder that has this one in it, wherever it was pointed at.
clean: ## remove what was built, in BUILD
	$(if $(filter-out /,$(abspath $(BUILD))),,$(error BUILD is '$(BUILD)': not removed))
	$(if $(filter $(abspath $(BUILD))/%,$(CURDIR)/),$(error BUILD is '$(BUILD)', which holds the sources: not removed))
	rm -rf '$(BUILD)'
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo 'Variables: CC CPPFLAGS CFLAGS LDFLAGS BUILD PREFIX LIBDIR DESTDIR CROSS_COMPILE EMULATOR'
	@echo '           SAN=address,undefined WERROR=1 WITHOUT="cjson protobuf zip jpeg png zlib peers"|all'

-include $(if $(filter clean help,$(MAKECMDGOALS)),,$(shell find $(BUILD) -type f -name '*.d' 2>/dev/null))
