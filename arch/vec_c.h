/* vec_c.h - the vocabulary of vec.h in portable C: one lane. Include arch/vec.h, never this file. */
#ifndef NONET_VEC_C_H
#define NONET_VEC_C_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define VL 1
#define VSUFFIX(name) name##_c

typedef float vf;

VINLINE vf vf_load(const float *p)
{
    return *p;
}

VINLINE void vf_store(float *p, vf x)
{
    *p = x;
}

VINLINE void vf_stream(float *p, vf x)
{
    vf_store(p, x);
}

VINLINE vf vf_set1(float x)
{
    return x;
}

VINLINE vf vf_zero(void)
{
    return 0.0f;
}

VINLINE vf vf_add(vf a, vf b)
{
    return a + b;
}

VINLINE vf vf_sub(vf a, vf b)
{
    return a - b;
}

VINLINE vf vf_mul(vf a, vf b)
{
    return a * b;
}

VINLINE vf vf_div(vf a, vf b)
{
    return a / b;
}

VINLINE vf vf_sqrt(vf x)
{
    return sqrtf(x);
}

VINLINE vf vf_fma(vf a, vf b, vf c)
{
    return fmaf(a, b, c);
}

VINLINE vf vf_fnma(vf a, vf b, vf c)
{
    return fmaf(-a, b, c);
}

VINLINE vf vf_max(vf a, vf b)
{
    return a > b ? a : b;
}

VINLINE vf vf_relu(vf x)
{
    return x < 0 ? 0 : x;
}

VINLINE vf vf_zero_lt(vf a, vf b, vf y)
{
    return a < b ? 0 : y;
}

VINLINE vf vf_zero_eq(vf a, vf b, vf y)
{
    return a == b ? 0 : y;
}

VINLINE vf vf_pow2(vf t)
{
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    memcpy(&t, &bits, sizeof bits);
    return t;
}

#endif
