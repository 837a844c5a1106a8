/* conv2d_pointwise_s8.c - a 1x1 convolution, four pixels by two output channels at a time.
 *
 * weights: for each pair of output channels the words of all inputs, see ek_dsp_blocks.h; inputs
 * are padded with zeros to a multiple of four, output channels to two.
 * finish: a row of eight for each pair of output channels, see block_s8.c.
 * scratch: one block of widened pixels, 8 bytes an input.
 */
#include <assert.h>

#include "ek_dsp_pixels.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_pointwise_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *finish, int8_t *output,
                                 void *scratch)
{
    assert(p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1);
    assert(p->input_h == p->output_h && p->input_w == p->output_w);
    ek_convolve_pixels(p, input, weights, finish, output, scratch, ek_block_s8__dsp);
}
