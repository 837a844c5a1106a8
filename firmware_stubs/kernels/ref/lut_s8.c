/* lut_s8.c - any elementwise function of an int8 is a table of 256. */
#include <assert.h>

#include "ek_kernels.h"

void ek_lut_s8__ref(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output)
{
    assert(count >= 0);
    for (int32_t i = 0; i < count; i++) output[i] = table[input[i] + 128];
}
