/* max_pool2d_b1.c - the maximum of signs is +1 unless all are -1: AND of the words. */
#include <assert.h>

#include "ek_b1.h"

/* All words of the pixel whose window starts at (h, w). */
static void pool_window(const ek_max_pool2d_b1_t *p, const uint32_t *input, int32_t h, int32_t w,
                        uint32_t *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    for (int32_t k = 0; k < p->words; k++) {
        uint32_t all = UINT32_MAX;
        for (int32_t i = rows.begin; i < rows.end; i++) {
            for (int32_t j = columns.begin; j < columns.end; j++) {
                all &= input[((h + i) * p->input_w + w + j) * p->words + k];
            }
        }
        output[k] = all;
    }
}

void ek_max_pool2d_b1__ref(const ek_max_pool2d_b1_t *p, const uint32_t *input, uint32_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->words > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                pool_window(p, input, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                            output);
                output += p->words;
            }
        }
        input += p->input_h * p->input_w * p->words;
    }
}
