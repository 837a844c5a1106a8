/* depthwise_conv2d_3x3_stride2_s8.c - 3x3, stride 2: four outputs of a channel along a row.
 *
 * A window is the first three columns and rows of a 4x4 patch (ek_mve_columns.h), and so an output
 * one instruction. Weights and factors are packed as for depthwise_conv2d_3x3_s8.c.
 */
#include "ek_mve_columns.h"

enum { PIXELS = 4 };

typedef struct {
    const int8_t *x, *w;
    const int32_t *factors;
    uint32x4_t apart; /* from column to column */
    int32_t two;      /* bytes from window to window */
} channel_t;

/* Four outputs of the channel at x + 4 * `channel`. */
static inline int32x4_t next(channel_t *at, int32_t channel)
{
    const int8_t *x = at->x + EK_MVE_ROWS * channel;
    const int8x16_t x0 = ek_mve_patch(x, at->apart), x1 = ek_mve_patch(x + at->two, at->apart);
    x += 2 * at->two;
    const int8x16_t x2 = ek_mve_patch(x, at->apart), x3 = ek_mve_patch(x + at->two, at->apart);
    const int8x16_t w = vldrbq_s8(at->w);
    at->w += 16;
    return ek_mve_requant(ek_mve_dot4(x0, x1, x2, x3, w), &at->factors);
}

/* All channels of four outputs, of which `stored` are there. */
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

void ek_depthwise_conv2d_3x3_stride2_s8__mve(const ek_depthwise_conv2d_s8_t *p,
                                             const int8_t *input, const int8_t *weights,
                                             const int32_t *factors, int8_t *output,
                                             int8_t *scratch)
{
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)p->output_c);
    const uint32x4_t apart = vmulq_n_u32(places, EK_MVE_ROWS);
    const int32_t columns = (p->output_w + PIXELS - 1) / PIXELS * 2 * PIXELS + 2;
    const int32_t two = 2 * EK_MVE_ROWS * p->input_c;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            ek_mve_columns(p, input, 2 * y - p->pad_top, columns, scratch);
            channel_t at = {scratch, weights + 4, factors, apart, two};
            for (int32_t left = p->output_w; left > 0; left -= PIXELS) {
                convolve(p, at, places, vctp32q((uint32_t)left), output);
                output += ek_min(left, PIXELS) * p->output_c;
                at.x += PIXELS * two;
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
