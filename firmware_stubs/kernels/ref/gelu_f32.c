/* gelu_f32.c - x times the share of a normal distribution below it. */
#include <assert.h>

#include "ek_kernels_f32.h"
#include "ek_normal_f32.h"

void ek_gelu_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x * ek_normal_f32(x);
    }
}
