/* tanh_f32.c - from exp(2x) - 1, so that small values keep their digits. */
#include <assert.h>

#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"

static float hyperbolic_tangent(float x)
{
    if (x > 10.0f) return 1.0f;
    if (x < -10.0f) return -1.0f;
    const float power = ek_expm1_f32(2.0f * x);
    return power / (power + 2.0f);
}

void ek_tanh_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = hyperbolic_tangent(x);
    }
}
