/* gelu_tanh_f32.c - (1 + tanh u) / 2 is the logistic function of 2 u. */
#include <assert.h>

#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"

static float gelu(float x)
{
    const float u = 1.59576912f * (x + 0.044715f * x * x * x); /* 2 root(2 / pi) */
    const float power = ek_exp_f32(u < 0.0f ? u : -u);
    return x * (u < 0.0f ? power : 1.0f) / (1.0f + power);
}

void ek_gelu_tanh_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = gelu(x);
    }
}
