ENGINE_SRCS := $(addprefix engine/,status.c choose.c plan.c pack.c transpose.c weights.c execute.c \
               profile.c profile_row.c profile_text.c profile_file.c view.c tensor.c direct.c fc.c wino_tiles.c \
               wino_plan.c wino_task.c wino_in.c wino_multiply.c wino_out.c pair.c chain.c chain_run.c layers.c)
FLAGS_engine := -O3 -fno-math-errno -fno-trapping-math $(HINTS)
