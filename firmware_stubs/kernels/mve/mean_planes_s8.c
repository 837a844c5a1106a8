/* mean_planes_s8.c - the mean of every channel over height and width, 16 channels at a time.
 *
 * Sums are int16 for at most 255 pixels, even and odd channels apart, then join those of 32 bits:
 * channels 0 4 8 12, 2 6 10 14, 1 5 9 13 and 3 7 11 15, which narrowing interleaves back.
 */
#include "ek_mve_runs.h"
#include "ek_requant.h"

enum { FEW = 255 /* pixels whose -128 fit an int16 */ };

typedef struct {
    int32x4_t by_fours[4];
} sums_t;

static inline void add_pixels(sums_t *sums, const int8_t *x, int32_t pixels, int32_t next,
                              mve_pred16_t lanes)
{
    int16x8_t even = vdupq_n_s16(0), odd = even;
    for (; pixels > 0; pixels--, x += next) {
        const int8x16_t v = vldrbq_z_s8(x, lanes);
        even = vaddq_s16(even, vmovlbq_s8(v));
        odd = vaddq_s16(odd, vmovltq_s8(v));
    }
    sums->by_fours[0] = vaddq_s32(sums->by_fours[0], vmovlbq_s16(even));
    sums->by_fours[1] = vaddq_s32(sums->by_fours[1], vmovltq_s16(even));
    sums->by_fours[2] = vaddq_s32(sums->by_fours[2], vmovlbq_s16(odd));
    sums->by_fours[3] = vaddq_s32(sums->by_fours[3], vmovltq_s16(odd));
}

void ek_mean_planes_s8__mve(const ek_mean_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t pixels = p->extent[1] * p->extent[2], channels = p->extent[3];
    const ek_mve_range_t range = {p->output_zero, INT8_MIN, INT8_MAX};
    for (int32_t n = 0; n < p->extent[0]; n++, input += pixels * channels, output += channels) {
        for (int32_t c = 0; c < channels; c += 16) {
            const mve_pred16_t lanes = vctp8q((uint32_t)(channels - c));
            const int32x4_t start = vdupq_n_s32(-pixels * p->input_zero);
            sums_t sums = {{start, start, start, start}};
            int16x8_t pairs[2];
            for (int32_t first = 0; first < pixels; first += FEW) {
                add_pixels(&sums, input + first * channels + c, ek_min(FEW, pixels - first),
                           channels, lanes);
            }
            for (int32_t i = 0; i < 2; i++) {
                pairs[i] = ek_mve_pair(ek_mve_scaled(sums.by_fours[2 * i], p->q),
                                       ek_mve_scaled(sums.by_fours[2 * i + 1], p->q));
            }
            vstrbq_p_s8(output + c, ek_mve_narrow(pairs[0], pairs[1], range), lanes);
        }
    }
}
