/* round_f32.c - to the nearest integer, of two equally near ones the even. */
#include <assert.h>

#include "ek_kernels_f32.h"

static float round_of(float x)
{
    if (!(x > -8388608.0f && x < 8388608.0f)) return x; /* no digits behind the point, or NaN */
    const int32_t cut = (int32_t)x;
    const float rest = x - (float)cut;
    const int32_t away = rest < 0.0f ? -1 : 1;
    const float distance = rest < 0.0f ? -rest : rest;
    return (float)(distance > 0.5f || (distance >= 0.5f && cut % 2 != 0) ? cut + away : cut);
}

void ek_round_f32__ref(int32_t count, const float *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = round_of(x);
    }
}
