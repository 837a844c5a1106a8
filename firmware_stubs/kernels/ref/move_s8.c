/* move_s8.c - 16 bytes at a time are read before they are written, so a lower address is safe. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

void ek_move_s8__ref(int32_t count, const int8_t *input, int8_t *output)
{
    assert(count >= 0 && output <= input);
    for (; count >= 16; count -= 16, input += 16, output += 16) {
        int8_t some[16];
        memcpy(some, input, sizeof some);
        memcpy(output, some, sizeof some);
    }
    for (int32_t i = 0; i < count; i++) output[i] = input[i];
}
