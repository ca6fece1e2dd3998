/* conv.c - one 3x3 convolution of 64 channels on a map of 56 x 56, with bias and ReLU: plan, pack, execute.
 * cc conv.c -lnonet -o conv */
#include <nonet.h>
#include <stdio.h>
#include <stdlib.h>

/* What was made before a failure is the system's to clean up here; a program that goes on calls the _destroy functions. */
static void need(nonet_status status, const char *what)
{
    if (status == NONET_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, nonet_status_string(status));
    exit(EXIT_FAILURE);
}

static float *numbers(size_t count, float scale)
{
    float *x = nonet_alloc(count * sizeof *x);

    if (!x)
        need(NONET_NO_MEMORY, "numbers");
    for (size_t i = 0; i < count; i++)
        x[i] = scale * (float)(i * 7 % 17) - 8 * scale;
    return x;
}

int main(void)
{
    nonet_conv problem = { .n = 1, .c = 64, .h = 56, .w = 56, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1, .relu = 1 };
    size_t floats = nonet_tensor_floats(NONET_NCHW, 1, 64, 56, 56);
    float *src = numbers(floats, 1.0f / 8), *dst = numbers(floats, 0);
    float *oihw = numbers(64 * 64 * 9, 1.0f / 256), *bias = numbers(64, -1);
    nonet_plan *plan;
    nonet_weights *weights;
    nonet_plan_info info;

    /* Every choice and every check happens here; NULL: the defaults of nonet_options. */
    need(nonet_plan_create(&plan, &problem, NULL), "plan");
    need(nonet_weights_pack(&weights, plan, oihw, bias), "weights");
    size_t bytes = nonet_plan_workspace(plan);
    void *workspace = nonet_alloc(bytes);
    if (bytes && !workspace)
        need(NONET_NO_MEMORY, "workspace");

    /* As often as you like; from several threads at once with a workspace for each. */
    need(nonet_execute(plan, weights, src, dst, workspace), "execute");
    nonet_plan_query(plan, &info);
    printf("%s, %s, %d threads: the first outputs are %g %g %g\n", nonet_algo_name(info.algo), nonet_isa_name(info.isa),
           info.threads, dst[0], dst[1], dst[2]);

    nonet_free(workspace, bytes);
    nonet_weights_destroy(weights);
    nonet_plan_destroy(plan);
    nonet_free(src, floats * sizeof *src);
    nonet_free(dst, floats * sizeof *dst);
    nonet_free(oihw, 64 * 64 * 9 * sizeof *oihw);
    nonet_free(bias, 64 * sizeof *bias);
    return EXIT_SUCCESS;
}
