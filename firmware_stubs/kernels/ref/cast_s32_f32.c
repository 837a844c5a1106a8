/* cast_s32_f32.c - the nearest float. */
#include <assert.h>

#include "ek_kernels.h"

void ek_cast_s32_f32__ref(int32_t count, const int32_t *input, float *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = (float)input[i];
}
