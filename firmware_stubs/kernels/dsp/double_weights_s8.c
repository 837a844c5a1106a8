/* double_weights_s8.c - weights widened and doubled, in the layout of ek_dsp_doubled.h. */
#include "ek_dsp_double.h"
#include "ek_dsp_doubled.h"

void ek_double_weights_s8__dsp(const int8_t *weights, const int32_t *finish, int32_t pairs,
                               int32_t channels, int32_t *y)
{
    for (; channels > 0; channels -= 2, weights += 4 * pairs, finish += 8) {
        *y++ = finish[0];
        *y++ = finish[1];
        y = ek_double_pair(weights, pairs, y);
        for (int32_t i = 2; i < EK_DOUBLED_WORDS; i++) *y++ = finish[i];
    }
}
