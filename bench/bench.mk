BENCH_SRCS := $(addprefix bench/,timer.c stats.c pin.c data.c peak.c bounds.c host.c emit.c report.c table.c json.c \
              kernel_list.c layer_bench.c net_bench.c shapes.c \
              build_info.c watch.c cold.c inside.c phases.c peak_table.c record.c csv.c ranks.c results.c compare.c \
              markup.c page.c svg.c plots.c roofline.c html_tables.c html.c)
# Result files are read with cJSON where it is there.
FLAGS_bench += $(filter %HAVE_CJSON %cjson,$(FLAGS_vgg))
$(BUILD)/bench/results.o: $(BUILD)/vgg/features

# What was built, and how: git describe where this is a checkout of its own, not a tarball inside another one.
COMMIT ?= $(shell test -e .git && git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
FLAGS_bench += -I$(BUILD)/bench
BUILD_ID = '\#define NONET_BUILD_COMMIT "$(strip $(COMMIT))"\n\#define NONET_BUILD_FLAGS "$(subst ',,$(subst ",,$(strip $(CFLAGS))))"\n'
.PHONY: build_id
$(BUILD)/bench/build_id.h: build_id
	@mkdir -p $(@D)
	@printf $(BUILD_ID) | cmp -s - $@ || printf $(BUILD_ID) >$@
$(BUILD)/bench/build_info.o: $(BUILD)/bench/build_id.h $(BUILD)/flags
.PHONY: bench-cli example
example: all ## docs/example anew: VGG-16 on this machine, its records and the report of them
	bench/example.sh $(BUILD)
bench-cli: $(BUILD)/nonet ## hyperfine on the whole process: first answer of `nonet classify`, packed or not, warm and cold
	bench/cli_bench.sh $(BUILD)
include bench/peers.mk
