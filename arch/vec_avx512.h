/* vec_avx512.h - the vocabulary of vec.h in AVX-512: 16 lanes. Include arch/vec.h, never this file. */
#ifndef NONET_VEC_AVX512_H
#define NONET_VEC_AVX512_H

#include <immintrin.h>

#define VL 16
#define VSUFFIX(name) name##_avx512

typedef __m512 vf;

VINLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

VINLINE void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

VINLINE void vf_stream(float *p, vf x)
{
    _mm512_stream_ps(p, x);
}

VINLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

VINLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}

VINLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

VINLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

VINLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

VINLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

VINLINE vf vf_sqrt(vf x)
{
    return _mm512_sqrt_ps(x);
}

VINLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

VINLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

VINLINE vf vf_max(vf a, vf b)
{
    /* the instruction gives b for NaN and for two zeros, which is what a > b ? a : b gives */
    return _mm512_max_ps(a, b);
}

VINLINE vf vf_relu(vf x)
{
    /* the order counts: 0 > x ? 0 : x keeps NaN and -0 */
    return _mm512_max_ps(_mm512_setzero_ps(), x);
}

VINLINE vf vf_zero_lt(vf a, vf b, vf y)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ), y);
}

VINLINE vf vf_zero_eq(vf a, vf b, vf y)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ), y);
}

VINLINE vf vf_pow2(vf t)
{
    __m512i n = _mm512_slli_epi32(_mm512_castps_si512(t), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_castps_si512(_mm512_set1_ps(1.0f))));
}

#endif
