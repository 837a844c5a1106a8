/* depthwise_conv2d_s8.c - each output channel is a small window of one input channel. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_window.h"

/* `origin` is the index in `input` of tap (0, 0), which may lie outside. */
static int32_t sum_inside(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t origin,
                          const int8_t *weights, ek_span_t rows, ek_span_t columns)
{
    const int32_t step_h = p->dilation_h * p->input_w * p->input_c;
    const int32_t step_w = p->dilation_w * p->input_c;
    const int32_t weight_step = p->output_c;
    int32_t sum = 0;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        const int8_t *x = input + origin + i * step_h + columns.begin * step_w;
        const int8_t *w = weights + (i * p->kernel_w + columns.begin) * weight_step;
        for (int32_t j = columns.begin; j < columns.end; j++) {
            sum += *x * *w;
            x += step_w;
            w += weight_step;
        }
    }
    return sum;
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                            const int8_t *input, const int8_t *weights, const int32_t *bias,
                            int32_t h, int32_t w, int8_t *output)
{
    const ek_kernel_shape_t shape = {p->kernel_h, p->kernel_w, 1, p->kernel_w * p->output_c,
                                     p->output_c};
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t origin = (h * p->input_w + w) * p->input_c;
    int32_t o = 0;
    for (int32_t c = 0; c < p->input_c; c++) {
        for (int32_t m = 0; m < p->depth_multiplier; m++, o++) {
            const int32_t outside = ek_sum_taps_outside(weights + o, &shape, rows, columns);
            const int32_t sum = sum_inside(p, input, origin + c, weights + o, rows, columns);
            const int32_t acc = ek_wrapping_add(bias[o], sum + p->input_zero * outside);
            output[o] =
                ek_requant_s8(acc, q[o * p->q_step], p->output_zero, p->act_min, p->act_max);
        }
    }
}

void ek_depthwise_conv2d_s8__ref(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                                 const int8_t *input, const int8_t *weights, const int32_t *bias,
                                 int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0);
    assert(p->output_c == p->input_c * p->depth_multiplier);
    assert(p->q_step == 0 || p->q_step == 1);
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                convolve_window(p, q, input, weights, bias, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, output);
                output += p->output_c;
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
