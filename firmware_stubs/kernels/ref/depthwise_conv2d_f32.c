/* depthwise_conv2d_f32.c - one output channel at a time, over the taps inside the input. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"
#include "ek_window.h"

/* Output channel `o` of the window that starts at (h, w). */
static float sum_window(const ek_depthwise_conv2d_f32_t *p, const float *input,
                        const float *weights, int32_t h, int32_t w, int32_t o)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t channel = o / p->depth_multiplier;
    float sum = 0.0f;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j++) {
            const int32_t pixel = (h + i * p->dilation_h) * p->input_w + w + j * p->dilation_w;
            sum += input[pixel * p->input_c + channel] *
                   weights[(i * p->kernel_w + j) * p->output_c + o];
        }
    }
    return sum;
}

void ek_depthwise_conv2d_f32__ref(const ek_depthwise_conv2d_f32_t *p, const float *input,
                                  const float *weights, const float *bias, float *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->output_c == p->input_c * p->depth_multiplier);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                const int32_t h = y * p->stride_h - p->pad_top, w = x * p->stride_w - p->pad_left;
                for (int32_t o = 0; o < p->output_c; o++) {
                    const float sum = sum_window(p, input, weights, h, w, o) + bias[o];
                    *output++ = ek_clamp_float(sum, p->act_min, p->act_max);
                }
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
