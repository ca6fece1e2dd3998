# Tests. `make check` builds every configuration in a directory of its own and runs them all: tests/run.sh.
TEST_SUITES := kernels transforms layers conv chain api bench machine compare model real protocol pack golden
TEST_SUITES += localise features profile tune threads
TEST_BINS := $(TEST_SUITES:%=$(BUILD)/tests/%_test)
TEST_SRCS := $(addprefix tests/,support.c support_boxes.c support_conv.c support_files.c support_net.c) $(filter cli/sweep%,$(CLI_SRCS))
TEST_SRCS += $(REFERENCE_SRCS) $(VGG_APP_SRCS)
TEST_OBJS := $(TEST_SRCS:%.c=$(BUILD)/%.o)
# Asked for when a test is built, not before: only tests need Check. zlib unpacks the pictures of Fashion-MNIST.
TEST_ZLIB = $(shell $(PKG_CONFIG) --exists zlib 2>/dev/null && echo -DNONET_TEST_ZLIB)
TEST_LIBS = $(shell $(PKG_CONFIG) --libs check $(if $(TEST_ZLIB),zlib))
FLAGS_tests = $(TEST_ZLIB) $(shell $(PKG_CONFIG) --cflags check) -DNONET_FEATURES='"$(strip $(VGG_FEATURES))"'
FLAGS_tests += $(if $(filter cjson,$(VGG_FEATURES)),-DNONET_TEST_CJSON)
FLAGS_reference :=

# As a user compiles them: the public headers and the shared library.
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
$(EXAMPLES): $(BUILD)/examples/%: examples/%.c include/nonet.h include/nonet_vgg.h $(BUILD)/libnonet.so $(BUILD)/flags
	@mkdir -p $(@D)
	@ln -sf libnonet.so $(BUILD)/libnonet.so.0
	$(CC) $(CPPFLAGS) $(CFLAGS) -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Werror $(if $(SAN),-fsanitize=$(SAN)) -Iinclude $< -o $@ \
	    $(LDFLAGS) -L$(BUILD) -Wl,-rpath,'$$ORIGIN/..' -l:libnonet.so -lm
.PHONY: examples
examples: $(EXAMPLES) ## build examples/ against the shared library

.PHONY: tests test-programs check check-fast golden corpus
tests: all test-programs examples ## build the test programs
# What sanitizers and emulators run: neither the shared library nor the adapters of other libraries, which nothing loads there.
test-programs: $(TEST_BINS) $(BUILD)/nonet
$(TEST_BINS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_OBJS) $(BUILD)/libnonet.a
	$(LINK) $< $(TEST_OBJS) $(filter %/autotune.a,$^) $(filter %/bench.a,$^) $(BUILD)/libnonet.a -o $@ \
	    $(TEST_LIBS) $(VGG_APP_LIBS) $(VGG_LIBS) $(LDLIBS)
.SECONDARY: $(TEST_BINS:%=%.o)
# An archive: a suite takes from bench/ what it calls, not the libraries of all the rest.
$(BUILD)/tests/bench_test $(BUILD)/tests/machine_test $(BUILD)/tests/compare_test: $(BUILD)/tests/bench.a
$(BUILD)/tests/tune_test: $(BUILD)/tests/autotune.a $(BUILD)/tests/bench.a
$(BUILD)/tests/autotune.a: $(AUTOTUNE_SRCS:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/tests/bench.a: $(BENCH_SRCS:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

check: ## every test: gcc, clang, AArch64 under qemu, sanitizers, arrows, symbols (with CROSS_COMPILE: that target alone)
	+@CROSS_COMPILE='$(CROSS_COMPILE)' EMULATOR='$(EMULATOR)' tests/run.sh full
check-fast: ## the native tests with fewer random cases
	+@CROSS_COMPILE='$(CROSS_COMPILE)' EMULATOR='$(EMULATOR)' tests/run.sh fast
golden: $(BUILD)/tests/golden_test ## write tests/golden.txt anew: only when the numerics contract has changed
	$(EMULATOR) $(BUILD)/tests/golden_test --write tests/golden.txt
corpus: $(BUILD)/nonet ## write tests/corpus.txt anew: when the numerics contract, or what `auto` takes, has changed
	$(EMULATOR) $(BUILD)/nonet verify --record tests/corpus.txt --isa c

# The command with a slowdown planted in it, and the trial whether `nonet compare` finds that, and nothing else.
SLOWER = 5
TRIES = 10
$(BUILD)/nonet-slower: tests/slower.c $(NONET_OBJS) $(BUILD)/libnonet.a $(BUILD)/flags
	$(COMPILE) $(LDFLAGS) -DSLOWER_PERCENT=$(SLOWER) -Wl,--wrap=nonet_execute $< $(NONET_OBJS) $(BUILD)/libnonet.a -o $@ \
	    $(VGG_APP_LIBS) $(VGG_LIBS) $(LDLIBS)
.PHONY: compare-trial
compare-trial: $(BUILD)/nonet $(BUILD)/nonet-slower ## `nonet compare` on two runs of one build, and with SLOWER per cent planted, TRIES times
	tests/compare_trial.sh $(BUILD) $(TRIES)

.PHONY: tune-check
tune-check: $(BUILD)/nonet ## is a tuned plan ever slower than the default? VGG-16 and 40 awkward layers; six minutes on a quiet machine
	tests/tune_check.sh $(BUILD)
