BENCH_SRCS := $(addprefix bench/,timer.c stats.c pin.c data.c peak.c bounds.c host.c emit.c report.c table.c json.c \
              kernel_list.c layer_bench.c net_bench.c)
