/* logistic_f32.c - exp of negative numbers only, so that nothing overflows. */
#include <assert.h>

#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"

static float logistic(float x)
{
    const float power = ek_exp_f32(x < 0.0f ? x : -x);
    return (x < 0.0f ? power : 1.0f) / (1.0f + power);
}

void ek_logistic_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = logistic(x);
    }
}
