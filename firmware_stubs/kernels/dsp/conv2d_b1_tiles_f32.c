/* conv2d_b1_tiles_f32.c - packed signs to float32, sixteen pixels at a time.
 *
 * weights: pairs of words of a window, of each channel; one that is left over channel by channel.
 */
#include <assert.h>

#include "ek_dsp_b1.h"

static void finish_pixel(const ek_conv2d_b1_t *p, const uint16_t *counts, const float *multiplier,
                         const float *bias, float *output)
{
    for (int32_t o = 0; o < p->output_c; o++) {
        output[o] = ek_b1_real(p, counts[o * EK_B1_TILE], multiplier[o], bias[o]);
    }
}

void ek_conv2d_b1_tiles_f32__dsp(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint32_t *weights, const float *multiplier,
                                 const float *bias, float *output, void *scratch)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    uint16_t *const counts = ek_b1_counts(p, scratch);
    const int32_t pixels = ek_b1_pixels(p);
    for (int32_t first = 0; first < pixels; first += EK_B1_TILE) {
        ek_tile_b1__dsp(p, input, weights, first, scratch, counts);
        for (int32_t n = 0; n < ek_min(EK_B1_TILE, pixels - first); n++) {
            finish_pixel(p, counts + ek_b1_place(n), multiplier, bias, output);
            output += p->output_c;
        }
    }
}
