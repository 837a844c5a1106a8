/* transpose_conv2d_s8.c - for each output, the taps that meet an input: one in stride along an axis. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_requant.h"

static int32_t dot(const ek_transpose_conv2d_s8_t *p, const int8_t *x, const int8_t *w)
{
    int32_t sum = 0;
    for (int32_t c = 0; c < p->input_c; c++) sum += (x[c] - p->input_zero) * w[c];
    return sum;
}

/* Tap (i, j) of output (y, x) meets input ((y + pad - i) / stride, ...) where that is whole. */
static int32_t taps(const ek_transpose_conv2d_s8_t *p, const int8_t *input, const int8_t *kernel,
                    int32_t y, int32_t x)
{
    const int32_t down = y + p->pad_top, right = x + p->pad_left;
    int32_t sum = 0;
    for (int32_t i = down % p->stride_h; i < p->kernel_h && i <= down; i += p->stride_h) {
        const int32_t row = (down - i) / p->stride_h;
        if (row >= p->input_h) continue;
        for (int32_t j = right % p->stride_w; j < p->kernel_w && j <= right; j += p->stride_w) {
            const int32_t column = (right - j) / p->stride_w;
            if (column >= p->input_w) continue;
            sum += dot(p, input + (row * p->input_w + column) * p->input_c,
                       kernel + (i * p->kernel_w + j) * p->input_c);
        }
    }
    return sum;
}

void ek_transpose_conv2d_s8__ref(const ek_transpose_conv2d_s8_t *p, const ek_requant_t *q,
                                 const int8_t *input, const int8_t *weights, const int32_t *bias,
                                 int8_t *output)
{
    const int32_t kernel_size = p->kernel_h * p->kernel_w * p->input_c;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->pad_top >= 0 && p->pad_left >= 0);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                for (int32_t o = 0; o < p->output_c; o++) {
                    const int32_t sum = taps(p, input, weights + o * kernel_size, y, x);
                    *output++ = ek_requant_s8(ek_wrapping_add(sum, bias[o]), q[o * p->q_step],
                                              p->output_zero, p->act_min, p->act_max);
                }
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
