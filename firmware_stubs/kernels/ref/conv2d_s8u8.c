/* conv2d_s8u8.c - both operands less their zero points, over the taps inside the input. */
#include <assert.h>

#include "ek_kernels_u8.h"
#include "ek_requant.h"
#include "ek_window.h"

/* One output of the window that starts at (h, w). */
static int32_t sum_window(const ek_conv2d_s8_t *p, int32_t weights_zero, const int8_t *input,
                          const uint8_t *kernel, int32_t h, int32_t w)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    int32_t sum = 0;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j++) {
            const int32_t pixel = (h + i * p->dilation_h) * p->input_w + w + j * p->dilation_w;
            const int8_t *x = input + pixel * p->input_c;
            const uint8_t *k = kernel + (i * p->kernel_w + j) * p->input_c;
            for (int32_t c = 0; c < p->input_c; c++) {
                sum += (x[c] - p->input_zero) * (k[c] - weights_zero);
            }
        }
    }
    return sum;
}

void ek_conv2d_s8u8__ref(const ek_conv2d_s8_t *p, const ek_requant_t *q, int32_t weights_zero,
                         const int8_t *input, const uint8_t *weights, const int32_t *bias,
                         int8_t *output)
{
    const int32_t kernel_size = p->kernel_h * p->kernel_w * p->input_c;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                const int32_t h = y * p->stride_h - p->pad_top, w = x * p->stride_w - p->pad_left;
                for (int32_t o = 0; o < p->output_c; o++) {
                    const int32_t sum =
                        sum_window(p, weights_zero, input, weights + o * kernel_size, h, w);
                    *output++ = ek_requant_s8(ek_wrapping_add(bias[o], sum), q[o * p->q_step],
                                              p->output_zero, p->act_min, p->act_max);
                }
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
