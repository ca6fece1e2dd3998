/* vec_neon.h - the vocabulary of vec.h in AArch64 Advanced SIMD: 4 lanes. Include arch/vec.h, never this file. */
#ifndef NONET_VEC_NEON_H
#define NONET_VEC_NEON_H

#include <arm_neon.h>

#define VL 4
#define VSUFFIX(name) name##_neon

typedef float32x4_t vf;

VINLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

VINLINE void vf_store(float *p, vf x)
{
    vst1q_f32(p, x);
}

VINLINE void vf_stream(float *p, vf x)
{
    vf_store(p, x);
}

VINLINE vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}

VINLINE vf vf_zero(void)
{
    return vdupq_n_f32(0.0f);
}

VINLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

VINLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

VINLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

VINLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

VINLINE vf vf_sqrt(vf x)
{
    return vsqrtq_f32(x);
}

VINLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

VINLINE vf vf_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
}

VINLINE vf vf_max(vf a, vf b)
{
    /* not FMAX, which orders zeros and spreads NaN */
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

VINLINE vf vf_relu(vf x)
{
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), vcltzq_f32(x)));
}

VINLINE vf vf_zero_lt(vf a, vf b, vf y)
{
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), vcltq_f32(a, b)));
}

VINLINE vf vf_zero_eq(vf a, vf b, vf y)
{
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), vceqq_f32(a, b)));
}

VINLINE vf vf_pow2(vf t)
{
    int32x4_t n = vshlq_n_s32(vreinterpretq_s32_f32(t), 23);
    return vreinterpretq_f32_s32(vaddq_s32(n, vdupq_n_s32(0x3f800000)));
}

#endif
