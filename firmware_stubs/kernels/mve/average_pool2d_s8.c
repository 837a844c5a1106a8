/* average_pool2d_s8.c - the mean of the window's taps inside the input, ties away from zero.
 *
 * Sums of 16 channels in int16, which hold 255 taps. |sum| + taps / 2, below 2^15, is divided by taps in
 * a product with 2^k / taps, rounded up, k = 15 + bits: too large by less than one in 2^k / taps >= 2^15,
 * it gives the same quotient.
 */
#include "ek_mve.h"
#include "ek_window.h"

typedef struct {
    int16_t half;
    uint16_t reciprocal;
    int32_t bits; /* 2^bits >= taps */
} divisor_t;

static divisor_t divisor(int32_t taps)
{
    int32_t bits = 0;
    while (1 << bits < taps) bits++;
    const uint32_t scaled = (UINT32_C(1) << (15 + bits)) / (uint32_t)taps;
    return (divisor_t){(int16_t)(taps / 2), (uint16_t)(scaled + 1), bits};
}

static inline int16x8_t divide_rounding(int16x8_t sum, divisor_t by)
{
    const int16x8_t sign = vshrq_n_s16(sum, 15);
    const int16x8_t n = vaddq_n_s16(vsubq_s16(veorq_s16(sum, sign), sign), by.half);
    const uint16x8_t doubled = vreinterpretq_u16_s16(vaddq_s16(n, n));
    const uint16x8_t high = vmulhq_u16(doubled, vdupq_n_u16(by.reciprocal));
    const int16x8_t mean = vreinterpretq_s16_u16(vshlq_r_u16(high, -by.bits));
    return vsubq_s16(veorq_s16(mean, sign), sign);
}

/* `lanes` channels from x of a window of `rows` by `columns` taps. */
static void pool(const ek_pool2d_s8_t *p, const int8_t *x, int32_t rows, int32_t columns,
                 mve_pred16_t lanes, int8_t *output)
{
    const ek_mve_range_t range = {0, p->act_min, p->act_max};
    const divisor_t by = divisor(rows * columns);
    int16x8_t even = vdupq_n_s16(0), odd = even;
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *tap = x + i * p->input_w * p->channels;
        for (int32_t j = 0; j < columns; j++) {
            const int8x16_t v = vldrbq_z_s8(tap, lanes);
            even = vaddq_s16(even, vmovlbq_s8(v));
            odd = vaddq_s16(odd, vmovltq_s8(v));
            tap += p->channels;
        }
    }
    even = divide_rounding(even, by);
    odd = divide_rounding(odd, by);
    vstrbq_p_s8(output, ek_mve_narrow(even, odd, range), lanes);
}

/* All channels of the window that starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    input += ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    for (int32_t c = 0; c < p->channels; c += 16) {
        pool(p, input + c, rows.end - rows.begin, columns.end - columns.begin,
             vctp8q((uint32_t)(p->channels - c)), output + c);
    }
}

void ek_average_pool2d_s8__mve(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                pool_window(p, input, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                            output);
                output += p->channels;
            }
        }
        input += p->input_h * p->input_w * p->channels;
    }
}
