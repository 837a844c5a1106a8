/* conv2d_pointwise_s8.c - a 1x1 convolution, four pixels by two output channels at a time.
 *
 * weights: for each pair of output channels the words of all inputs, see ek_dsp_blocks.h; inputs
 * are padded with zeros to a multiple of four, output channels to two.
 * finish: a row of eight for each pair of output channels, see ek_finish_pair.
 * scratch: one block of widened pixels, 8 bytes an input.
 */
#include <assert.h>

#include "ek_dsp_blocks.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_pointwise_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *finish, int8_t *output,
                                 void *scratch)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const int32_t inputs = p->input_c, channels = p->output_c, pairs = 2 * ((inputs + 3) / 4);
    int32_t *const block = scratch;
    int8_t *y = output;
    assert(p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1);
    assert(p->input_h == p->output_h && p->input_w == p->output_w);
    for (int32_t left = pixels; left > 0;) {
        const int32_t count = left >= EK_BLOCK ? EK_BLOCK : 1;
        if (count == EK_BLOCK) {
            ek_widen_two(input, input + inputs, inputs, block);
            ek_widen_two(input + 2 * inputs, input + 3 * inputs, inputs, block + 2);
            ek_convolve_block(block, pairs, weights, finish, channels, y);
        } else {
            ek_widen(input, inputs, block, 1);
            ek_convolve_pixel(block, pairs, weights, finish, channels, y);
        }
        input += count * inputs;
        y += count * channels;
        left -= count;
    }
    ek_clamp_s8(output, pixels * channels, p->act_min, p->act_max);
}
