/* depthwise_conv2d_3x3_s8.c - four channels at a time, from rows split by channel and widened.
 *
 * A word of input holds four channels of a pixel; the taps of one channel, which SMLAD wants side by
 * side, are strided. So each input row is taken apart once, into four rows of int16 in scratch, and
 * serves the three output rows that need it:
 *
 *     input    c0 c1 c2 c3 | c0 c1 c2 c3 | ...        scratch   c0: x0 x1 x2 x3 ..
 *              pixel x0      pixel x1                           c1: x0 x1 x2 x3 ..   and so on
 *
 * Three such rows and one of zero points, for rows outside, rotate. The zero points left and right
 * of a row are written once.
 *
 * weights: as the model has them, 3x3xC. finish: per channel 2 * bias, multiplier, addend, right.
 * scratch: 4 * 10 words of taps and finish, then 4 rows * 4 channels * `pitch` int16.
 */
#include <assert.h>

#include "ek_dsp_depthwise.h"
#include "ek_kernels_dsp.h"

void ek_depthwise_conv2d_3x3_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *finish, int8_t *output,
                                     void *scratch)
{
    const int32_t channels = p->input_c;
    const int32_t input_size = p->input_h * p->input_w * channels;
    const int32_t output_size = p->output_h * p->output_w * channels;
    assert(p->kernel_h == 3 && p->kernel_w == 3 && p->depth_multiplier == 1);
    assert(p->dilation_h == 1 && p->dilation_w == 1 && p->stride_w <= 2);
    for (int32_t c = 0; c < channels; c += 4) {
        ek_depthwise_t d;
        ek_depthwise_begin(&d, p, weights + c, finish + 4 * c, channels - c, scratch);
        for (int32_t n = 0; n < p->batches; n++) {
            ek_depthwise_rows(&d, input + n * input_size + c, output + n * output_size + c);
        }
    }
    ek_clamp_s8(output, p->batches * output_size, p->act_min, p->act_max);
}
