/* depthwise_conv2d_lanes_s8.c - any kernel without multiplier, four channels in a word at a time.
 *
 * A word of input and one of weights hold four channels of a tap: four instructions widen them, four
 * multiply and add. What taps outside the input add is their weights times the zero point.
 *
 * weights: as the model has them, HxWxC. finish: per channel 2 * bias, multiplier, addend, right.
 */
#include <assert.h>
#include <stdbool.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"
#include "ek_window.h"

enum { LANES = 4 };

/* Taps of `count` channels: `rows` by `columns` of them, with the bytes from one to the next. */
typedef struct {
    const int8_t *x, *w;
    int32_t rows, columns;
    int32_t x_row, x_column, w_row, w_column;
    int32_t count;
} taps_t;

EK_INLINE uint32_t load_channels(const int8_t *x, int32_t count)
{
    return count >= LANES ? ek_load4(x) : ek_load_tail(x, count);
}

/* Adds the products of all taps to the sums of channels 0, 1, 2, 3. */
EK_INLINE void add_products(int32_t sums[LANES], taps_t t, int32_t count)
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (; t.rows > 0; t.rows--, t.x += t.x_row, t.w += t.w_row) {
        const int8_t *x = t.x, *w = t.w;
        for (int32_t j = t.columns; j > 0; j--, x += t.x_column, w += t.w_column) {
            const uint32_t a = load_channels(x, count), b = load_channels(w, count);
            const int32_t a_even = ek_sxtb16(a), b_even = ek_sxtb16(b);
            const int32_t a_odd = ek_sxtb16_odd(a), b_odd = ek_sxtb16_odd(b);
            s0 = ek_smlabb(a_even, b_even, s0);
            s1 = ek_smlabb(a_odd, b_odd, s1);
            s2 = ek_smlatt(a_even, b_even, s2);
            s3 = ek_smlatt(a_odd, b_odd, s3);
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static void add_taps(int32_t sums[LANES], const taps_t *taps)
{
    if (taps->count >= LANES) {
        add_products(sums, *taps, LANES); /* without a test in the loop */
    } else {
        add_products(sums, *taps, taps->count);
    }
}

/* The same for a rectangle of taps that read zero points. */
static void add_rectangle(int32_t sums[LANES], const taps_t *all, ek_span_t rows, ek_span_t columns)
{
    taps_t taps = *all;
    taps.w += rows.begin * all->w_row + columns.begin * all->w_column;
    taps.rows = rows.end - rows.begin;
    taps.columns = columns.end - columns.begin;
    if (taps.rows > 0 && taps.columns > 0) add_taps(sums, &taps);
}

/* All taps but those inside: above and below, then left and right of them. */
static void add_outside(int32_t sums[LANES], const taps_t *all, ek_span_t rows, ek_span_t columns)
{
    const ek_span_t across = {0, all->columns};
    add_rectangle(sums, all, (ek_span_t){0, rows.begin}, across);
    add_rectangle(sums, all, (ek_span_t){rows.end, all->rows}, across);
    add_rectangle(sums, all, rows, (ek_span_t){0, columns.begin});
    add_rectangle(sums, all, rows, (ek_span_t){columns.end, all->columns});
}

/* All channels of the window at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                            const int8_t *weights, const int32_t *finish, int32_t h, int32_t w,
                            int8_t *output)
{
    const int8_t zero = (int8_t)p->input_zero, zeros[LANES] = {zero, zero, zero, zero};
    const int32_t channels = p->input_c, line = p->input_w * channels;
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    taps_t all = {zeros, weights, p->kernel_h, p->kernel_w, 0, 0, p->kernel_w * channels, channels,
                  channels};
    taps_t inside = {
        .rows = rows.end - rows.begin, .columns = columns.end - columns.begin,
        .x_row = p->dilation_h * line, .x_column = p->dilation_w * channels,
        .w_row = all.w_row, .w_column = channels, .count = channels,
    };
    const bool clipped = inside.rows < all.rows || inside.columns < all.columns;
    inside.x = input + h * line + w * channels + rows.begin * inside.x_row +
               columns.begin * inside.x_column;
    inside.w = weights + rows.begin * all.w_row + columns.begin * channels;
    for (; all.count > 0; all.count -= LANES, inside.count -= LANES) {
        int32_t sums[LANES] = {0, 0, 0, 0};
        add_taps(sums, &inside);
        if (clipped) add_outside(sums, &all, rows, columns);
        for (int32_t l = 0; l < LANES && l < all.count; l++, finish += 4) {
            const ek_finish_t f = {finish[1], finish[2], finish[3]};
            *output++ = (int8_t)ek_finish(finish[0] + 2 * sums[l], f, EK_AWAY_FROM_ZERO);
        }
        inside.x += LANES;
        inside.w += LANES;
        all.w += LANES;
    }
}

void ek_depthwise_conv2d_lanes_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                       const int8_t *weights, const int32_t *finish,
                                       int8_t *output)
{
    const int32_t channels = p->input_c;
    int8_t *pixel = output;
    assert(p->depth_multiplier == 1);
    for (int32_t n = 0; n < p->batches; n++, input += p->input_h * p->input_w * channels) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++, pixel += channels) {
                convolve_window(p, input, weights, finish, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, pixel);
            }
        }
    }
    ek_clamp_s8__dsp(output, (int32_t)(pixel - output), p->act_min, p->act_max);
}
