/* vec_avx2.h - the vocabulary of vec.h in AVX2 and FMA3: 8 lanes. Include arch/vec.h, never this file. */
#ifndef NONET_VEC_AVX2_H
#define NONET_VEC_AVX2_H

#include <immintrin.h>

#define VL 8
#define VSUFFIX(name) name##_avx2

typedef __m256 vf;

VINLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

VINLINE void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}

VINLINE void vf_stream(float *p, vf x)
{
    vf_store(p, x);
}

VINLINE vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}

VINLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}

VINLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

VINLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

VINLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

VINLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

VINLINE vf vf_sqrt(vf x)
{
    return _mm256_sqrt_ps(x);
}

VINLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

VINLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

VINLINE vf vf_max(vf a, vf b)
{
    /* the instruction gives b for NaN and for two zeros, which is what a > b ? a : b gives */
    return _mm256_max_ps(a, b);
}

VINLINE vf vf_relu(vf x)
{
    /* the order counts: 0 > x ? 0 : x keeps NaN and -0 */
    return _mm256_max_ps(_mm256_setzero_ps(), x);
}

VINLINE vf vf_zero_lt(vf a, vf b, vf y)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NLT_UQ), y);
}

VINLINE vf vf_zero_eq(vf a, vf b, vf y)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ), y);
}

VINLINE vf vf_pow2(vf t)
{
    __m256i n = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_castps_si256(_mm256_set1_ps(1.0f))));
}

#endif
