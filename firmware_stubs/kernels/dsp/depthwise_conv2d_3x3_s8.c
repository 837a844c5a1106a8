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
                                     const int8_t *weights, const int32_t *finish,
                                     int8_t *output, void *scratch)
{
    assert(p->kernel_h == 3 && p->kernel_w == 3 && p->depth_multiplier == 1);
    assert(p->dilation_h == 1 && p->dilation_w == 1 && p->stride_w <= 2);
    ek_depthwise_3x3(p, input, weights, finish, output, scratch, EK_AWAY_FROM_ZERO);
}
