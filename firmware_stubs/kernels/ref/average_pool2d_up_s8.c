/* average_pool2d_up_s8.c - the mean of the window's taps inside the input, halves up. */
#include <assert.h>

#include "ek_kernels_u8.h"
#include "ek_window.h"

/* Shifted to where no sum is negative, division rounds down. */
static int32_t divide_rounding(int32_t sum, int32_t count)
{
    return (sum + 128 * count + count / 2) / count - 128;
}

/* `x` is the first tap inside, of one channel. */
static int32_t sum_window(const ek_pool2d_s8_t *p, const int8_t *x, int32_t rows, int32_t columns)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *row = x + i * p->input_w * p->channels;
        for (int32_t j = 0; j < columns; j++) sum += row[j * p->channels];
    }
    return sum;
}

/* All channels of the pixel whose window starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
    assert(height > 0 && width > 0);
    input += ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    for (int32_t c = 0; c < p->channels; c++) {
        const int32_t mean = divide_rounding(sum_window(p, input + c, height, width),
                                             height * width);
        output[c] = (int8_t)ek_clamp(mean, p->act_min, p->act_max);
    }
}

void ek_average_pool2d_up_s8__ref(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0);
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
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
