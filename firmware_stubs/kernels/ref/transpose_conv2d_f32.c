/* transpose_conv2d_f32.c - for each output, the taps that meet an input: one in stride along an
 * axis. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"

static float dot(int32_t count, const float *x, const float *w)
{
    float sum = 0.0f;
    for (int32_t c = 0; c < count; c++) sum += x[c] * w[c];
    return sum;
}

/* Tap (i, j) of output (y, x) meets input ((y + pad - i) / stride, ...) where that is whole. */
static float taps(const ek_transpose_conv2d_f32_t *p, const float *input, const float *kernel,
                  int32_t y, int32_t x)
{
    const int32_t down = y + p->pad_top, right = x + p->pad_left;
    float sum = 0.0f;
    for (int32_t i = down % p->stride_h; i < p->kernel_h && i <= down; i += p->stride_h) {
        const int32_t row = (down - i) / p->stride_h;
        if (row >= p->input_h) continue;
        for (int32_t j = right % p->stride_w; j < p->kernel_w && j <= right; j += p->stride_w) {
            const int32_t column = (right - j) / p->stride_w;
            if (column >= p->input_w) continue;
            sum += dot(p->input_c, input + (row * p->input_w + column) * p->input_c,
                       kernel + (i * p->kernel_w + j) * p->input_c);
        }
    }
    return sum;
}

void ek_transpose_conv2d_f32__ref(const ek_transpose_conv2d_f32_t *p, const float *input,
                                  const float *weights, const float *bias, float *output)
{
    const int32_t kernel_size = p->kernel_h * p->kernel_w * p->input_c;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->pad_top >= 0 && p->pad_left >= 0);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                for (int32_t o = 0; o < p->output_c; o++) {
                    const float sum = taps(p, input, weights + o * kernel_size, y, x) + bias[o];
                    *output++ = ek_clamp_float(sum, p->act_min, p->act_max);
                }
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
