# Adapters for `nonet bench --peers`: a shared object for each library whose header and library file the compiler finds. Nothing else
# depends on them. `make WITHOUT=peers` builds none.
PEER_PROBE := \
  \#if __has_include(<oneapi/dnnl/dnnl.h>)\n\#include <oneapi/dnnl/dnnl_version.h>\n \
  \#if DNNL_VERSION_MAJOR == 2\nhas_onednn\n\#endif\n\#endif\n \
  \#if __has_include(<xnnpack.h>) && __has_include(<pthreadpool.h>)\nhas_xnnpack\n\#endif\n \
  \#if __has_include(<onnxruntime_c_api.h>) || __has_include(<onnxruntime/onnxruntime_c_api.h>)\nhas_onnxruntime\n\#endif\n \
  \#if __has_include(<nnpack.h>) && __has_include(<pthreadpool.h>)\nhas_nnpack\n\#endif\n
PEER_HEADERS := $(if $(filter all peers,$(WITHOUT)),,$(filter has_%,$(shell printf '$(PEER_PROBE)' | $(CC) -E -P -x c - 2>/dev/null)))
# $(call peer_links,name,libraries): their -l flags, if the header was seen and the linker would find all of them
peer_file = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).so) $(shell $(CC) -print-file-name=lib$(1).a))
peer_links = $(and $(filter has_$(1),$(PEER_HEADERS)),$(if $(strip $(foreach l,$(2),$(if $(call peer_file,$(l)),,no))),,$(2:%=-l%)))
peer_package = $(if $(filter all peers,$(WITHOUT)),,$(shell $(PKG_CONFIG) --cflags --libs $(1) 2>/dev/null))
PEERS :=
# XNNPACK cannot be asked for its version; Debian's package can.
PEER_FLAGS_xnnpack = -DPEER_XNNPACK_VERSION='"$(or $(shell dpkg-query -W -f '$${Version}' libxnnpack-dev 2>/dev/null),of unknown version)"'

# name, more sources, flags and libraries: no flags, no adapter
define peer_rule
ifneq ($(strip $(3)),)
PEERS += $(1)
$(BUILD)/peers/$(1).peer.so: bench/peers/$(subst -,_,$(1)).c $(2) bench/peers/peers.h $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(COMPILE) $$(OPENMP) $$(PEER_FLAGS_$(1)) $$(LDFLAGS) -shared $$(filter %.c,$$^) -o $$@ $(3) $$(LDLIBS)
endif
endef
$(eval $(call peer_rule,onednn,,$(call peer_links,onednn,dnnl)))
$(eval $(call peer_rule,xnnpack,,$(call peer_links,xnnpack,XNNPACK pthreadpool)))
$(eval $(call peer_rule,nnpack,,$(call peer_links,nnpack,nnpack pthreadpool)))
$(eval $(call peer_rule,openblas,,$(call peer_package,openblas)))
$(eval $(call peer_rule,ncnn,,$(call peer_package,ncnn)))
ONNX_FILE := bench/peers/onnx_file.c bench/peers/onnx_file.h
$(eval $(call peer_rule,onnxruntime,$(ONNX_FILE),$(or $(call peer_package,libonnxruntime),$(call peer_links,onnxruntime,onnxruntime))))
# Runs the npm package in node, wherever node is; the package itself is looked for when it is used.
$(eval $(call peer_rule,onnxruntime-node,$(ONNX_FILE),$(if $(filter all peers,$(WITHOUT))$(CROSS_COMPILE),,$(shell \
        command -v node >/dev/null && echo -pthread))))
PEER_SCRIPTS :=
ifneq ($(filter onnxruntime-node,$(PEERS)),)
PEER_SCRIPTS := $(BUILD)/peers/onnxruntime.mjs
$(BUILD)/peers/onnxruntime-node.peer.so: $(BUILD)/peers/onnxruntime.mjs
$(BUILD)/peers/onnxruntime.mjs: bench/peers/onnxruntime.mjs
	@mkdir -p $(@D)
	cp $< $@
endif

PEER_FILES := $(PEERS:%=$(BUILD)/peers/%.peer.so)
BENCH_SRCS += $(addprefix bench/peers/,run.c threads.c find.c problem.c show.c)
LDLIBS += -ldl
all: $(PEER_FILES)

PEER_DEPS := libdnnl-dev libxnnpack-dev libpthreadpool-dev libnnpack-dev libopenblas-dev libncnn-dev libonnxruntime-dev
.PHONY: peers
peers: ## install what `nonet bench --peers` can compare with: Debian's libraries, ONNX Runtime from npm
	for p in $(PEER_DEPS); do apt-get install -y --no-install-recommends $$p || echo "$$p: not to be had here"; done
	@mkdir -p $(BUILD)/peers
	npm install --prefix $(BUILD)/peers --no-save --ignore-scripts onnxruntime-node
	$(MAKE) all
