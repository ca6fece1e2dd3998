/* pool.c - maximum and mean over windows. */
#include <stddef.h>
#include "reference/reference.h"

void reference_maxpool(int maps, int h, int w, int ceil, const double *x, double *out)
{
    int oh = ceil ? (h + 1) / 2 : h / 2, ow = ceil ? (w + 1) / 2 : w / 2;

    for (int map = 0; map < maps; map++)
        for (int y = 0; y < oh; y++)
            for (int col = 0; col < ow; col++) {
                const double *from = x + (size_t)map * h * w;
                double best = from[2 * y * w + 2 * col];

                for (int i = 2 * y; i < 2 * y + 2 && i < h; i++)
                    for (int j = 2 * col; j < 2 * col + 2 && j < w; j++)
                        if (from[i * w + j] > best)
                            best = from[i * w + j];
                out[((size_t)map * oh + y) * ow + col] = best;
            }
}

void reference_avgpool(int maps, int h, int w, int oh, int ow, const double *x, double *out)
{
    for (int map = 0; map < maps; map++)
        for (int y = 0; y < oh; y++)
            for (int col = 0; col < ow; col++) {
                int top = y * h / oh, bottom = ((y + 1) * h + oh - 1) / oh;
                int left = col * w / ow, right = ((col + 1) * w + ow - 1) / ow;
                double sum = 0;

                for (int i = top; i < bottom; i++)
                    for (int j = left; j < right; j++)
                        sum += x[((size_t)map * h + i) * w + j];
                out[((size_t)map * oh + y) * ow + col] = sum / ((bottom - top) * (right - left));
            }
}
