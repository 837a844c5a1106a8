/* conv2d_s8w4.c - one output channel at a time, over the taps inside the input.
 *
 * Taps outside read the zero point: what they add is that times the weights not met inside.
 */
#include <assert.h>

#include "ek_kernels_w4.h"
#include "ek_w4.h"
#include "ek_window.h"

/* The taps of one window that are inside, and the index in the input of tap (0, 0), which may lie
 * outside itself. */
typedef struct {
    ek_span_t rows, columns;
    int32_t origin;
} patch_t;

static int32_t sum_window(const ek_conv2d_s8_t *p, patch_t patch, const int8_t *input,
                          const uint8_t *kernel)
{
    const int32_t step_h = p->dilation_h * p->input_w * p->input_c;
    const int32_t step_w = p->dilation_w * p->input_c;
    /* Undilated taps of a row are adjacent in both operands: one run serves them all. */
    const int32_t run = p->dilation_w == 1 ? patch.columns.end - patch.columns.begin : 1;
    int32_t sum = 0;
    for (int32_t i = patch.rows.begin; i < patch.rows.end; i++) {
        for (int32_t j = patch.columns.begin; j < patch.columns.end; j += run) {
            const int8_t *x = input + (patch.origin + i * step_h + j * step_w);
            sum += ek_w4_dot(x, kernel, (i * p->kernel_w + j) * p->input_c, run * p->input_c);
        }
    }
    return sum;
}

static int32_t weights_outside(const ek_conv2d_s8_t *p, patch_t patch, const uint8_t *kernel)
{
    int32_t sum = ek_w4_sum(kernel, 0, p->kernel_h * p->kernel_w * p->input_c);
    const int32_t width = patch.columns.end - patch.columns.begin;
    for (int32_t i = patch.rows.begin; i < patch.rows.end; i++) {
        const int32_t first = (i * p->kernel_w + patch.columns.begin) * p->input_c;
        sum -= ek_w4_sum(kernel, first, width * p->input_c);
    }
    return sum;
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_conv2d_s8_t *p, const ek_requant_t *q, const int8_t *input,
                            const uint8_t *weights, const int32_t *bias, int32_t h, int32_t w,
                            int8_t *output)
{
    const int32_t row = ek_w4_row(p->kernel_h * p->kernel_w * p->input_c);
    const patch_t patch = {
        .rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h),
        .columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w),
        .origin = (h * p->input_w + w) * p->input_c,
    };
    const int clipped = patch.rows.end - patch.rows.begin < p->kernel_h ||
                        patch.columns.end - patch.columns.begin < p->kernel_w;
    for (int32_t o = 0; o < p->output_c; o++, weights += row) {
        int32_t sum = sum_window(p, patch, input, weights);
        if (clipped) sum += p->input_zero * weights_outside(p, patch, weights);
        output[o] = ek_requant_s8(ek_wrapping_add(bias[o], sum), q[o * p->q_step], p->output_zero,
                                  p->act_min, p->act_max);
    }
}

void ek_conv2d_s8w4__ref(const ek_conv2d_s8_t *p, const ek_requant_t *q, const int8_t *input,
                         const uint8_t *weights, const int32_t *bias, int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0 && p->input_c > 0);
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
