/* tensor.c - sizes of tensors, and copies between layouts. */
#include <string.h>
#include "engine/view.h"

size_t nonet_tensor_floats(nonet_layout layout, int n, int c, int h, int w)
{
    size_t lanes = layout == NONET_NCHW16C ? NONET_L : 1;
    if (n < 1 || c < 1 || h < 1 || w < 1)
        return 0;
    size_t dims[] = { ((size_t)c + lanes - 1) / lanes * lanes, (size_t)h, (size_t)w }, floats = (size_t)n;
    for (int i = 0; i < 3; i++) {
        if (floats > SIZE_MAX / sizeof(float) / dims[i])
            return SIZE_MAX;
        floats *= dims[i];
    }
    return floats;
}

/* Rows pass through a buffer of this many 16-channel pixels. */
enum { RUN = 64 };

static void reorder_row(const nonet_view *from, const nonet_view *to, const float *src, float *dst, int n, int cb, int y)
{
    float row[RUN * NONET_L];
    for (int x = 0; x < from->w; x += RUN) {
        int count = from->w - x < RUN ? from->w - x : RUN;
        nonet_gather_row(from, src, n, cb, y, x, count, row);
        nonet_scatter_row(to, dst, n, cb, y, x, count, row);
    }
}

nonet_status nonet_reorder(int n, int c, int h, int w, nonet_layout from, const float *src, nonet_layout to, float *dst)
{
    if (!src || !dst || !nonet_dims_ok(n, c, h, w) || (unsigned)from > NONET_NCHW16C || (unsigned)to > NONET_NCHW16C)
        return NONET_BAD_ARGUMENT;
    nonet_view in = { from, c, h, w }, out = { to, c, h, w };
    for (int i = 0; i < n; i++)
        for (int cb = 0; cb < (c + NONET_L - 1) / NONET_L; cb++)
            for (int y = 0; y < h; y++)
                reorder_row(&in, &out, src, dst, i, cb, y);
    return NONET_OK;
}
