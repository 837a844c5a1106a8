/* conv2d_f32.c - one output channel at a time, over the taps inside the input. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"
#include "ek_window.h"

/* The taps of one window that are inside, and the index in the input of tap (0, 0), which may lie
 * outside itself. */
typedef struct {
    ek_span_t rows, columns;
    int32_t origin;
} patch_t;

static float sum_window(const ek_conv2d_f32_t *p, patch_t patch, const float *input,
                        const float *kernel)
{
    const int32_t step_h = p->dilation_h * p->input_w * p->input_c;
    const int32_t step_w = p->dilation_w * p->input_c;
    float sum = 0.0f;
    for (int32_t i = patch.rows.begin; i < patch.rows.end; i++) {
        for (int32_t j = patch.columns.begin; j < patch.columns.end; j++) {
            const float *x = input + (patch.origin + i * step_h + j * step_w);
            const float *w = kernel + (i * p->kernel_w + j) * p->input_c;
            for (int32_t c = 0; c < p->input_c; c++) sum += x[c] * w[c];
        }
    }
    return sum;
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_conv2d_f32_t *p, const float *input, const float *weights,
                            const float *bias, int32_t h, int32_t w, float *output)
{
    const patch_t patch = {
        .rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h),
        .columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w),
        .origin = (h * p->input_w + w) * p->input_c,
    };
    for (int32_t o = 0; o < p->output_c; o++) {
        const float sum = sum_window(p, patch, input, weights) + bias[o];
        output[o] = ek_clamp_float(sum, p->act_min, p->act_max);
        weights += p->kernel_h * p->kernel_w * p->input_c;
    }
}

void ek_conv2d_f32__ref(const ek_conv2d_f32_t *p, const float *input, const float *weights,
                        const float *bias, float *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0 && p->input_c > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                convolve_window(p, input, weights, bias, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, output);
                output += p->output_c;
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
