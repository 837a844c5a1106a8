/* block_s8.c - all output channels of four pixels, or of one: the heart of the `dsp` convolutions.
 *
 * ek_dsp_blocks.h draws a block and the weights: of two channels a and b that share each int16 lane,
 * the lanes as they are give 256 * a + b, and the low bytes widened give b.
 *
 * finish: a row of eight words for channels a and b: twice the bias of b; twice the bias,
 * multiplier, addend, right shift of a; multiplier, addend, right shift of b.
 */
#include "ek_dsp_products.h"

void ek_block_s8__dsp(const int32_t *block, int32_t pixels, int32_t pairs, const int8_t *weights,
                      const int32_t *finish, int32_t channels, int8_t *output)
{
    ek_multiply_block(block, pixels, pairs, weights, finish, channels, output, EK_AWAY_FROM_ZERO);
}
