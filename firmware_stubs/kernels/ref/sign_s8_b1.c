/* sign_s8_b1.c - 1 for what lies below the zero point, 32 to a word. */
#include <assert.h>

#include "ek_b1.h"

void ek_sign_s8_b1__ref(int32_t rows, int32_t channels, int32_t zero, const int8_t *input,
                         uint32_t *output)
{
    assert(rows >= 0 && channels > 0);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t c = 0; c < channels; c += EK_B1_WORD) {
            const int32_t count = ek_min(EK_B1_WORD, channels - c);
            uint32_t word = 0;
            for (int32_t i = 0; i < count; i++) {
                word |= (uint32_t)(input[c + i] < zero) << i;
            }
            *output++ = word;
        }
        input += channels;
    }
}
