/* depthwise_conv2d_3x3_s8.c - 3x3, stride 1: two by two outputs of a channel from one 4x4 patch.
 *
 * A patch is a vector (ek_mve_columns.h), and so is the kernel at each of its four places in it, so
 * an instruction makes a whole output. Packed weights hold the first place, column after column,
 * four zeros before all channels, which come in the order 0 2 1 3 4 6 5 7:
 *
 *     0 0 0 0 | k00 k10 k20 0  k01 k11 k21 0  k02 k12 k22 0  0 0 0 0 | k00 k10 ... of channel 2
 *
 * Loaded four bytes earlier they are one column to the right; shifted by a byte, one row down.
 * Factors are in the same order; narrowing four channels interleaves them into their own.
 * Of about 80 instructions for 16 outputs 16 multiply. A gather of four words takes Helium about
 * four cycles, as long as two of the four multiplications it feeds.
 */
#include "ek_mve_columns.h"

typedef struct {
    const int8_t *x, *w;
    const int32_t *factors;
    uint32x4_t apart; /* from column to column */
} channel_t;

/* Four outputs of the channel at x + 4 * `channel`: row 0, 0, 1, 1, column 0, 1, 0, 1. */
static inline int32x4_t next(channel_t *at, int32_t channel)
{
    const int8x16_t patch = ek_mve_patch(at->x + EK_MVE_ROWS * channel, at->apart);
    const int8x16_t here = vldrbq_s8(at->w), right = vldrbq_s8(at->w - 4);
    const int8x16_t below = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(here), 8));
    const int8x16_t beyond = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(right), 8));
    at->w += 16;
    return ek_mve_requant(ek_mve_dot4(here, right, below, beyond, patch), &at->factors);
}

/* All channels of two by two outputs, of which `stored` are there, at `places`. */
static inline void convolve(const ek_depthwise_conv2d_s8_t *p, channel_t at, uint32x4_t places,
                            mve_pred16_t stored, int8_t *output)
{
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    for (int32_t c = p->output_c; c > 0; c -= 4) {
        const int32x4_t a = next(&at, 0);
        const int16x8_t ab = ek_mve_pair(a, next(&at, 2));
        const int32x4_t b = next(&at, 1);
        const int16x8_t cd = ek_mve_pair(b, next(&at, 3));
        const int8x16_t y = ek_mve_narrow(ab, cd, range);
        vstrwq_scatter_offset_p_s32((int32_t *)(void *)output, places, vreinterpretq_s32_s8(y),
                                    stored);
        at.x += 4 * EK_MVE_ROWS;
        output += 4;
    }
}

void ek_depthwise_conv2d_3x3_s8__mve(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *factors,
                                     int8_t *output, int8_t *scratch)
{
    const uint32_t pixel = (uint32_t)p->output_c, row = (uint32_t)p->output_w * pixel;
    const uint32_t corners[4] = {0, pixel, row, row + pixel};
    const uint32x4_t places = vldrwq_u32(corners);
    const uint32x4_t apart = vmulq_n_u32(vidupq_n_u32(0, 1), EK_MVE_ROWS * pixel);
    const int32_t columns = (p->output_w + 1) / 2 * 2 + 2;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y += 2) {
            ek_mve_columns(p, input, y - p->pad_top, columns, scratch);
            const mve_pred16_t rows = y + 1 < p->output_h ? 0xFFFF : 0x00FF;
            int8_t *to = output + y * p->output_w * p->output_c;
            channel_t at = {scratch, weights + 4, factors, apart};
            for (int32_t x = 0; x < p->output_w; x += 2) {
                convolve(p, at, places, x + 1 < p->output_w ? rows : rows & 0x0F0F, to);
                at.x += 2 * EK_MVE_ROWS * p->input_c;
                to += 2 * p->output_c;
            }
        }
        input += p->input_h * p->input_w * p->input_c;
        output += p->output_h * p->output_w * p->output_c;
    }
}
