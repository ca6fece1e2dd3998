/* status.c - names and sentences. */
#include "nonet.h"

const char *nonet_status_string(nonet_status status)
{
    static const char *const text[NONET_STATUS_COUNT] = {
        [NONET_OK] = "success",
        [NONET_BAD_ARGUMENT] =
            "an argument is wrong: a null pointer, a dimension below 1 or beyond the limits, an unknown enumerator",
        [NONET_UNSUPPORTED] = "no kernel of this library computes this problem",
        [NONET_NOT_APPLICABLE] = "the named algorithm cannot compute this problem",
        [NONET_NO_MEMORY] = "not enough memory",
        [NONET_BAD_ISA] = ("the instruction set named (NONET_ISA, nonet_isa_limit or the options) is unknown, not in this CPU, "
                           "or above the limit"),
        [NONET_MISMATCH] = "the weights were packed for another plan",
        [NONET_BAD_PROFILE] = "the profile cannot be read or written, is damaged, or was made for another machine or version",
    };
    return (unsigned)status < NONET_STATUS_COUNT ? text[status] : "unknown status";
}

const char *nonet_version(void)
{
    return NONET_VERSION;
}

const char *nonet_fc_weights_name(nonet_fc_weights type)
{
    static const char *const names[NONET_FC_COUNT] = { "f32", "bf16" };
    return (unsigned)type < NONET_FC_COUNT ? names[type] : "unknown";
}

const char *nonet_weight_form_name(nonet_weight_form form)
{
    static const char *const names[NONET_WEIGHTS_COUNT] = { "auto", "packed", "expanded" };
    return (unsigned)form < NONET_WEIGHTS_COUNT ? names[form] : "unknown";
}

const char *nonet_algo_name(nonet_algo algo)
{
    static const char *const names[NONET_ALGO_COUNT] = { "auto", "direct", "winograd-f2", "winograd-f4", "winograd-f6" };
    return (unsigned)algo < NONET_ALGO_COUNT ? names[algo] : "unknown";
}
