/* wino_f4.h - the lines of Winograd F(4x4,3x3), one dimension of its transforms; matrices and points are in wino_f4.c. */
#ifndef NONET_TMPL_WINO_F4_H
#define NONET_TMPL_WINO_F4_H
#include "arch/vec.h"

enum { M = 4, A = 6 };

#define PA 0.75f
#define PB 1.5f

/* Input: the rows of 0 (d0, d2, d4) and of infinity (d1, d3, d5). */
VINLINE vf in_end(vf low, vf mid, vf high)
{
    return vf_fnma(vf_set1(PA * PA + PB * PB), mid, vf_fma(vf_set1(PA * PA * PB * PB), low, high));
}

/* Input: the rows of p and -p; other is the square of the other point. */
VINLINE void in_pair(vf d1, vf d2, vf d3, vf d4, float p, float other, vf *plus, vf *minus)
{
    vf even = vf_fnma(vf_set1(other), d2, d4), odd = vf_fnma(vf_set1(other), d1, d3);

    *plus = vf_fma(vf_set1(p), odd, even);
    *minus = vf_fnma(vf_set1(p), odd, even);
}

/* Output: 0 and 2, of the even powers. */
VINLINE void out_even(vf m0, vf m1, vf m2, vf m3, vf m4, vf *y0, vf *y2)
{
    vf sum_a = vf_add(m1, m2), sum_b = vf_add(m3, m4);

    *y0 = vf_add(m0, vf_add(sum_a, sum_b));
    *y2 = vf_fma(vf_set1(PB * PB), sum_b, vf_mul(vf_set1(PA * PA), sum_a));
}

/* Output: 1 and 3, of the odd powers. */
VINLINE void out_odd(vf m1, vf m2, vf m3, vf m4, vf m5, vf *y1, vf *y3)
{
    vf dif_a = vf_sub(m1, m2), dif_b = vf_sub(m3, m4);

    *y1 = vf_fma(vf_set1(PB), dif_b, vf_mul(vf_set1(PA), dif_a));
    *y3 = vf_fma(vf_set1(PA * PA * PA), dif_a, vf_fma(vf_set1(PB * PB * PB), dif_b, m5));
}

#endif
