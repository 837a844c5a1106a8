/* conv2d_b1.c - counts the bits that differ, output by output, and packs what exceeds. */
#include <assert.h>

#include "ek_b1.h"

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_conv2d_b1_t *p, const uint32_t *input,
                            const uint32_t *weights, const int32_t *threshold, int32_t h,
                            int32_t w, uint32_t *output)
{
    for (int32_t k = 0; k < ek_b1_words(p->output_c); k++) output[k] = 0;
    for (int32_t o = 0; o < p->output_c; o++) {
        const int32_t acc = ek_b1_count(p, input, weights, h, w, o);
        output[o / EK_B1_WORD] |= (uint32_t)(acc > threshold[o]) << o % EK_B1_WORD;
    }
}

void ek_conv2d_b1__ref(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                       const int32_t *threshold, uint32_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0 && p->group_words > 0 && p->groups > 0);
    assert(p->output_c % p->groups == 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                convolve_window(p, input, weights, threshold, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, output);
                output += ek_b1_words(p->output_c);
            }
        }
        input += p->input_h * p->input_w * p->group_words * p->groups;
    }
}
