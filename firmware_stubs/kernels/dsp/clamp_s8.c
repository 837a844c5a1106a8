/* clamp_s8.c - clamps bytes to low..high, four at a time. Outputs are saturated to int8 already; only a
 * narrower range is left to do. */
#include "ek_dsp.h"

void ek_clamp_s8__dsp(int8_t *y, int32_t count, int32_t low, int32_t high)
{
    if (low == INT8_MIN && high == INT8_MAX) return;
    const uint32_t lows = 0x01010101u * (uint8_t)low, highs = 0x01010101u * (uint8_t)high;
    for (; count >= 4; count -= 4, y += 4) {
        const uint32_t word = ek_min_s8x4(ek_max_s8x4(ek_load4(y), lows), highs);
        memcpy(y, &word, sizeof word);
    }
    for (; count > 0; count--, y++) *y = (int8_t)(*y < low ? low : *y > high ? high : *y);
}
