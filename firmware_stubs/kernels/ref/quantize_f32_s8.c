/* quantize_f32_s8.c - the quotient is clamped while it is a float, so that huge inputs saturate. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_requant.h"

/* Ties away from zero; exact for |x| <= 2^22 without libm, because x - trunc(x) is exact. */
static int32_t round_half_away(float x)
{
    const int32_t whole = (int32_t)x;
    const float fraction = x - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f);
}

static int8_t quantize(float x, float scale, int32_t zero_point)
{
    const float limit = 1024.0f; /* beyond any int8 for any zero point */
    const float quotient = x / scale;
    if (quotient >= limit) return INT8_MAX;
    if (quotient <= -limit) return INT8_MIN;
    if (quotient != quotient) return (int8_t)zero_point; /* NaN */
    return (int8_t)ek_clamp(round_half_away(quotient) + zero_point, INT8_MIN, INT8_MAX);
}

void ek_quantize_f32_s8__ref(int32_t count, float scale, int32_t zero_point, const float *input,
                             int8_t *output)
{
    assert(count >= 0 && scale > 0.0f);
    assert(zero_point >= INT8_MIN && zero_point <= INT8_MAX);
    for (int32_t i = 0; i < count; i++) output[i] = quantize(input[i], scale, zero_point);
}
