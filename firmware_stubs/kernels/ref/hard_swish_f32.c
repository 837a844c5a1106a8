/* hard_swish_f32.c - x times a ramp from -3 to 3. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"

void ek_hard_swish_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x * ek_clamp_float(x + 3.0f, 0.0f, 6.0f) / 6.0f;
    }
}
