/* depthwise_conv2d_s8.c - any window: 16 channels at a time, tap after tap.
 *
 * A window is a list of addresses, one for each tap, in the scratch; taps outside the input have
 * that of a row of zero points there. Products are made of even and of odd channels, then widened
 * in halves, so the four accumulators hold channels 0 4 8 12, 2 6 10 14, 1 5 9 13 and 3 7 11 15;
 * narrowing them interleaves the same way back. Factors are packed so for each 16 channels, with
 * four biases, multipliers and shifts for each accumulator; weights 16 channels a tap:
 *
 *     k[0][0][0..15] k[0][1][0..15] ... k[h-1][w-1][0..15] k[0][0][16..31] ...
 */
#include "ek_mve.h"
#include "ek_requant.h"

enum { LANES = 16, ACCUMULATORS = 4 };

typedef struct {
    int32x4_t sum[ACCUMULATORS];
} sums_t;

static int32_t round_up(int32_t count) { return (count + LANES - 1) / LANES * LANES; }

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

static inline sums_t multiply_add(sums_t s, int8x16_t x, int8x16_t w)
{
    const int16x8_t even = vmullbq_int_s8(x, w), odd = vmulltq_int_s8(x, w);
    s.sum[0] = vaddq_s32(s.sum[0], vmovlbq_s16(even));
    s.sum[1] = vaddq_s32(s.sum[1], vmovltq_s16(even));
    s.sum[2] = vaddq_s32(s.sum[2], vmovlbq_s16(odd));
    s.sum[3] = vaddq_s32(s.sum[3], vmovltq_s16(odd));
    return s;
}

/* The `lanes` channels from `channel` of one window. */
static void convolve(const int8_t *const *tap, int32_t taps, int32_t channel, mve_pred16_t lanes,
                     const int8_t *weights, const int32_t *factors, ek_mve_range_t range,
                     int8_t *output)
{
    sums_t s;
    for (int i = 0; i < ACCUMULATORS; i++) s.sum[i] = vdupq_n_s32(0);
    for (int32_t t = 0; t < taps; t++) {
        s = multiply_add(s, vldrbq_z_s8(tap[t] + channel, lanes), vldrbq_s8(weights));
        weights += LANES;
    }
    for (int i = 0; i < ACCUMULATORS; i++) {
        s.sum[i] = ek_mve_requant_lanes(s.sum[i], factors + 12 * i);
    }
    const int16x8_t even = ek_mve_pair(s.sum[0], s.sum[1]), odd = ek_mve_pair(s.sum[2], s.sum[3]);
    vstrbq_p_s8(output, ek_mve_narrow(even, odd, range), lanes);
}

void ek_depthwise_conv2d_s8__mve(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *factors, int8_t *output,
                                 int8_t *scratch)
{
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t taps = p->kernel_h * p->kernel_w, channels = p->input_c;
    const int8_t **tap = (const int8_t **)(void *)(scratch + round_up(channels));
    const int8x16_t zeros = vdupq_n_s8((int8_t)p->input_zero);
    for (int32_t c = 0; c < channels; c += LANES) vstrbq_s8(scratch + c, zeros);
    const int32_t pixels = p->output_h * p->output_w;
    for (int32_t i = 0; i < p->batches * pixels; i++) {
        const int32_t y = i % pixels / p->output_w, x = i % p->output_w;
        const int8_t *from = input + i / pixels * p->input_h * p->input_w * channels;
        list_taps(p, from, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left, scratch,
                  tap);
        for (int32_t c = 0; c < channels; c += LANES) {
            convolve(tap, taps, c, vctp8q((uint32_t)(channels - c)), weights + c * taps,
                     factors + 3 * c, range, output + c);
        }
        output += channels;
    }
}
