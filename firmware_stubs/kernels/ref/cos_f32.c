/* cos_f32.c - a sine a quarter turn further. */
#include <assert.h>

#include "ek_kernels_f32.h"
#include "ek_turn_f32.h"

void ek_cos_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = ek_sin_f32(x, 1);
    }
}
