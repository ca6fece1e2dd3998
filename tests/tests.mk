# Tests. `make check` builds every configuration in a directory of its own and runs them all: tests/run.sh.
TEST_SUITES := kernels transforms layers conv api model real golden
TEST_BINS := $(TEST_SUITES:%=$(BUILD)/tests/%_test)
TEST_SRCS := $(addprefix tests/,support.c support_conv.c) $(filter cli/sweep%,$(CLI_SRCS)) $(REFERENCE_SRCS)
TEST_OBJS := $(TEST_SRCS:%.c=$(BUILD)/%.o)
# Asked for when a test is built, not before: only tests need Check. zlib unpacks the pictures of Fashion-MNIST.
TEST_ZLIB = $(shell $(PKG_CONFIG) --exists zlib 2>/dev/null && echo -DNONET_TEST_ZLIB)
TEST_LIBS = $(shell $(PKG_CONFIG) --libs check $(if $(TEST_ZLIB),zlib))
FLAGS_tests = $(TEST_ZLIB) $(shell $(PKG_CONFIG) --cflags check) -DNONET_FEATURES='"$(strip $(VGG_FEATURES))"'
FLAGS_reference :=

.PHONY: tests check check-fast golden
tests: all $(TEST_BINS) ## build the test programs
$(TEST_BINS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_OBJS) $(BUILD)/libnonet.a
	$(CC) $< $(TEST_OBJS) $(BUILD)/libnonet.a -o $@ $(TEST_LIBS) $(VGG_LIBS) $(LDLIBS)
.SECONDARY: $(TEST_BINS:%=%.o)

check: ## every test: gcc, clang, AArch64 under qemu, sanitizers, arrows, symbols (with CROSS_COMPILE: that target alone)
	+@CROSS_COMPILE='$(CROSS_COMPILE)' EMULATOR='$(EMULATOR)' tests/run.sh full
check-fast: ## the native tests with fewer random cases: about a minute
	+@CROSS_COMPILE='$(CROSS_COMPILE)' EMULATOR='$(EMULATOR)' tests/run.sh fast
golden: $(BUILD)/tests/golden_test ## write tests/golden.txt anew: only when the numerics contract has changed
	$(EMULATOR) $(BUILD)/tests/golden_test --write tests/golden.txt
