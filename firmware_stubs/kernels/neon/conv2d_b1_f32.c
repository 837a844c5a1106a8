/* conv2d_b1_f32.c - packed signs to float32, four words at a time. */
#include <assert.h>

#include "ek_kernels_neon_b1.h"
#include "ek_neon_b1.h"

static void finish_pixel(const ek_conv2d_b1_t *p, const uint32_t *window, const uint32_t *weights,
                         const float *multiplier, const float *bias, float *output)
{
    const int32_t words = ek_neon_window_words(p);
    for (int32_t o = 0; o < p->output_c; o++, weights += words) {
        const int32_t acc = ek_neon_differing(window, weights, words);
        output[o] = ek_b1_real(p, acc, multiplier[o], bias[o]);
    }
}

void ek_conv2d_b1_f32__neon(const ek_conv2d_b1_t *p, const uint32_t *input,
                            const uint32_t *weights, const float *multiplier, const float *bias,
                            float *output, void *scratch)
{
    assert(p->groups == 1 && p->pad_ones);
    uint32_t *const window = scratch;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                ek_neon_gather(p, input, y * p->stride_h - p->pad_top,
                               x * p->stride_w - p->pad_left, window);
                finish_pixel(p, window, weights, multiplier, bias, output);
                output += p->output_c;
            }
        }
        input += p->input_h * p->input_w * p->group_words;
    }
}
