/* conv2d_b1_s8.c - scales the sums of signs, and rounds to int8. */
#include <assert.h>

#include "ek_b1.h"

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_conv2d_b1_t *p, const uint32_t *input,
                            const uint32_t *weights, const float *multiplier, const float *bias,
                            int32_t h, int32_t w, int8_t *output)
{
    for (int32_t o = 0; o < p->output_c; o++) {
        const int32_t acc = ek_b1_count(p, input, weights, h, w, o);
        output[o] = ek_b1_s8(p, acc, multiplier[o], bias[o]);
    }
}

void ek_conv2d_b1_s8__ref(const ek_conv2d_b1_t *p, const uint32_t *input,
                        const uint32_t *weights, const float *multiplier, const float *bias,
                        int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0 && p->group_words > 0 && p->groups > 0);
    assert(p->output_c % p->groups == 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                convolve_window(p, input, weights, multiplier, bias, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, output);
                output += p->output_c;
            }
        }
        input += p->input_h * p->input_w * p->group_words * p->groups;
    }
}
