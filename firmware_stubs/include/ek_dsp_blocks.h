/* ek_dsp_blocks.h - products of two output channels with four pixels, the heart of the `dsp`
 * convolutions.
 *
 * Activations are widened to int16 once and then serve all output channels. A block of `n` pixels
 * is a list of words with two inputs in each, a row of n words for every pair of inputs:
 *
 *     row 0    inputs 0 and 2 of pixel 0, 1, ..
 *     row 1    inputs 1 and 3
 *     row 2    inputs 4 and 6, and so on: the order in which SXTB16 widens four bytes
 *
 * Weights are words of two output channels by two inputs, channels a and b sharing each int16 lane
 * as 256 * a + b (fully_connected_quads_s8.c draws one). Both come in fours of inputs, padded with
 * zeros.
 */
#ifndef EK_DSP_BLOCKS_H
#define EK_DSP_BLOCKS_H

#include "ek_dsp.h"

enum { EK_BLOCK = 4 /* pixels of a full block */ };

/* All outputs of a block of 4 pixels, or of 1, `channels` bytes from one pixel to the next: see
 * block_s8.c. `pairs` of inputs are even. */
typedef void ek_block_t(const int32_t *block, int32_t pixels, int32_t pairs, const int8_t *weights,
                        const int32_t *finish, int32_t channels, int8_t *output);

ek_block_t ek_block_s8__dsp;
ek_block_t ek_block_relu_s8__dsp;

/* Widens `count` inputs of one pixel into a column of a block of `row` pixels. */
static inline void ek_widen(const int8_t *input, int32_t count, int32_t *x, int32_t row)
{
    for (; count > 0; count -= 4, input += 4, x += 2 * row) {
        const uint32_t four = count >= 4 ? ek_load4(input) : ek_load_tail(input, count);
        x[0] = ek_sxtb16(four);
        x[row] = ek_sxtb16_odd(four);
    }
}

/* The same for the four pixels at `from`, which become a full block: `fours` times four inputs each,
 * then `rows` - 1 times as many that lie `skip` bytes behind. */
void ek_widen_rows_s8__dsp(const int8_t *const *from, int32_t skip, int32_t rows, int32_t fours,
                           int32_t *x);

#endif
