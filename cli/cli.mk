CLI_SRCS := $(wildcard cli/*.c cli/eval/*.c cli/explain/*.c)
# The command with MPI is a program of its own, nonet-mpi: it has ranks_mpi.c in the place of ranks_none.c.
CLI_SRCS := $(filter-out cli/eval/ranks_mpi.c,$(CLI_SRCS))
FLAGS_cli = -DNONET_FEATURES='"$(strip $(VGG_FEATURES))"'

NONET_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(CLI_SRCS) $(AUTOTUNE_SRCS) $(BENCH_SRCS) $(REFERENCE_SRCS) $(VGG_APP_SRCS))

$(BUILD)/nonet: $(NONET_OBJS) $(BUILD)/libnonet.a
	$(LINK) $(NONET_OBJS) $(BUILD)/libnonet.a -o $@ $(VGG_APP_LIBS) $(VGG_LIBS) $(LDLIBS)
$(BUILD)/cli/info.o: $(BUILD)/vgg/features

MPI = ompi-c
MPI_OBJS = $(filter-out %/ranks_none.o,$(NONET_OBJS)) $(BUILD)/cli/eval/ranks_mpi.o
.PHONY: mpi
mpi: $(BUILD)/nonet-mpi ## the command with MPI (Open MPI): mpirun -n N build/nonet-mpi eval ...
$(BUILD)/cli/eval/ranks_mpi.o: FLAGS_cli = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(MPI)))
$(BUILD)/nonet-mpi: $(MPI_OBJS) $(BUILD)/libnonet.a
	@$(PKG_CONFIG) --exists $(MPI) || { echo 'nonet: no $(MPI): apt-get install libopenmpi-dev openmpi-bin' >&2; exit 1; }
	$(LINK) $(MPI_OBJS) $(BUILD)/libnonet.a -o $@ $$($(PKG_CONFIG) --libs $(MPI)) $(VGG_APP_LIBS) $(VGG_LIBS) $(LDLIBS)
