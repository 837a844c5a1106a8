/* sign_s8_b1.c - 1 for what lies below the zero point: the predicate of 16 comparisons is their bits. */
#include <assert.h>

#include "ek_mve_b1_signs.h"

void ek_sign_s8_b1__mve(int32_t rows, int32_t channels, int32_t zero, const int8_t *input,
                        uint32_t *output)
{
    assert(rows >= 0 && channels > 0);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t left = channels; left > 0; left -= EK_B1_WORD, input += EK_B1_WORD) {
            const uint32_t word = ek_mve_below(input, zero, left);
            *output++ = left > 16 ? word | ek_mve_below(input + 16, zero, left - 16) << 16 : word;
        }
        input -= (channels + EK_B1_WORD - 1) / EK_B1_WORD * EK_B1_WORD - channels;
    }
}
