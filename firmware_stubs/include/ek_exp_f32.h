/* ek_exp_f32.h - exp(x), exp(x) - 1 in float32, without libm: the same bits on every machine.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) is a polynomial (relative error below 2^-22), and 2^n
 * goes into the exponent.
 */
#ifndef EK_EXP_F32_H
#define EK_EXP_F32_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* (exp(x) - 1) / x for |x| <= 1/2, Taylor's series to x^7. */
static inline float ek_expm1_over_x(float x)
{
    const float c7 = 1.0f / 5040, c6 = 1.0f / 720, c5 = 1.0f / 120, c4 = 1.0f / 24, c3 = 1.0f / 6;
    return ((((((c7 / 8 * x + c7) * x + c6) * x + c5) * x + c4) * x + c3) * x + 0.5f) * x + 1.0f;
}

/* x * 2^n, for -126 <= n <= 127. */
static inline float ek_scale_f32(float x, int32_t n)
{
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x * power;
}

/* Results below 2^-126 are 0, those above the largest float infinite; NaN stays NaN. */
static inline float ek_exp_f32(float x)
{
    if (x != x || x > 88.72f) return x * INFINITY;
    if (x < -87.33f) return 0.0f;
    const int32_t n = (int32_t)(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
    /* ln 2 in two parts, the first so short that its product with n is exact */
    const float r = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
    const float power = ek_expm1_over_x(r) * r + 1.0f;
    return n > 127 ? ek_scale_f32(power, 127) * 2.0f : ek_scale_f32(power, n);
}

static inline float ek_expm1_f32(float x)
{
    return x > -0.5f && x < 0.5f ? ek_expm1_over_x(x) * x : ek_exp_f32(x) - 1.0f;
}

#endif
