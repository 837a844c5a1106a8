/* average_pool2d_s8.c - four channels at a time, their sums as int16 lanes.
 *
 * Windows have at most 255 taps, so that 255 * -128 fits a lane. Ties go away from zero, as in ref.
 */
#include <assert.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"
#include "ek_window.h"

/* The taps inside of one window: `rows` by `columns` pixels. */
typedef struct {
    const int8_t *first;
    int32_t rows, columns;
    int32_t row_size, pixel_size; /* bytes */
} patch_t;

/* Sums of up to four channels: lanes (0, 2) and (1, 3). */
EK_INLINE void sum_patch(patch_t patch, int32_t channels, int32_t sums[2])
{
    int32_t even = 0, odd = 0;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t j = patch.columns; j > 0; j--, x += patch.pixel_size) {
            const uint32_t four = channels >= 4 ? ek_load4(x) : ek_load_tail(x, channels);
            even = ek_sxtab16(even, four);
            odd = ek_sxtab16_odd(odd, four);
        }
    }
    sums[0] = even;
    sums[1] = odd;
}

static int8_t divide(const ek_pool2d_s8_t *p, int32_t sum, int32_t taps)
{
    const int32_t half = taps / 2;
    return (int8_t)ek_clamp((sum > 0 ? sum + half : sum - half) / taps, p->act_min, p->act_max);
}

/* All channels of the pixel whose window starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *y)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    patch_t patch = {
        .first = input + ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .row_size = p->input_w * p->channels,
        .pixel_size = p->channels,
    };
    const int32_t taps = patch.rows * patch.columns;
    int32_t left = p->channels, sums[2] = {0, 0};
    if (patch.columns == p->input_w) { /* whole rows are one long row */
        patch.columns = taps;
        patch.rows = 1;
    }
    for (; left >= 4; left -= 4, patch.first += 4, y += 4) {
        sum_patch(patch, 4, sums);
        y[0] = divide(p, (int16_t)sums[0], taps);
        y[1] = divide(p, (int16_t)sums[1], taps);
        y[2] = divide(p, sums[0] >> 16, taps);
        y[3] = divide(p, sums[1] >> 16, taps);
    }
    if (left > 0) sum_patch(patch, left, sums);
    if (left > 0) y[0] = divide(p, (int16_t)sums[0], taps);
    if (left > 1) y[1] = divide(p, (int16_t)sums[1], taps);
    if (left > 2) y[2] = divide(p, sums[0] >> 16, taps);
}

void ek_average_pool2d_s8__dsp(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->kernel_h * p->kernel_w <= 255);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                pool_window(p, input, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                            output);
                output += p->channels;
            }
        }
        input += p->input_h * p->input_w * p->channels;
    }
}
