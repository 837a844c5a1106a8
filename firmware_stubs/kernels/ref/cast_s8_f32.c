/* cast_s8_f32.c - stored values as real numbers; true is 1. */
#include <assert.h>

#include "ek_kernels.h"

void ek_cast_s8_f32__ref(int32_t count, const int8_t *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = (float)input[i];
}
