AUTOTUNE_SRCS := $(addprefix autotune/,machine.c predict.c candidates.c check.c contest.c tune.c compare.c explain.c)
