# Networks: the library's part (readers of model files, the networks) and the command's (pictures, labels, .npy).
# What a library can be missing for is found with pkg-config. Leave features out with WITHOUT="cjson zip" or WITHOUT=all.
VGG_APP_SRCS := $(addprefix vgg/,picture.c picture_jpeg.c picture_png.c picture_pnm.c picture_encode.c resize.c preprocess.c \
                protocol.c evaluator.c evaluator_open.c localise.c localise_open.c localise_merge.c descriptor.c labels.c \
                labels_imagenet.c npy.c dataset.c dataset_list.c dataset_idx.c)
VGG_PROTOBUF_SRCS := $(addprefix vgg/,proto_slim.c onnx_values.c onnx_ops.c caffe_layers.c caffe_blobs.c)
VGG_SRCS := $(filter-out $(VGG_APP_SRCS) $(VGG_PROTOBUF_SRCS),$(sort $(wildcard vgg/*.c)))
VGG_FEATURES :=
VGG_LIBS :=
VGG_APP_LIBS :=
FLAGS_vgg := -I$(BUILD)
VGG_QUIET := $(and $(MAKECMDGOALS),$(if $(filter-out clean uninstall help,$(MAKECMDGOALS)),,quiet))

VGG_SEEK := $(if $(filter all,$(WITHOUT)),,$(if $(shell $(PKG_CONFIG) --version 2>/dev/null),yes))
ifeq ($(VGG_SEEK)$(filter all,$(WITHOUT))$(VGG_QUIET),)
$(info nonet: no $(PKG_CONFIG): all optional formats are off; apt-get install pkg-config)
endif

# name, pkg-config's name, macro NONET_HAVE_..., what it is for, Debian's package, variable for the libraries, program also needed
define vgg_feature
ifeq ($(VGG_SEEK)$(filter $(1),$(WITHOUT)),yes)
ifeq ($(shell $(PKG_CONFIG) --exists $(2) 2>/dev/null $(if $(7),&& command -v $(7) >/dev/null) && echo yes),yes)
VGG_FEATURES += $(1)
FLAGS_vgg += -DNONET_HAVE_$(3) $$(shell $(PKG_CONFIG) --cflags $(2))
$(6) += $$(shell $(PKG_CONFIG) --libs $(2))
else
$$(if $(VGG_QUIET),,$$(info nonet: no $(2)$(if $(7), or $(7)) ($(4)): that feature is off; apt-get install $(5)))
endif
endif
endef
$(eval $(call vgg_feature,cjson,libcjson,CJSON,.safetensors models,libcjson-dev,VGG_LIBS))
$(eval $(call vgg_feature,protobuf,libprotobuf-c,PROTOBUF_C,ONNX and Caffe models,libprotobuf-c-dev \
        protobuf-c-compiler,VGG_LIBS,protoc-c))
$(eval $(call vgg_feature,zip,libzip,LIBZIP,PyTorch .pth zip archives,libzip-dev,VGG_LIBS))
$(eval $(call vgg_feature,jpeg,libjpeg,JPEG,JPEG pictures,libjpeg-dev,VGG_APP_LIBS))
$(eval $(call vgg_feature,png,libpng,PNG,PNG pictures,libpng-dev,VGG_APP_LIBS))
$(eval $(call vgg_feature,zlib,zlib,ZLIB,gzipped IDX files,zlib1g-dev,VGG_APP_LIBS))
VGG_FEATURES := $(strip $(VGG_FEATURES))

ifneq ($(filter protobuf,$(VGG_FEATURES)),)
# These two are made by protoc-c under $(BUILD); all else of VGG_SRCS stands in vgg/.
VGG_PROTO := vgg/proto/onnx.pb-c vgg/proto/caffe.pb-c
VGG_SRCS += $(VGG_PROTOBUF_SRCS) $(addsuffix .c,$(VGG_PROTO))

$(addprefix $(BUILD)/vgg/,read_onnx.o onnx_values.o onnx_ops.o): $(BUILD)/vgg/proto/onnx.pb-c.h
$(addprefix $(BUILD)/vgg/,read_caffe.o caffe_layers.o caffe_blobs.o): $(BUILD)/vgg/proto/caffe.pb-c.h

$(BUILD)/vgg/proto/%.pb-c.c $(BUILD)/vgg/proto/%.pb-c.h: vgg/proto/%.proto
	@mkdir -p $(BUILD)
	protoc-c --proto_path=. --c_out=$(BUILD) $<
$(VGG_PROTO:%=$(BUILD)/%.o): $(BUILD)/%.o: $(BUILD)/%.c $(BUILD)/%.h $(BUILD)/flags
	$(COMPILE) $(FLAGS_vgg) -c $< -o $@
endif

# A library that was installed (or left out) since the last build is noticed.
$(patsubst %.c,$(BUILD)/%.o,$(VGG_SRCS) $(VGG_APP_SRCS)): $(BUILD)/vgg/features
.PHONY: vgg_features
$(BUILD)/vgg/features: vgg_features
	@mkdir -p $(@D)
	@echo '$(VGG_FEATURES)' | cmp -s - $@ || echo '$(VGG_FEATURES)' >$@
