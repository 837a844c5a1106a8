/* ceil_f32.c - truncated, and one more where that rounded down. */
#include <assert.h>

#include "ek_kernels_f32.h"

static float ceil_of(float x)
{
    if (!(x > -8388608.0f && x < 8388608.0f)) return x; /* no digits behind the point, or NaN */
    const float cut = (float)(int32_t)x;
    return cut < x ? cut + 1.0f : cut;
}

void ek_ceil_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = ceil_of(x);
    }
}
