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
DESTDIR ?=
ifeq (,$(filter -j%,$(MAKEFLAGS)))
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

OPENMP := -fopenmp
BASE := -std=c11 -D_GNU_SOURCE -I. -Iinclude -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -fvisibility=hidden -fPIC -ffp-contract=off $(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDLIBS := $(OPENMP) -lm $(if $(SAN),-fsanitize=$(SAN))

.DEFAULT_GOAL := all
include arch/arch.mk kernels/kernels.mk engine/engine.mk vgg/vgg.mk reference/reference.mk bench/bench.mk autotune/autotune.mk
include cli/cli.mk tests/tests.mk

.PHONY: all run deps install clean help
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
	$(AR) rcs $@ $^
$(BUILD)/libnonet.so: $(LIB_OBJS) engine/nonet.map
	$(CC) -shared -Wl,-soname,libnonet.so.0 -Wl,--version-script=engine/nonet.map $(LIB_OBJS) -o $@ $(VGG_LIBS) $(LDLIBS)

# ---- installing ----
$(BUILD)/nonet.pc: Makefile
	@mkdir -p $(@D)
	@version=$$(sed -n 's/.*NONET_VERSION "\(.*\)".*/\1/p' include/nonet.h); \
	    printf '%s\n' 'prefix=$(PREFIX)' 'Name: nonet' 'Description: 3x3 convolution and VGG networks on the CPU' \
	    "Version: $$version" 'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lnonet' \
	    'Libs.private: $(VGG_LIBS) $(LDLIBS)' >$@
install: all $(BUILD)/nonet.pc ## install to DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/share/man/man1
	install $(BUILD)/nonet $(DESTDIR)$(PREFIX)/bin
	install -m 644 include/nonet.h include/nonet_vgg.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libnonet.a $(DESTDIR)$(PREFIX)/lib
	install $(BUILD)/libnonet.so $(DESTDIR)$(PREFIX)/lib/libnonet.so.0
	ln -sf libnonet.so.0 $(DESTDIR)$(PREFIX)/lib/libnonet.so
	install -m 644 $(BUILD)/nonet.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 docs/nonet.1 $(DESTDIR)$(PREFIX)/share/man/man1

clean: ## remove what was built
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo 'Variables: CC CFLAGS BUILD PREFIX DESTDIR CROSS_COMPILE EMULATOR SAN=address,undefined WERROR=1'
	@echo '           WITHOUT="cjson protobuf zip jpeg png zlib"|all'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
