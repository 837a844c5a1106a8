/* clamp_f32.c - the activations that are limits. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"

void ek_clamp_f32__ref(int32_t count, float low, float high, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = ek_clamp_float(x, low, high);
    }
}
