/* conv2d_b1.c - packed signs to packed signs, four words at a time. */
#include <assert.h>

#include "ek_kernels_neon_b1.h"
#include "ek_neon_b1.h"

static void finish_pixel(const ek_conv2d_b1_t *p, const uint32_t *window, const uint32_t *weights,
                         const int32_t *threshold, uint32_t *output)
{
    const int32_t words = ek_neon_window_words(p);
    for (int32_t k = 0; k < ek_b1_words(p->output_c); k++) output[k] = 0;
    for (int32_t o = 0; o < p->output_c; o++, weights += words) {
        const int32_t acc = ek_neon_differing(window, weights, words);
        output[o / EK_B1_WORD] |= (uint32_t)(acc > threshold[o]) << o % EK_B1_WORD;
    }
}

void ek_conv2d_b1__neon(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                        const int32_t *threshold, uint32_t *output, void *scratch)
{
    assert(p->groups == 1 && p->pad_ones);
    uint32_t *const window = scratch;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                ek_neon_gather(p, input, y * p->stride_h - p->pad_top,
                               x * p->stride_w - p->pad_left, window);
                finish_pixel(p, window, weights, threshold, output);
                output += ek_b1_words(p->output_c);
            }
        }
        input += p->input_h * p->input_w * p->group_words;
    }
}
