/* cast_s8_s32.c - the same number in 32 bits; true is 1. */
#include <assert.h>

#include "ek_kernels.h"

void ek_cast_s8_s32__ref(int32_t count, const int8_t *input, int32_t *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = input[i];
}
