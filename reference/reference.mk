# The oracle: plain C in double, compiled with the plain flags.
REFERENCE_SRCS := $(addprefix reference/,conv.c pool.c lrn.c softmax.c winograd.c)
