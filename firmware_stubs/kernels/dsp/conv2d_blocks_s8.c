/* conv2d_blocks_s8.c - any convolution, four pixels by two output channels at a time.
 *
 * The window of a pixel becomes a column of a block (ek_dsp_blocks.h), which then serves all output
 * channels. Its inputs come in this order: of each kernel row as many fours as it has, then what is
 * left of all rows. Of a 3x3 kernel over 3 channels, rows of 9 taps:
 *
 *     row 0: 0..3 4..7   row 1: 9..12 13..16   row 2: 18..21 22..25   left: 8 17 26, zero
 *
 * Windows that leave the input, and dilated ones, are first copied to a patch in scratch, with zero
 * points where they are outside.
 *
 * weights: for each pair of output channels the words of all inputs in that order.
 * finish: a row of eight for each pair of output channels, see ek_finish_pair.
 * scratch: one block, 32 bytes for every four inputs; one patch, a byte a tap.
 */
#include <assert.h>
#include <stdbool.h>

#include "ek_dsp_blocks.h"
#include "ek_kernels_dsp.h"
#include "ek_window.h"

/* One window in memory: kernel_h rows of `row` bytes, `stride` bytes apart. */
typedef struct {
    const int8_t *first;
    int32_t stride;
} patch_t;

/* The window at (h, w) with all its taps, outside and dilated ones too, in `patch`. */
static patch_t copy_window(const ek_conv2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                           int8_t *patch)
{
    const int32_t row = p->kernel_w * p->input_c;
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t run = p->dilation_w == 1 ? columns.end - columns.begin : 1;
    memset(patch, p->input_zero, (size_t)(p->kernel_h * row));
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j += run) {
            const int32_t pixel = (h + i * p->dilation_h) * p->input_w + w + j * p->dilation_w;
            memcpy(patch + i * row + j * p->input_c, input + pixel * p->input_c,
                   (size_t)(run * p->input_c));
        }
    }
    return (patch_t){patch, row};
}

/* The window at (h, w), where it lies if it lies there as it is. */
static patch_t window(const ek_conv2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                      int8_t *patch)
{
    const bool inside = h >= 0 && w >= 0 && p->dilation_w == 1 &&
                        h + (p->kernel_h - 1) * p->dilation_h < p->input_h &&
                        w + p->kernel_w <= p->input_w;
    if (!inside) return copy_window(p, input, h, w, patch);
    return (patch_t){input + (h * p->input_w + w) * p->input_c,
                     p->dilation_h * p->input_w * p->input_c};
}

/* A window as a column of a block of `pixels`. */
static void widen_window(patch_t patch, int32_t rows, int32_t row, int32_t *x, int32_t pixels)
{
    const int32_t whole = row & ~3;
    const int8_t *line = patch.first;
    for (int32_t i = 0; i < rows; i++, line += patch.stride) {
        ek_widen(line, whole, x, pixels);
        x += whole / 2 * pixels;
    }
    if (whole == row) return;
    uint32_t four = 0, count = 0;
    for (int32_t i = 0; i < rows * (row - whole); i++) {
        const int32_t k = i / (row - whole), l = i % (row - whole);
        four |= (uint32_t)(uint8_t)patch.first[k * patch.stride + whole + l] << (8 * count);
        if (++count < 4 && i + 1 < rows * (row - whole)) continue;
        x[0] = ek_sxtb16(four);
        x[pixels] = ek_sxtb16_odd(four);
        x += 2 * pixels;
        four = count = 0;
    }
}

void ek_conv2d_blocks_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                              const int32_t *finish, int8_t *output, void *scratch)
{
    const int32_t row = p->kernel_w * p->input_c, channels = p->output_c;
    const int32_t fours = p->kernel_h * (row / 4) + (p->kernel_h * (row & 3) + 3) / 4;
    const int32_t pixels = p->output_h * p->output_w;
    int32_t *const block = scratch;
    int8_t *const patch = (int8_t *)(block + 2 * EK_BLOCK * fours), *y = output;
    for (int32_t n = 0; n < p->batches; n++, input += p->input_h * p->input_w * p->input_c) {
        int32_t h = -p->pad_top, w = -p->pad_left, column = 0;
        for (int32_t left = pixels; left > 0;) {
            const int32_t count = left >= EK_BLOCK ? EK_BLOCK : 1;
            for (int32_t i = 0; i < count; i++) {
                widen_window(window(p, input, h, w, patch), p->kernel_h, row, block + i, count);
                w += p->stride_w;
                if (++column == p->output_w) column = 0, w = -p->pad_left, h += p->stride_h;
            }
            if (count == EK_BLOCK) {
                ek_convolve_block(block, 2 * fours, weights, finish, channels, y);
            } else {
                ek_convolve_pixel(block, 2 * fours, weights, finish, channels, y);
            }
            y += count * channels;
            left -= count;
        }
    }
    ek_clamp_s8(output, p->batches * pixels * channels, p->act_min, p->act_max);
}
