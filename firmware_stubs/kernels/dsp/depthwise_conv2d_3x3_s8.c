/* depthwise_conv2d_3x3_s8.c - four channels at a time, from rows split by channel and widened.
 *
 * A word of input holds four channels of a pixel; the taps of one channel, which SMLAD wants side by
 * side, are far apart. So input rows are split once, into rows of int16 in scratch, and serve the
 * output rows that need them:
 *
 *     input    c0 c1 c2 c3 | c0 c1 c2 c3 | ...        scratch   c0: x0 x1 x2 x3 ..
 *              pixel x0      pixel x1                           c1: x0 x1 x2 x3 ..   and so on
 *
 * Around them are zero points. A small image is split as a whole; of a large one three rows rotate.
 *
 * weights: as the model has them, 3x3xC. finish: per channel 2 * bias, multiplier, addend, right.
 * scratch: taps and finish of four channels, 40 words; then rows of `pitch` int16, see
 * ek_depthwise_scratch.
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
    const ek_split_t split = ek_depthwise_scratch(p, scratch);
    assert(p->kernel_h == 3 && p->kernel_w == 3 && p->depth_multiplier == 1);
    assert(p->dilation_h == 1 && p->dilation_w == 1 && p->stride_w <= 2);
    ek_split_clear(&split, p->input_zero);
    for (int32_t c = 0; c < channels; c += EK_LANES) {
        const int32_t count = channels - c < EK_LANES ? channels - c : EK_LANES;
        ek_depthwise_channels(split.channel, weights + c, finish + 4 * c, channels, count);
        for (int32_t n = 0; n < p->batches; n++) {
            const int8_t *x = input + n * input_size + c;
            int8_t *y = output + n * output_size + c;
            if (split.whole) {
                ek_depthwise_plane(p, &split, x, count, y);
            } else {
                ek_depthwise_ring(p, &split, x, count, y);
            }
        }
    }
    ek_clamp_s8(output, p->batches * output_size, p->act_min, p->act_max);
}
