/* conv2d_blocks_s8.c - any convolution, four pixels by two output channels at a time.
 *
 * The window of a pixel becomes a column of a block (ek_dsp_blocks.h), which then serves all output
 * channels. Its kernel rows are read where they lie: first the whole fours of each, then what all of
 * them leave over, copied to scratch where that makes fours. With rows of nine bytes:
 *
 *     row 0    a a a a  b b b b  x            block    a  b  c  d  e  f  xyz
 *     row 1    c c c c  d d d d  y
 *     row 2    e e e e  f f f f  z
 *
 * Rows with taps outside of the input, and dilated ones, are copied first; a row that is wholly
 * outside is one of zero points.
 *
 * weights: for each pair of output channels the words of all taps in that order.
 * finish: a row of eight for each pair of output channels, see block_s8.c.
 * scratch: one block, 32 bytes for every four taps; five kernel rows, whole words each; of four
 * windows what kernel rows leave over, whole words each.
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
