/* depthwise_conv2d_3x3_s8.c - 3x3 kernels: eight channels at a time over the whole image, so that
 * their nine weights and their factors stay in registers. Layout: depthwise_conv2d_s8.c.
 *
 * A row of taps outside the input is a line that stands still on eight zero points. Only pixels
 * whose window reaches beyond the left or right border test each tap.
 */
#include "ek_neon_depthwise.h"

enum { TAPS = 9 };

/* One row of taps: the address of tap 0 of the first pixel, bytes to the next tap and pixel. */
typedef struct {
    const int8_t *at;
    int32_t tap, pixel;
} line_t;

typedef struct {
    int8x8_t w[TAPS];
    ek_neon_lanes_t lanes;
    ek_neon_range_t range;
} kernel_t;

static inline int8x8_t convolve(const kernel_t *k, const int8x8_t x[TAPS])
{
    int32x4_t low = k->lanes.bias[0], high = k->lanes.bias[1];
    for (int t = 0; t + 2 <= TAPS; t += 2) {
        const int16x8_t products = vmlal_s8(vmull_s8(x[t], k->w[t]), x[t + 1], k->w[t + 1]);
        low = vaddw_s16(low, vget_low_s16(products));
        high = vaddw_high_s16(high, products);
    }
    const int16x8_t last = vmull_s8(x[TAPS - 1], k->w[TAPS - 1]);
    low = vaddw_s16(low, vget_low_s16(last));
    high = vaddw_high_s16(high, last);
    return ek_neon_finish_lanes(low, high, k->lanes, k->range);
}

/* Pixel x of the row, whose taps may lie left or right of the input. */
static void border_pixel(const ek_depthwise_conv2d_s8_t *p, const kernel_t *k,
                         const line_t line[3], int32_t x, int8_t *output)
{
    const int8x8_t zeros = vdup_n_s8((int8_t)p->input_zero);
    int8x8_t taps[TAPS];
    for (int32_t t = 0; t < TAPS; t++) {
        const line_t row = line[t / 3];
        const int32_t w = x * p->stride_w - p->pad_left + t % 3 * p->dilation_w;
        const int inside = w >= 0 && w < p->input_w;
        taps[t] = inside ? vld1_s8(row.at + (x * row.pixel + t % 3 * row.tap)) : zeros;
    }
    vst1_s8(output + x * p->output_c, convolve(k, taps));
}

/* Pixels begin <= x < end, all of whose columns of taps lie inside. */
static void inner_pixels(const kernel_t *kernel, const line_t line[3], int32_t begin, int32_t end,
                         int32_t channels, int8_t *output)
{
    const kernel_t k = *kernel;
    const line_t top = line[0], middle = line[1], bottom = line[2];
    for (int32_t x = begin; x < end; x++) {
        const int8_t *a = top.at + x * top.pixel, *b = middle.at + x * middle.pixel;
        const int8_t *c = bottom.at + x * bottom.pixel;
        const int8x8_t taps[TAPS] = {
            vld1_s8(a), vld1_s8(a + top.tap), vld1_s8(a + 2 * top.tap),
            vld1_s8(b), vld1_s8(b + middle.tap), vld1_s8(b + 2 * middle.tap),
            vld1_s8(c), vld1_s8(c + bottom.tap), vld1_s8(c + 2 * bottom.tap),
        };
        vst1_s8(output + x * channels, convolve(&k, taps));
    }
}

static void convolve_row(const ek_depthwise_conv2d_s8_t *p, const kernel_t *k, const int8_t *input,
                         const int8_t zeros[8], int32_t y, int8_t *output)
{
    const ek_span_t inner = ek_inner_windows(p->output_w, p->stride_w, p->pad_left,
                                             2 * p->dilation_w, p->input_w);
    line_t line[3];
    for (int32_t i = 0; i < 3; i++) {
        const int32_t h = y * p->stride_h - p->pad_top + i * p->dilation_h;
        const int32_t start = (h * p->input_w - p->pad_left) * p->input_c;
        const line_t inside = {input + start, p->dilation_w * p->input_c,
                               p->stride_w * p->input_c};
        line[i] = h >= 0 && h < p->input_h ? inside : (line_t){zeros, 0, 0};
    }
    for (int32_t x = 0; x < inner.begin; x++) border_pixel(p, k, line, x, output);
    inner_pixels(k, line, inner.begin, inner.end, p->output_c, output);
    for (int32_t x = inner.end; x < p->output_w; x++) border_pixel(p, k, line, x, output);
}

void ek_depthwise_conv2d_3x3_s8__neon(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *factors,
                                      int8_t *output)
{
    const int32_t channels = p->input_c;
    kernel_t k = {.range = {p->output_zero, p->act_min, p->act_max}};
    int8_t zeros[8];
    memset(zeros, p->input_zero, sizeof zeros);
    for (int32_t c = 0; c < channels; c += 8) {
        const int32_t first = ek_min(c, channels - 8);
        k.lanes = ek_neon_load_lanes(factors, first, channels);
        for (int t = 0; t < TAPS; t++) k.w[t] = vld1_s8(weights + t * channels + first);
        const int8_t *from = input + first;
        int8_t *to = output + first;
        for (int32_t n = 0; n < p->batches; n++) {
            for (int32_t y = 0; y < p->output_h; y++) {
                convolve_row(p, &k, from, zeros, y, to);
                to += p->output_w * channels;
            }
            from += p->input_h * p->input_w * channels;
        }
    }
}
