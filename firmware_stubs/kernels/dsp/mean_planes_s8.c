/* mean_planes_s8.c - the mean of every channel over height and width, four channels at a time.
 *
 * Sums are int16 lanes for at most 255 pixels, then join those of 32 bits.
 */
#include <assert.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"
#include "ek_requant.h"

enum { LANES = 4, FEW = 255 /* of which -128 fits a lane */ };

/* Adds `count` pixels, `next` bytes apart, to the sums of up to four channels. */
EK_INLINE void add_pixels(int32_t sums[LANES], const int8_t *x, int32_t count, int32_t next,
                          int32_t channels)
{
    while (count > 0) {
        int32_t even = 0, odd = 0;
        for (int32_t left = count < FEW ? count : FEW; left > 0; left--, x += next) {
            const uint32_t four = channels >= LANES ? ek_load4(x) : ek_load_tail(x, channels);
            even = ek_sxtab16(even, four);
            odd = ek_sxtab16_odd(odd, four);
        }
        count -= FEW;
        sums[0] += (int16_t)even;
        sums[1] += (int16_t)odd;
        sums[2] += even >> 16;
        sums[3] += odd >> 16;
    }
}

void ek_mean_planes_s8__dsp(const ek_mean_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t pixels = p->extent[1] * p->extent[2], channels = p->extent[3];
    const int32_t zeros = pixels * p->input_zero;
    assert(!p->reduce[0] && p->reduce[1] && p->reduce[2] && !p->reduce[3]);
    for (int32_t n = 0; n < p->extent[0]; n++, input += pixels * channels) {
        for (int32_t c = 0; c < channels; c += LANES) {
            int32_t sums[LANES] = {0, 0, 0, 0};
            const int32_t left = channels - c;
            if (left >= LANES) {
                add_pixels(sums, input + c, pixels, channels, LANES);
            } else {
                add_pixels(sums, input + c, pixels, channels, left);
            }
            for (int32_t l = 0; l < LANES && l < left; l++) {
                *output++ = ek_requant_s8(sums[l] - zeros, p->q, p->output_zero, INT8_MIN, INT8_MAX);
            }
        }
    }
}
