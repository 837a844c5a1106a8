/* unpack_b1_s8.c - packed signs as two values of int8. */
#include <assert.h>
#include <stdbool.h>

#include "ek_b1.h"

void ek_unpack_b1_s8__ref(int32_t rows, int32_t channels, int32_t plus, int32_t minus,
                           const uint32_t *input, int8_t *output)
{
    assert(rows >= 0 && channels > 0);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t c = 0; c < channels; c++) {
            const bool negative = input[c / EK_B1_WORD] >> c % EK_B1_WORD & 1u;
            *output++ = (int8_t)(negative ? minus : plus);
        }
        input += ek_b1_words(channels);
    }
}
