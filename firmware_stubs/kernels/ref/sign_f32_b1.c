/* sign_f32_b1.c - 1 for what is negative, 32 to a word; -0 and NaN are not. */
#include <assert.h>

#include "ek_b1.h"

void ek_sign_f32_b1__ref(int32_t rows, int32_t channels, const float *input, uint32_t *output)
{
    assert(rows >= 0 && channels > 0);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t c = 0; c < channels; c += EK_B1_WORD) {
            const int32_t count = ek_min(EK_B1_WORD, channels - c);
            uint32_t word = 0;
            for (int32_t i = 0; i < count; i++) {
                word |= (uint32_t)(input[c + i] < 0.0f) << i;
            }
            *output++ = word;
        }
        input += channels;
    }
}
