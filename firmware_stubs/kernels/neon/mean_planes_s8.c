/* mean_planes_s8.c - the mean of every channel over height and width, eight channels at a time; the last
 * eight overlap those before where the channels are no multiple of eight. */
#include <assert.h>

#include "ek_neon.h"

/* Eight channels of `pixels` pixels, `next` bytes apart. */
static inline int8x8_t mean(const ek_mean_s8_t *p, const int8_t *x, int32_t pixels, int32_t next)
{
    const ek_neon_factor_t factor = ek_neon_factor(p->q);
    const ek_neon_range_t range = {p->output_zero, INT8_MIN, INT8_MAX};
    int32x4_t low = vdupq_n_s32(-pixels * p->input_zero), high = low;
    for (int32_t i = 0; i < pixels; i++, x += next) {
        const int16x8_t wide = vmovl_s8(vld1_s8(x));
        low = vaddw_s16(low, vget_low_s16(wide));
        high = vaddw_high_s16(high, wide);
    }
    return ek_neon_clamp(ek_neon_finish(low, factor, range), ek_neon_finish(high, factor, range),
                         range);
}

void ek_mean_planes_s8__neon(const ek_mean_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t pixels = p->extent[1] * p->extent[2], channels = p->extent[3];
    assert(!p->reduce[0] && p->reduce[1] && p->reduce[2] && !p->reduce[3] && channels >= 8);
    for (int32_t n = 0; n < p->extent[0]; n++, input += pixels * channels, output += channels) {
        for (int32_t c = 0; c < channels; c += 8) {
            const int32_t first = ek_min(c, channels - 8);
            vst1_s8(output + first, mean(p, input + first, pixels, channels));
        }
    }
}
