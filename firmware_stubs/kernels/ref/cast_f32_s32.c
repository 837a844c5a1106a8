/* cast_f32_s32.c - cut off towards zero. */
#include <assert.h>

#include "ek_kernels.h"

/* What is beyond an int32 becomes its end, and what is no number 0. */
static int32_t cut(float x)
{
    if (x >= 2147483648.0f) return INT32_MAX;
    if (x <= -2147483648.0f) return INT32_MIN;
    return x == x ? (int32_t)x : 0;
}

void ek_cast_f32_s32__ref(int32_t count, const float *input, int32_t *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = cut(input[i]);
}
