/* execute.c - the hot call: checks what it was given and runs the plan's nest. */
#include "engine/plan.h"

nonet_status nonet_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, void *workspace)
{
    if (!plan || !weights || !src || !dst)
        return NONET_BAD_ARGUMENT;
    if (!workspace ? nonet_plan_workspace(plan) > 0 : (uintptr_t)workspace % NONET_ALIGNMENT != 0)
        return NONET_BAD_ARGUMENT;
    if (!nonet_packing_equal(&plan->packing, &weights->packing))
        return NONET_MISMATCH;
    switch (plan->nest) {
    case NEST_WINOGRAD:
        nonet_wino_execute(plan, weights, src, dst, workspace, NULL);
        break;
    case NEST_FC_VECTOR:
    case NEST_FC_MATRIX:
        nonet_fc_execute(plan, weights, src, dst, workspace);
        break;
    default:
        nonet_direct_execute(plan, weights, src, dst, workspace);
    }
    return NONET_OK;
}
