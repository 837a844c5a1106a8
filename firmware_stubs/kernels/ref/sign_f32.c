/* sign_f32.c - -1, 0 or 1. */
#include <assert.h>

#include "ek_kernels_f32.h"

void ek_sign_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = (float)((x > 0.0f) - (x < 0.0f));
    }
}
