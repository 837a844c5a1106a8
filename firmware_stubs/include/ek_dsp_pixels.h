/* ek_dsp_pixels.h - 1x1 convolution: neighbouring pixels widened into blocks of four.
 * conv2d_pointwise_s8.c says how it works.
 */
#ifndef EK_DSP_PIXELS_H
#define EK_DSP_PIXELS_H

#include "ek_dsp_blocks.h"
#include "ek_kernels.h"

/* Four pixels into a full block. */
static inline void ek_widen_neighbours(const int8_t *a, int32_t inputs, int32_t *x)
{
    const int8_t *const from[EK_BLOCK] = {a, a + inputs, a + 2 * inputs, a + 3 * inputs};
    const int32_t whole = inputs & ~3;
    ek_widen_rows_s8__dsp(from, 0, 1, inputs >> 2, x);
    if (whole == inputs) return;
    x += EK_BLOCK * (whole >> 1);
    for (int32_t i = 0; i < EK_BLOCK; i++) ek_widen(from[i] + whole, inputs - whole, x + i, EK_BLOCK);
}

/* A 1x1 convolution; `multiply` makes the outputs of a block. */
EK_INLINE void ek_convolve_pixels(const ek_conv2d_s8_t *p, const int8_t *input,
                                  const int8_t *weights, const int32_t *finish, int8_t *output,
                                  void *scratch, ek_block_t *multiply)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const int32_t inputs = p->input_c, channels = p->output_c, pairs = 2 * ((inputs + 3) / 4);
    int32_t *const block = scratch;
    int8_t *y = output;
    for (int32_t left = pixels, count; left > 0; left -= count) {
        count = left >= EK_BLOCK ? EK_BLOCK : 1;
        if (count == EK_BLOCK) {
            ek_widen_neighbours(input, inputs, block);
        } else {
            ek_widen(input, inputs, block, 1);
        }
        multiply(block, count, pairs, weights, finish, channels, y);
        input += count * inputs;
        y += count * channels;
    }
    ek_clamp_s8__dsp(output, pixels * channels, p->act_min, p->act_max);
}

#endif
