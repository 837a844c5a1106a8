/* lut_s8.c - eight lookups a turn, so that pointers and loop are paid for once in eight. */
#include "ek_kernels_any.h"

void ek_lut_s8__any(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output)
{
    const int8_t *const middle = table + 128;
    for (; count >= 8; count -= 8, input += 8, output += 8) {
        output[0] = middle[input[0]];
        output[1] = middle[input[1]];
        output[2] = middle[input[2]];
        output[3] = middle[input[3]];
        output[4] = middle[input[4]];
        output[5] = middle[input[5]];
        output[6] = middle[input[6]];
        output[7] = middle[input[7]];
    }
    for (; count > 0; count--) *output++ = middle[*input++];
}
