/* depthwise_conv2d_lanes_s16w8.c - any kernel without multiplier, four channels at a time, two in each
 * word of input. Taps outside the input read 0 and are left out.
 *
 * weights, tap after tap, for channels c..c+3 (padded with zeros to four): one word, in the order
 * c, c+2, c+1, c+3, from which two instructions make the words (c, c+1) and (c+2, c+3).
 * finish: a row for each channel.
 */
#include <assert.h>

#include "ek_dsp_s16.h"
#include "ek_kernels_dsp_s16.h"
#include "ek_window.h"

enum { LANES = 4 };

/* The taps inside: `rows` by `columns`, with int16 or bytes from one to the next. */
typedef struct {
    const int16_t *x;
    const int8_t *w;
    int32_t rows, columns;
    int32_t x_row, x_column, w_row, w_column;
} taps_t;

/* Sums of `count` channels, at most four. */
EK_INLINE void sum_taps(taps_t t, int32_t count, int32_t sums[LANES])
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t i = t.rows; i > 0; i--, t.x += t.x_row, t.w += t.w_row) {
        const int16_t *x = t.x;
        const int8_t *w = t.w;
        for (int32_t j = t.columns; j > 0; j--, x += t.x_column, w += t.w_column) {
            const int32_t x01 = ek_load_pair(x, count), x23 = ek_load_pair(x + 2, count - 2);
            const uint32_t four = ek_load4(w);
            const int32_t w01 = ek_sxtb16(four), w23 = ek_sxtb16_odd(four);
            s0 = ek_smlabb(x01, w01, s0);
            s1 = ek_smlatt(x01, w01, s1);
            s2 = ek_smlabb(x23, w23, s2);
            s3 = ek_smlatt(x23, w23, s3);
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* All channels of the window at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s16w8_t *p, const int16_t *input,
                            const int8_t *weights, const int32_t *finish, int32_t h, int32_t w,
                            int16_t *output)
{
    const int32_t channels = p->input_c, padded = (channels + 3) & ~3;
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t first_h = h + rows.begin * p->dilation_h;
    const int32_t first_w = w + columns.begin * p->dilation_w;
    taps_t taps = {
        .x = input + (first_h * p->input_w + first_w) * channels,
        .w = weights + (rows.begin * p->kernel_w + columns.begin) * padded,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .x_row = p->dilation_h * p->input_w * channels,
        .x_column = p->dilation_w * channels,
        .w_row = p->kernel_w * padded,
        .w_column = padded,
    };
    for (int32_t left = channels; left > 0; left -= LANES, taps.x += LANES, taps.w += LANES) {
        int32_t sums[LANES];
        if (left >= LANES) {
            sum_taps(taps, LANES, sums); /* without a test in the loop */
        } else {
            sum_taps(taps, left, sums);
        }
        for (int32_t l = 0; l < LANES && l < left; l++, finish += 4) {
            *output++ = ek_finish_s16(sums[l], finish, p->act_min, p->act_max);
        }
    }
}

void ek_depthwise_conv2d_lanes_s16w8__dsp(const ek_depthwise_conv2d_s16w8_t *p,
                                          const int16_t *input, const int8_t *weights,
                                          const int32_t *finish, int16_t *output)
{
    const int32_t channels = p->input_c;
    assert(p->depth_multiplier == 1);
    for (int32_t n = 0; n < p->batches; n++, input += p->input_h * p->input_w * channels) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++, output += channels) {
                convolve_window(p, input, weights, finish, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, output);
            }
        }
    }
}
