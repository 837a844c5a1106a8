/* average_pool2d_s8.c - the mean of the window's taps inside the input, ties away from zero.
 *
 * Sums of 16 channels in int16, which hold 255 taps; the division is left to the scalar unit.
 */
#include "ek_mve.h"
#include "ek_window.h"

static int32_t divide_rounding(int32_t sum, int32_t count)
{
    const int32_t half = count / 2;
    return (sum > 0 ? sum + half : sum - half) / count;
}

/* Sums of the even and the odd channels from x of a window of `rows` by `columns` taps. */
static void sum_window(const ek_pool2d_s8_t *p, const int8_t *x, int32_t rows, int32_t columns,
                       mve_pred16_t lanes, int16_t sums[2][8])
{
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
    vstrhq_s16(sums[0], even);
    vstrhq_s16(sums[1], odd);
}

/* All channels of the window that starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
    input += ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    for (int32_t c = 0; c < p->channels; c += 16) {
        const int32_t channels = ek_min(16, p->channels - c);
        int16_t sums[2][8];
        sum_window(p, input + c, height, width, vctp8q((uint32_t)channels), sums);
        for (int32_t i = 0; i < channels; i++) {
            const int32_t mean = divide_rounding(sums[i % 2][i / 2], height * width);
            output[c + i] = (int8_t)ek_clamp(mean, p->act_min, p->act_max);
        }
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
