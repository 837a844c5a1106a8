/* leaky_relu_f32.c - a negative x is multiplied by alpha. */
#include <assert.h>

#include "ek_kernels_f32.h"

void ek_leaky_relu_f32__ref(int32_t count, float alpha, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x >= 0.0f ? x : x * alpha;
    }
}
