/* depthwise_conv2d_s8.c - blocks of output channels, tap after tap, so that both operands are read
 * in order and a compiler can use vectors. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"
#include "ek_requant.h"

enum { BLOCK = 16 };

/* `count` output channels, from `first`, of one window. */
typedef struct {
    int32_t first, count;
} block_t;

/* What the tap that reads pixel (h, w) multiplies, one value for each output channel of the block:
 * the input itself where it serves, else built in `scratch`. */
static const int8_t *tap_values(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t h,
                                int32_t w, block_t block, int8_t scratch[BLOCK])
{
    if (h < 0 || h >= p->input_h || w < 0 || w >= p->input_w) {
        return memset(scratch, p->input_zero, (size_t)block.count);
    }
    input += (h * p->input_w + w) * p->input_c;
    if (p->depth_multiplier == 1) return input + block.first;
    int32_t channel = block.first / p->depth_multiplier;
    int32_t copy = block.first % p->depth_multiplier;
    for (int32_t l = 0; l < block.count; l++) {
        scratch[l] = input[channel];
        if (++copy == p->depth_multiplier) copy = 0, channel++;
    }
    return scratch;
}

static void multiply_add(int32_t *sum, const int8_t *x, const int8_t *w, int32_t count)
{
    for (int32_t l = 0; l < count; l++) sum[l] += x[l] * w[l];
}

static void sum_window(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                       const int8_t *weights, int32_t h, int32_t w, block_t block,
                       int32_t sum[BLOCK])
{
    int8_t scratch[BLOCK];
    for (int32_t i = 0; i < p->kernel_h; i++) {
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int8_t *x = tap_values(p, input, h + i * p->dilation_h, w + j * p->dilation_w,
                                         block, scratch);
            const int8_t *tap = weights + (i * p->kernel_w + j) * p->output_c;
            multiply_add(sum, x, tap + block.first, block.count);
        }
    }
}

/* All output channels of the pixel whose window starts at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                            const int8_t *input, const int8_t *weights, const int32_t *bias,
                            int32_t h, int32_t w, int8_t *output)
{
    for (int32_t first = 0; first < p->output_c; first += BLOCK) {
        const block_t block = {first, ek_min(BLOCK, p->output_c - first)};
        int32_t sum[BLOCK] = {0};
        sum_window(p, input, weights, h, w, block, sum);
        for (int32_t l = 0; l < block.count; l++) {
            const int32_t o = first + l;
            output[o] = ek_requant_s8(ek_wrapping_add(bias[o], sum[l]), q[o * p->q_step],
                                      p->output_zero, p->act_min, p->act_max);
        }
    }
}

void ek_depthwise_conv2d_s8__ref(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,
                                 const int8_t *input, const int8_t *weights, const int32_t *bias,
                                 int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->kernel_h > 0 && p->kernel_w > 0);
    assert(p->output_c == p->input_c * p->depth_multiplier);
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
