/* conv2d_pointwise_doubled_s8.c - a 1x1 convolution, four pixels by two output channels at a time, from
 * weights that are widened once (ek_dsp_doubled.h).
 *
 * weights: for each pair of output channels a and b, four inputs of each in turn, padded with zeros;
 * output channels are padded to two:
 *
 *     a[0..3] b[0..3]  a[4..7] b[4..7]  ..
 *
 * finish: a row of eight for each pair of output channels, see block_s8.c.
 * scratch: for each pair of output channels 16 bytes for every four inputs and 32 more; one block of
 * widened pixels, 32 bytes for every four inputs.
 */
#include <assert.h>

#include "ek_dsp_doubled.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_pointwise_doubled_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                         const int8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch)
{
    assert(p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1);
    assert(p->input_h == p->output_h && p->input_w == p->output_w);
    assert(p->batches * p->output_h * p->output_w >= EK_BLOCK);
    ek_convolve_pixels_doubled(p, input, weights, finish, output, scratch,
                               ek_block_doubled_s8__dsp);
}
