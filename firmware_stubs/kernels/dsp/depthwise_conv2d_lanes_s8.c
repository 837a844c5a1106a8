/* depthwise_conv2d_lanes_s8.c - any kernel without multiplier, four channels in a word at a time.
 *
 * A word of input and one of weights hold four channels of a tap: four instructions widen them, four
 * multiply and add. Taps outside the input read a word of zero points.
 *
 * weights: as the model has them, HxWxC. finish: per channel 2 * bias, multiplier, addend, right.
 */
#include <assert.h>
#include <stdbool.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"

enum { LANES = 4 };

/* Sums of channels 0, 1, 2, 3. */
typedef struct {
    int32_t sum[LANES];
} sums_t;

static inline uint32_t load_channels(const int8_t *x, int32_t count)
{
    return count >= LANES ? ek_load4(x) : ek_load_tail(x, count);
}

static inline void add_tap(sums_t *s, uint32_t x, uint32_t w)
{
    const int32_t x_even = ek_sxtb16(x), x_odd = ek_sxtb16_odd(x);
    const int32_t w_even = ek_sxtb16(w), w_odd = ek_sxtb16_odd(w);
    s->sum[0] = ek_smlabb(x_even, w_even, s->sum[0]);
    s->sum[1] = ek_smlabb(x_odd, w_odd, s->sum[1]);
    s->sum[2] = ek_smlatt(x_even, w_even, s->sum[2]);
    s->sum[3] = ek_smlatt(x_odd, w_odd, s->sum[3]);
}

/* `count` channels of the window at (h, w); `input` and `weights` are at the first of them. */
static sums_t sum_window(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                         const int8_t *weights, int32_t h, int32_t w, int32_t count)
{
    const uint32_t zeros = 0x01010101u * (uint8_t)p->input_zero;
    const int32_t step = p->dilation_w * p->input_c;
    sums_t s = {{0, 0, 0, 0}};
    for (int32_t i = 0; i < p->kernel_h; i++, h += p->dilation_h) {
        const bool row = h >= 0 && h < p->input_h;
        int32_t at = w, offset = (h * p->input_w + w) * p->input_c;
        for (int32_t j = 0; j < p->kernel_w; j++, at += p->dilation_w, offset += step) {
            const bool inside = row && at >= 0 && at < p->input_w;
            add_tap(&s, inside ? load_channels(input + offset, count) : zeros,
                    load_channels(weights, count));
            weights += p->input_c;
        }
    }
    return s;
}

/* All channels of the window at (h, w). */
static void convolve_window(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                            const int8_t *weights, const int32_t *finish, int32_t h, int32_t w,
                            int8_t *output)
{
    for (int32_t c = 0; c < p->input_c; c += LANES) {
        const int32_t count = p->input_c - c;
        const sums_t s = sum_window(p, input + c, weights + c, h, w, count);
        for (int32_t l = 0; l < LANES && l < count; l++, finish += 4) {
            const ek_finish_t f = {finish[1], finish[2], finish[3]};
            output[c + l] = (int8_t)ek_finish(finish[0] + 2 * s.sum[l], f, EK_AWAY_FROM_ZERO);
        }
    }
}

void ek_depthwise_conv2d_lanes_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                       const int8_t *weights, const int32_t *finish,
                                       int8_t *output)
{
    const int32_t channels = p->input_c;
    int8_t *pixel = output;
    assert(p->depth_multiplier == 1);
    for (int32_t n = 0; n < p->batches; n++, input += p->input_h * p->input_w * channels) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++, pixel += channels) {
                convolve_window(p, input, weights, finish, y * p->stride_h - p->pad_top,
                                x * p->stride_w - p->pad_left, pixel);
            }
        }
    }
    ek_clamp_s8(output, (int32_t)(pixel - output), p->act_min, p->act_max);
}
