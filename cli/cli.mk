CLI_SRCS := $(wildcard cli/*.c cli/eval/*.c)
CLI_MPI_SRCS := cli/eval/ranks_mpi.c            # in the place of ranks_none.c: make mpi
CLI_SRCS := $(filter-out $(CLI_MPI_SRCS),$(CLI_SRCS))
FLAGS_cli = -DNONET_FEATURES='"$(strip $(VGG_FEATURES))"'

NONET_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(CLI_SRCS) $(BENCH_SRCS) $(REFERENCE_SRCS) $(VGG_APP_SRCS))

$(BUILD)/nonet: $(NONET_OBJS) $(BUILD)/libnonet.a
	$(CC) $(NONET_OBJS) $(BUILD)/libnonet.a -o $@ $(VGG_APP_LIBS) $(VGG_LIBS) $(LDLIBS)
$(BUILD)/cli/info.o: $(BUILD)/vgg/features
