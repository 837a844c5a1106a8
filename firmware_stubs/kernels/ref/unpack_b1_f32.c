/* unpack_b1_f32.c - packed signs as +1 and -1. */
#include <assert.h>
#include <stdbool.h>

#include "ek_b1.h"

void ek_unpack_b1_f32__ref(int32_t rows, int32_t channels, const uint32_t *input, float *output)
{
    assert(rows >= 0 && channels > 0);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t c = 0; c < channels; c++) {
            const bool negative = input[c / EK_B1_WORD] >> c % EK_B1_WORD & 1u;
            *output++ = negative ? -1.0f : 1.0f;
        }
        input += ek_b1_words(channels);
    }
}
