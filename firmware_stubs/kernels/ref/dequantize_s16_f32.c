/* dequantize_s16_f32.c - an int16 is exact in a float, so there is one rounding. */
#include <assert.h>

#include "ek_kernels_s16.h"

void ek_dequantize_s16_f32__ref(int32_t count, float scale, const int16_t *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = (float)input[i] * scale;
}
