/* quantize_f32_s16.c - the quotient is clamped while it is a float, so that huge inputs saturate. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant.h"

/* Ties away from zero; exact for |x| <= 2^22 without libm, because x - trunc(x) is exact. */
static int32_t round_half_away(float x)
{
    const int32_t whole = (int32_t)x;
    const float fraction = x - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f);
}

static int16_t quantize(float x, float scale)
{
    const float quotient = x / scale;
    if (quotient >= 32768.0f) return INT16_MAX;
    if (quotient <= -32769.0f) return INT16_MIN;
    if (quotient != quotient) return 0; /* NaN */
    return (int16_t)ek_clamp(round_half_away(quotient), INT16_MIN, INT16_MAX);
}

void ek_quantize_f32_s16__ref(int32_t count, float scale, const float *input, int16_t *output)
{
    assert(count >= 0 && scale > 0.0f);
    for (int32_t i = 0; i < count; i++) output[i] = quantize(input[i], scale);
}
