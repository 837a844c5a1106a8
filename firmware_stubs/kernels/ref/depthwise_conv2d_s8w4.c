/* depthwise_conv2d_s8w4.c - one output channel at a time; every tap has a packed row of its own. */
#include <assert.h>

#include "ek_kernels_w4.h"
#include "ek_requant.h"
#include "ek_w4.h"

/* Output channel `o` of the window that starts at (h, w). */
static int32_t sum_window(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                          const uint8_t *weights, int32_t h, int32_t w, int32_t o)
{
    const int32_t channel = o / p->depth_multiplier;
    int32_t sum = 0;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t row = h + i * p->dilation_h, column = w + j * p->dilation_w;
            const int inside = row >= 0 && row < p->input_h && column >= 0 && column < p->input_w;
            const int32_t x =
                inside ? input[(row * p->input_w + column) * p->input_c + channel] : p->input_zero;
            sum += x * ek_w4_at(weights, o);
            weights += ek_w4_row(p->output_c);
        }
    }
    return sum;
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                            const int8_t *input, const uint8_t *weights, const int32_t *bias,
                            int32_t h, int32_t w, int8_t *output)
{
    for (int32_t o = 0; o < p->output_c; o++) {
        const int32_t sum = sum_window(p, input, weights, h, w, o);
        output[o] = ek_requant_s8(ek_wrapping_add(bias[o], sum), q[o * p->q_step], p->output_zero,
                                  p->act_min, p->act_max);
    }
}

void ek_depthwise_conv2d_s8w4__ref(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                                   const int8_t *input, const uint8_t *weights,
                                   const int32_t *bias, int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
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
