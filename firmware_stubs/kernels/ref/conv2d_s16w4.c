/* conv2d_s16w4.c - one output channel at a time, over the taps inside the input; weights packed. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"
#include "ek_w4.h"
#include "ek_window.h"

/* The taps of one window that are inside, and the index in the input of tap (0, 0), which may lie
 * outside itself. */
typedef struct {
    ek_span_t rows, columns;
    int32_t origin;
} patch_t;

static int64_t sum_window(const ek_conv2d_s16w8_t *p, patch_t patch, const int16_t *input,
                          const uint8_t *kernel)
{
    const int32_t step_h = p->dilation_h * p->input_w * p->input_c;
    const int32_t step_w = p->dilation_w * p->input_c;
    /* Undilated taps of a row are adjacent in both operands: one run serves them all. */
    const int32_t run = p->dilation_w == 1 ? patch.columns.end - patch.columns.begin : 1;
    int64_t sum = 0;
    for (int32_t i = patch.rows.begin; i < patch.rows.end; i++) {
        for (int32_t j = patch.columns.begin; j < patch.columns.end; j += run) {
            const int16_t *x = input + (patch.origin + i * step_h + j * step_w);
            sum += ek_w4_dot_s16(x, kernel, (i * p->kernel_w + j) * p->input_c, run * p->input_c);
        }
    }
    return sum;
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_conv2d_s16w8_t *p, const ek_requant_t *q,
                            const int16_t *input, const uint8_t *weights, const int64_t *bias,
                            int32_t h, int32_t w, int16_t *output)
{
    const int32_t row = ek_w4_row(p->kernel_h * p->kernel_w * p->input_c);
    const patch_t patch = {
        .rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h),
        .columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w),
        .origin = (h * p->input_w + w) * p->input_c,
    };
    for (int32_t o = 0; o < p->output_c; o++, weights += row) {
        const int64_t sum = bias[o] + sum_window(p, patch, input, weights);
        output[o] = ek_requant_wide_s16(sum, q[o * p->q_step], p->act_min, p->act_max);
    }
}

void ek_conv2d_s16w4__ref(const ek_conv2d_s16w8_t *p, const ek_requant_t *q, const int16_t *input,
                          const uint8_t *weights, const int64_t *bias, int16_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0 && p->input_c > 0);
    assert(p->q_step == 0 || p->q_step == 1);
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
