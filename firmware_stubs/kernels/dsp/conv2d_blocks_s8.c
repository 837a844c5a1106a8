/* conv2d_blocks_s8.c - any convolution, four pixels by two output channels at a time.
 *
 * The window of a pixel becomes a column of a block (ek_dsp_blocks.h), which then serves all output
 * channels. A window is read where it lies if its rows are whole words. Else it is first copied to a
 * patch in scratch; so are windows that leave the input, with zero points for what is outside, and
 * dilated ones.
 *
 * weights: for each pair of output channels the words of all taps of the window, row by row.
 * finish: a row of eight for each pair of output channels, see block_s8.c.
 * scratch: one block, 32 bytes for every four taps; two patches, a byte a tap, whole words.
 */
#include <assert.h>

#include "ek_dsp_windows.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_blocks_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                              const int8_t *weights, const int32_t *finish, int8_t *output,
                              void *scratch)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    ek_convolve_windows(p, input, weights, finish, output, scratch, ek_block_s8__dsp);
}
