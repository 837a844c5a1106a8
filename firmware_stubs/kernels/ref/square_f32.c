/* square_f32.c - times itself. */
#include <assert.h>

#include "ek_kernels_f32.h"

void ek_square_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x * x;
    }
}
