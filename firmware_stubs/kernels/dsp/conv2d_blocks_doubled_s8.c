/* conv2d_blocks_doubled_s8.c - any convolution, four pixels by two output channels at a time, from weights
 * that are widened once (ek_dsp_doubled.h).
 *
 * Windows are gathered as conv2d_blocks_s8.c says, and taps are in that order.
 *
 * weights, finish: as conv2d_pointwise_doubled_s8.c.
 * scratch: for each pair of output channels 16 bytes for every four taps and 32 more; then as
 * conv2d_blocks_s8.c.
 */
#include <assert.h>

#include "ek_dsp_doubled.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_blocks_doubled_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish,
                                      int8_t *output, void *scratch)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->output_h * p->output_w >= EK_BLOCK);
    ek_convolve_windows_doubled(p, input, weights, finish, output, scratch,
                                ek_block_doubled_s8__dsp);
}
