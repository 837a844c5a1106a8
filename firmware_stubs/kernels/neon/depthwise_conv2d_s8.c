/* depthwise_conv2d_s8.c - any window: eight channels at a time, two taps after another.
 *
 * A window is a list of addresses, one for each tap, in the scratch; taps outside the input have
 * that of a pixel of zero points behind the list. Weights are the model's, one row of channels for
 * each tap; `factors` are rows of biases, multipliers, left and right shifts, a column a channel:
 *
 *     bias[0..C-1] multiplier[0..C-1] left[0..C-1] right[0..C-1]
 *
 * The last eight channels overlap those before when C is no multiple of eight.
 */
#include "ek_neon_depthwise.h"

/* Addresses of the taps of the window that starts at (h, w). */
static void list_taps(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                      const int8_t *zeros, const int8_t **tap)
{
    for (int32_t i = 0; i < p->kernel_h; i++) {
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t y = h + i * p->dilation_h, x = w + j * p->dilation_w;
            const int inside = y >= 0 && y < p->input_h && x >= 0 && x < p->input_w;
            *tap++ = inside ? input + (y * p->input_w + x) * p->input_c : zeros;
        }
    }
}

/* Eight channels from `c` of one window. */
static void convolve(const int8_t *const *tap, int32_t taps, int32_t c, int32_t channels,
                     const int8_t *weights, ek_neon_lanes_t lanes, ek_neon_range_t range,
                     int8_t *output)
{
    int32x4_t low = lanes.bias[0], high = lanes.bias[1];
    int32_t t = 0;
    for (; t + 2 <= taps; t += 2) {
        const int8x8_t x0 = vld1_s8(tap[t] + c), x1 = vld1_s8(tap[t + 1] + c);
        const int8x8_t w0 = vld1_s8(weights + t * channels + c);
        const int8x8_t w1 = vld1_s8(weights + (t + 1) * channels + c);
        const int16x8_t products = vmlal_s8(vmull_s8(x0, w0), x1, w1);
        low = vaddw_s16(low, vget_low_s16(products));
        high = vaddw_high_s16(high, products);
    }
    if (t < taps) {
        const int16x8_t products = vmull_s8(vld1_s8(tap[t] + c),
                                            vld1_s8(weights + t * channels + c));
        low = vaddw_s16(low, vget_low_s16(products));
        high = vaddw_high_s16(high, products);
    }
    vst1_s8(output + c, ek_neon_finish_lanes(low, high, lanes, range));
}

void ek_depthwise_conv2d_s8__neon(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                  const int8_t *weights, const int32_t *factors, int8_t *output,
                                  int8_t *scratch)
{
    const ek_neon_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t taps = p->kernel_h * p->kernel_w, channels = p->input_c;
    const int8_t **tap = (const int8_t **)(void *)scratch;
    int8_t *zeros = scratch + taps * (int32_t)sizeof *tap;
    memset(zeros, p->input_zero, (size_t)channels);
    const int32_t pixels = p->output_h * p->output_w;
    for (int32_t i = 0; i < p->batches * pixels; i++) {
        const int32_t y = i % pixels / p->output_w, x = i % p->output_w;
        const int8_t *from = input + i / pixels * p->input_h * p->input_w * channels;
        list_taps(p, from, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left, zeros, tap);
        for (int32_t c = 0; c < channels; c += 8) {
            const int32_t first = ek_min(c, channels - 8);
            convolve(tap, taps, first, channels, weights,
                     ek_neon_load_lanes(factors, first, channels), range, output);
        }
        output += channels;
    }
}
