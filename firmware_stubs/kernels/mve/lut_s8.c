/* lut_s8.c - 16 lookups at once: a gathering load whose offsets are the values, moved up by 128. */
#include "ek_mve.h"

static inline uint8x16_t offsets(uint8x16_t x) { return veorq_u8(x, vdupq_n_u8(0x80)); }

void ek_lut_s8__mve(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output)
{
    const uint8_t *x = (const uint8_t *)input;
    for (; count >= 16; count -= 16, x += 16, output += 16) {
        vstrbq_s8(output, vldrbq_gather_offset_s8(table, offsets(vldrbq_u8(x))));
    }
    if (count > 0) {
        const mve_pred16_t lanes = vctp8q((uint32_t)count);
        const uint8x16_t at = offsets(vldrbq_z_u8(x, lanes));
        vstrbq_p_s8(output, vldrbq_gather_offset_z_s8(table, at, lanes), lanes);
    }
}
