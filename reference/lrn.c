/* lrn.c - local response normalisation across channels. */
#include <math.h>
#include <stddef.h>
#include "reference/reference.h"

void reference_normalise(const reference_lrn *p, const double *x, double *out)
{
    size_t map = (size_t)p->h * p->w;

    for (int n = 0; n < p->n; n++)
        for (int c = 0; c < p->c; c++)
            for (size_t at = 0; at < map; at++) {
                const double *pixel = x + (size_t)n * p->c * map + at;
                double squares = 0;

                for (int i = c - p->size / 2; i <= c + p->size / 2; i++)
                    if (i >= 0 && i < p->c)
                        squares += pixel[i * map] * pixel[i * map];
                out[((size_t)n * p->c + c) * map + at] = pixel[c * map] / pow(p->k + p->alpha * squares, p->beta);
            }
}
