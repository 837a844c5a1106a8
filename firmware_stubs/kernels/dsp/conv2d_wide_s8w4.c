/* conv2d_wide_s8w4.c - any convolution with weights of 4 bits, four pixels by two output channels.
 *
 * Windows of a chunk of pixels are gathered into blocks (ek_dsp_windows.h); the weights of two output
 * channels are widened once per chunk (ek_dsp_wide.h). Widening takes the upper half of each byte as
 * it is, so products come 16 times too large, and sums are exact multiples of 16:
 *
 *     bits      7..4   3..0
 *     byte 0    a[0]   b[0]        a and b are two output channels, 0..3 inputs
 *     byte 1    a[1]   b[1]
 *     byte 2    a[2]   b[2]
 *     byte 3    a[3]   b[3]        ..  to a multiple of four inputs, zeros beyond
 *
 * finish: per channel 2 * bias, multiplier, addend, right (ek_finish_t).
 * scratch: weights of two channels, 8 bytes for two inputs; blocks; what gathering copies, see
 * conv2d_blocks_s8.c.
 */
#include <assert.h>

#include "ek_dsp_wide.h"
#include "ek_dsp_windows.h"
#include "ek_kernels_dsp_w4.h"

/* 16 times the weights of two channels, words of inputs (0, 2), then (1, 3). */
static void widen_weights(const uint8_t *weights, int32_t fours, int32_t *w)
{
    for (int32_t i = 0; i < fours; i++, weights += 4, w += 4) {
        const uint32_t both = ek_load4((const int8_t *)weights);
        const uint32_t a = both & 0xF0F0F0F0u, b = (both << 4) & 0xF0F0F0F0u;
        w[0] = ek_sxtb16(a);
        w[1] = ek_sxtb16(b);
        w[2] = ek_sxtb16_odd(a);
        w[3] = ek_sxtb16_odd(b);
    }
}

/* One channel of up to four pixels. */
static void finish_channel(const int32_t sums[EK_BLOCK], const int32_t *finish, int32_t pixels,
                           int32_t channels, int8_t *y)
{
    const ek_finish_t f = {finish[1], finish[2], finish[3]};
    for (int32_t i = 0; i < pixels; i++, y += channels) {
        *y = (int8_t)ek_finish(finish[0] + (sums[i] >> 3), f, EK_AWAY_FROM_ZERO);
    }
}

/* All output channels of a chunk of pixels. */
static void multiply_chunk(const ek_conv2d_s8_t *p, const int32_t *blocks, int32_t pixels,
                           int32_t fours, const uint8_t *weights, int32_t *wide,
                           const int32_t *finish, int8_t *output)
{
    const int32_t channels = p->output_c, pairs = 2 * fours;
    for (int32_t o = 0; o < channels; o += 2, weights += 4 * fours, finish += 8) {
        const int32_t *x = blocks;
        int8_t *y = output + o;
        widen_weights(weights, fours, wide);
        for (int32_t left = pixels; left > 0; left -= EK_BLOCK, x += EK_BLOCK * pairs) {
            const int32_t count = left < EK_BLOCK ? left : EK_BLOCK;
            int32_t sums[2 * EK_BLOCK];
            ek_sum_block(x, pairs, wide, sums);
            finish_channel(sums, finish, count, channels, y);
            if (o + 1 < channels) {
                finish_channel(sums + EK_BLOCK, finish + 4, count, channels, y + 1);
            }
            y += EK_BLOCK * channels;
        }
    }
}

void ek_conv2d_wide_s8w4__dsp(const ek_conv2d_s8_t *p, const int8_t *input, const uint8_t *weights,
                              const int32_t *finish, int8_t *output, void *scratch)
{
    const int32_t pixels = p->output_h * p->output_w;
    const int32_t fours = (p->kernel_h * p->kernel_w * p->input_c + 3) / 4, pairs = 2 * fours;
    const int32_t most = ek_blocks_at_once(pairs, pixels);
    int32_t *const wide = scratch, *const blocks = wide + 2 * pairs;
    int8_t *const spare = (int8_t *)(blocks + most * EK_BLOCK * pairs), *y = output;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        ek_conv_windows_t s = ek_windows(p, input, spare);
        for (int32_t left = pixels, count; left > 0; left -= count) {
            count = left < EK_BLOCK * most ? left : EK_BLOCK * most;
            for (int32_t i = 0; i < count; i += EK_BLOCK) ek_gather_s8__dsp(&s, blocks + i * pairs);
            multiply_chunk(p, blocks, count, fours, weights, wide, finish, y);
            y += count * p->output_c;
        }
        input += p->input_h * p->input_w * p->input_c;
    }
    ek_clamp_s8__dsp(output, (int32_t)(y - output), p->act_min, p->act_max);
}
