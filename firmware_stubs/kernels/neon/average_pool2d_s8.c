/* average_pool2d_s8.c - the mean of the window's taps inside the input, ties away from zero.
 *
 * The division is one of floats, and exact: with up to 2^16 taps a sum, moved by half of them, is an
 * integer n below 2^24. Where taps do not divide n, the quotient lies at least 1 / taps below the
 * next integer, and n / taps < 2^24 / taps keeps that more than half a unit in the last place, so
 * cutting it off gives the integer quotient.
 */
#include "ek_neon_pool.h"

static inline int32x4_t divide_rounding(int32x4_t sum, int32_t count)
{
    /* half, or -half where sum is negative: (half ^ sign) - sign */
    const int32x4_t sign = vshrq_n_s32(sum, 31);
    const int32x4_t half = vsubq_s32(veorq_s32(vdupq_n_s32(count / 2), sign), sign);
    const float32x4_t dividend = vcvtq_f32_s32(vaddq_s32(sum, half));
    return vcvtq_s32_f32(vdivq_f32(dividend, vdupq_n_f32((float)count)));
}

static inline int8x8_t mean(ek_neon_patch_t patch)
{
    int32x4_t low = vdupq_n_s32(0), high = low;
    for (int32_t i = 0; i < patch.rows; i++) {
        const int8_t *x = patch.at + i * patch.row;
        for (int32_t j = 0; j < patch.columns; j++) {
            const int16x8_t wide = vmovl_s8(vld1_s8(x + j * patch.column));
            low = vaddw_s16(low, vget_low_s16(wide));
            high = vaddw_high_s16(high, wide);
        }
    }
    const int32_t count = patch.rows * patch.columns;
    return vmovn_s16(vcombine_s16(vmovn_s32(divide_rounding(low, count)),
                                  vmovn_s32(divide_rounding(high, count))));
}

void ek_average_pool2d_s8__neon(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    ek_neon_pool(mean, p, input, output);
}
