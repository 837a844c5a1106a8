/* conv2d_wide_s16w8.c - any convolution of int16 activations, four pixels by two output channels.
 *
 * Windows of a chunk of pixels are gathered into blocks: a word holds two neighbouring taps of a
 * window, and the words of four windows are neighbours (ek_dsp_blocks.h). The weights of two output
 * channels are widened once per chunk (ek_dsp_wide.h).
 *
 * weights, for output channels o and o+1 (padded with zeros to even): one word for every two taps,
 * see ek_dsp_s16.h. Taps are padded with zeros to even.
 * finish: a row for each output channel.
 * scratch: weights of two channels, 8 bytes for two taps; blocks; a patch, 2 bytes a tap.
 */
#include <assert.h>
#include <stdbool.h>

#include "ek_dsp_s16.h"
#include "ek_dsp_wide.h"
#include "ek_kernels_dsp_s16.h"
#include "ek_window.h"

/* The window at (h, w), tap after tap, with 0 outside; where it lies, if that is possible. */
static const int16_t *find_window(const ek_conv2d_s16w8_t *p, const int16_t *input, int32_t h,
                                  int32_t w, int32_t taps, int16_t *patch)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t inside = columns.end - columns.begin, run = p->dilation_w == 1 ? inside : 1;
    const int32_t row = p->kernel_w * p->input_c;
    const bool whole = rows.end - rows.begin == p->kernel_h && inside == p->kernel_w;
    if (whole && p->kernel_h == 1 && run == p->kernel_w && (taps & 1) == 0) {
        return input + (h * p->input_w + w) * p->input_c;
    }
    if (!whole) memset(patch, 0, (size_t)taps * sizeof *patch);
    if (taps & 1) patch[taps] = 0;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j += run) {
            const int32_t y = h + i * p->dilation_h, x = w + j * p->dilation_w;
            memcpy(patch + i * row + j * p->input_c, input + (y * p->input_w + x) * p->input_c,
                   (size_t)(run * p->input_c) * sizeof *patch);
        }
    }
    return patch;
}

/* One window into a column of a block. */
static void fill_column(const int16_t *x, int32_t pairs, int32_t *column)
{
    for (; pairs >= 2; pairs -= 2, x += 4, column += 2 * EK_BLOCK) {
        const int32_t first = ek_load_lanes(x), second = ek_load_lanes(x + 2);
        column[0] = first;
        column[EK_BLOCK] = second;
    }
    if (pairs) *column = ek_load_lanes(x);
}

static void widen_weights(const int8_t *weights, int32_t pairs, int32_t *w)
{
    for (int32_t i = 0; i < pairs; i++, weights += 4, w += 2) {
        const uint32_t both = ek_load4(weights);
        w[0] = ek_sxtb16(both);
        w[1] = ek_sxtb16_odd(both);
    }
}

/* One channel of up to four pixels. */
static void finish_channel(const ek_conv2d_s16w8_t *p, const int32_t sums[EK_BLOCK],
                           const int32_t *finish, int32_t pixels, int16_t *y)
{
    for (int32_t i = 0; i < pixels; i++, y += p->output_c) {
        *y = ek_finish_s16(sums[i], finish, p->act_min, p->act_max);
    }
}

/* All output channels of a chunk of pixels. */
static void multiply_chunk(const ek_conv2d_s16w8_t *p, const int32_t *blocks, int32_t pixels,
                           int32_t pairs, const int8_t *weights, int32_t *wide,
                           const int32_t *finish, int16_t *output)
{
    const int32_t channels = p->output_c;
    for (int32_t o = 0; o < channels; o += 2, weights += 4 * pairs, finish += 8) {
        const int32_t *x = blocks;
        int16_t *y = output + o;
        widen_weights(weights, pairs, wide);
        for (int32_t left = pixels; left > 0; left -= EK_BLOCK, x += EK_BLOCK * pairs) {
            const int32_t count = left < EK_BLOCK ? left : EK_BLOCK;
            int32_t sums[2 * EK_BLOCK];
            ek_sum_block(x, pairs, wide, sums);
            finish_channel(p, sums, finish, count, y);
            if (o + 1 < channels) finish_channel(p, sums + EK_BLOCK, finish + 4, count, y + 1);
            y += EK_BLOCK * channels;
        }
    }
}

/* Gathers `count` windows from number `first` of an image. */
static void gather(const ek_conv2d_s16w8_t *p, const int16_t *input, int32_t first, int32_t count,
                   int32_t pairs, int32_t *blocks, int16_t *patch)
{
    const int32_t taps = p->kernel_h * p->kernel_w * p->input_c;
    int32_t row = first / p->output_w, column = first % p->output_w;
    for (int32_t i = 0; i < count; i++) {
        const int32_t h = row * p->stride_h - p->pad_top, w = column * p->stride_w - p->pad_left;
        const int16_t *x = find_window(p, input, h, w, taps, patch);
        fill_column(x, pairs, blocks + i / EK_BLOCK * EK_BLOCK * pairs + i % EK_BLOCK);
        if (++column == p->output_w) column = 0, row++;
    }
}

void ek_conv2d_wide_s16w8__dsp(const ek_conv2d_s16w8_t *p, const int16_t *input,
                               const int8_t *weights, const int32_t *finish, int16_t *output,
                               void *scratch)
{
    const int32_t pixels = p->output_h * p->output_w;
    const int32_t pairs = (p->kernel_h * p->kernel_w * p->input_c + 1) / 2;
    const int32_t at_once = EK_BLOCK * ek_blocks_at_once(pairs, pixels);
    int32_t *const wide = scratch, *const blocks = wide + 2 * pairs;
    int16_t *const patch = (int16_t *)(blocks + at_once * pairs);
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t first = 0; first < pixels; first += at_once) {
            const int32_t count = pixels - first < at_once ? pixels - first : at_once;
            gather(p, input, first, count, pairs, blocks, patch);
            multiply_chunk(p, blocks, count, pairs, weights, wide, finish,
                           output + first * p->output_c);
        }
        input += p->input_h * p->input_w * p->input_c;
        output += pixels * p->output_c;
    }
}
