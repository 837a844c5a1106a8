/* dequantize_s8_f32.c - the difference is exact in a float, so there is one rounding. */
#include <assert.h>

#include "ek_kernels.h"

void ek_dequantize_s8_f32__ref(int32_t count, float scale, int32_t zero_point, const int8_t *input,
                               float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = (float)(input[i] - zero_point) * scale;
}
