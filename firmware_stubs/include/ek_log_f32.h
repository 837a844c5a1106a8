/* ek_log_f32.h - log(x) and the root in float32, without libm: the same bits on every machine. */
#ifndef EK_LOG_F32_H
#define EK_LOG_F32_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float ek_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t ek_bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* x = m * 2^n with m in [1/sqrt 2, sqrt 2), and log m = 2 atanh s, s = (m - 1) / (m + 1), as a
 * series to s^9. Below 2^-126 x counts as 0. */
static inline float ek_log_f32(float x)
{
    if (!(x >= 1.17549435e-38f)) return x >= 0.0f ? -INFINITY : NAN;
    if (x == INFINITY) return x;
    const uint32_t bits = ek_bits_of(x) - 0x3F3504F3; /* less 1/sqrt 2 */
    const int32_t n = (int32_t)bits >> 23;
    const float m = ek_float_of((bits & 0x007FFFFF) + 0x3F3504F3);
    const float s = (m - 1.0f) / (m + 1.0f), t = s * s;
    const float tail = ((2.0f / 9 * t + 2.0f / 7) * t + 2.0f / 5) * t + 2.0f / 3;
    return (float)n * 0.693359375f + (2.0f * s + (tail * t * s - (float)n * 2.12194440e-4f));
}

/* A guess from halving the exponent, then three Newton steps. */
static inline float ek_sqrt_f32(float x)
{
    if (!(x >= 1.17549435e-38f)) return x >= 0.0f ? 0.0f : NAN;
    if (x == INFINITY) return x;
    float y = ek_float_of((ek_bits_of(x) >> 1) + 0x1FBD1DF5);
    for (int step = 0; step < 3; step++) y = 0.5f * (y + x / y);
    return y;
}

#endif
