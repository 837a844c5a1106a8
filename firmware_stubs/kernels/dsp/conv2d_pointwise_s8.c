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

/* Columns of a block beyond `pixels` repeat the last pixel. */
static void widen_block(const int8_t *input, int32_t inputs, int32_t pixels, int32_t *block)
{
    const int8_t *pixel[EK_BLOCK];
    for (int32_t i = 0; i < EK_BLOCK; i++) {
        pixel[i] = input + (i < pixels ? i : pixels - 1) * inputs;
    }
    ek_widen_two(pixel[0], pixel[1], inputs, block);
    if (pixels > 2) ek_widen_two(pixel[2], pixel[3], inputs, block + 2);
}

void ek_conv2d_pointwise_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *finish, int8_t *output,
                                 void *scratch)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const int32_t pairs = 2 * ((p->input_c + 3) / 4);
    int32_t *const block = scratch;
    assert(p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1);
    assert(p->pad_top == 0 && p->pad_left == 0);
    for (int32_t first = 0; first < pixels; first += EK_BLOCK) {
        const int32_t count = pixels - first < EK_BLOCK ? pixels - first : EK_BLOCK;
        widen_block(input, p->input_c, count, block);
        ek_convolve_block(block, count, pairs, weights, finish, p->output_c, output);
        ek_clamp_s8(output, count * p->output_c, p->act_min, p->act_max);
        input += count * p->input_c;
        output += count * p->output_c;
    }
}
