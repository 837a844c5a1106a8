/* conv2d_pointwise_s8.c - a 1x1 convolution, four pixels by two output channels at a time.
 *
 * weights: for each pair of output channels the words of all inputs, see ek_dsp_blocks.h; inputs
 * are padded with zeros to a multiple of four, output channels to two.
 * finish: a row of eight for each pair of output channels, see block_s8.c.
 * scratch: one block of widened pixels, 8 bytes an input.
 */
#include <assert.h>

#include "ek_dsp_blocks.h"
#include "ek_kernels_dsp.h"

/* Two pixels into neighbouring columns of a block. */
static void widen_two(const int8_t *a, int32_t inputs, int32_t *x)
{
    const int8_t *b = a + inputs;
    const int32_t whole = inputs & ~3;
    x = ek_widen_two(a, b, inputs >> 2, x);
    ek_widen(a + whole, inputs - whole, x, EK_BLOCK);
    ek_widen(b + whole, inputs - whole, x + 1, EK_BLOCK);
}

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
    for (int32_t left = pixels, count; left > 0; left -= count) {
        count = left >= EK_BLOCK ? EK_BLOCK : 1;
        if (count == EK_BLOCK) {
            widen_two(input, inputs, block);
            widen_two(input + 2 * inputs, inputs, block + 2);
        } else {
            ek_widen(input, inputs, block, 1);
        }
        ek_block_s8__dsp(block, count, pairs, weights, finish, channels, y);
        input += count * inputs;
        y += count * channels;
    }
    ek_clamp_s8(output, pixels * channels, p->act_min, p->act_max);
}
