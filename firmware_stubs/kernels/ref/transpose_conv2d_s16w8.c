/* transpose_conv2d_s16w8.c - as transpose_conv2d_s8, with sums of 64 bits. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

static int64_t dot(const int16_t *x, const int8_t *w, int32_t count)
{
    int64_t sum = 0;
    for (int32_t c = 0; c < count; c++) sum += (int32_t)x[c] * w[c];
    return sum;
}

/* Tap (i, j) of output (y, x) meets input ((y + pad - i) / stride, ...) where that is whole. */
static int64_t taps(const ek_transpose_conv2d_s8_t *p, const int16_t *input, const int8_t *kernel,
                    int32_t y, int32_t x)
{
    const int32_t down = y + p->pad_top, right = x + p->pad_left;
    int64_t sum = 0;
    for (int32_t i = down % p->stride_h; i < p->kernel_h && i <= down; i += p->stride_h) {
        const int32_t row = (down - i) / p->stride_h;
        if (row >= p->input_h) continue;
        for (int32_t j = right % p->stride_w; j < p->kernel_w && j <= right; j += p->stride_w) {
            const int32_t column = (right - j) / p->stride_w;
            if (column >= p->input_w) continue;
            sum += dot(input + (row * p->input_w + column) * p->input_c,
                       kernel + (i * p->kernel_w + j) * p->input_c, p->input_c);
        }
    }
    return sum;
}

void ek_transpose_conv2d_s16w8__ref(const ek_transpose_conv2d_s8_t *p, const ek_requant_t *q,
                                    const int16_t *input, const int8_t *weights,
                                    const int64_t *bias, int16_t *output)
{
    const int32_t kernel_size = p->kernel_h * p->kernel_w * p->input_c;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->pad_top >= 0 && p->pad_left >= 0);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                for (int32_t o = 0; o < p->output_c; o++) {
                    const int64_t sum = bias[o] + taps(p, input, weights + o * kernel_size, y, x);
                    *output++ = ek_requant_wide_s16(sum, q[o * p->q_step], p->act_min, p->act_max);
                }
            }
        }
        input += p->input_h * p->input_w * p->input_c;
    }
}
