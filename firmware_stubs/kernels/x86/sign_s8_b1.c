/* sign_s8_b1.c - 1 for what lies below the zero point: two comparisons pack a word. */
#include <assert.h>

#include "ek_kernels_x86_b1.h"
#include "ek_x86_b1.h"

static uint32_t pack_some(const int8_t *x, int32_t count, int32_t zero)
{
    uint32_t bits = 0;
    for (int32_t i = 0; i < count; i++) bits |= (uint32_t)(x[i] < zero) << i;
    return bits;
}

void ek_sign_s8_b1__x86(int32_t rows, int32_t channels, int32_t zero, const int8_t *input,
                        uint32_t *output)
{
    assert(zero >= INT8_MIN && zero <= INT8_MAX);
    const int32_t whole = channels / EK_B1_WORD * EK_B1_WORD;
    for (int32_t r = 0; r < rows; r++, input += channels) {
        for (int32_t c = 0; c < whole; c += EK_B1_WORD) *output++ = ek_x86_signs(input + c, zero);
        if (whole < channels) *output++ = pack_some(input + whole, channels - whole, zero);
    }
}
