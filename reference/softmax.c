/* softmax.c - soft-max of rows. The largest value is taken out first, so that exp cannot overflow. */
#include <math.h>
#include <stddef.h>
#include "reference/reference.h"

void reference_softmax(int rows, int classes, const double *x, double *out)
{
    for (int row = 0; row < rows; row++, x += classes, out += classes) {
        double top = x[0], sum = 0;

        for (int i = 1; i < classes; i++)
            top = fmax(top, x[i]);
        for (int i = 0; i < classes; i++)
            sum += exp(x[i] - top);
        for (int i = 0; i < classes; i++)
            out[i] = exp(x[i] - top) / sum;
    }
}
