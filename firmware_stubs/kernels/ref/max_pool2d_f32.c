/* max_pool2d_f32.c - the largest of the window's taps inside the input. */
#include <assert.h>
#include <float.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"
#include "ek_window.h"

/* `x` is the first tap inside, of one channel. */
static float max_window(const ek_pool2d_f32_t *p, const float *x, int32_t rows, int32_t columns)
{
    float largest = -FLT_MAX;
    for (int32_t i = 0; i < rows; i++) {
        const float *row = x + i * p->input_w * p->channels;
        for (int32_t j = 0; j < columns; j++) {
            if (row[j * p->channels] > largest) largest = row[j * p->channels];
        }
    }
    return largest;
}

/* All channels of the pixel whose window starts at (h, w). */
static void pool_window(const ek_pool2d_f32_t *p, const float *input, int32_t h, int32_t w,
                        float *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
    assert(height > 0 && width > 0);
    input += ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    for (int32_t c = 0; c < p->channels; c++) {
        output[c] = ek_clamp_float(max_window(p, input + c, height, width), p->act_min, p->act_max);
    }
}

void ek_max_pool2d_f32__ref(const ek_pool2d_f32_t *p, const float *input, float *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0);
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
