/* depthwise_conv2d_s8.c - any window, as a list of the addresses of its taps, in the scratch; taps
 * outside the input have that of a pixel of zero points behind the list.
 *
 * Weights are pairs of taps for each channel, the second of the last pair zero where their number
 * is odd: (T/2, C, 2). Factors are rows of biases, multipliers, shifts to the left and to the
 * right: (4, C). */
#include "ek_window.h"
#include "ek_x86_best_s8.h"
#include "ek_x86_s8.h"

/* The addresses of a window's taps, what lies outside, the windows of a row without a tap left or
 * right of the input, and what multiplies them. */
typedef struct {
    const int8_t **taps, *zeros;
    ek_span_t inner;
    ek_x86_depthwise_t *convolve;
} list_t;

/* Addresses of the taps of the window that starts at (h, w). */
static void list_taps(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                      list_t list)
{
    const int8_t **tap = list.taps;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t y = h + i * p->dilation_h, x = w + j * p->dilation_w;
            const int inside = y >= 0 && y < p->input_h && x >= 0 && x < p->input_w;
            *tap++ = inside ? input + (y * p->input_w + x) * p->input_c : list.zeros;
        }
    }
    *tap = tap[-1]; /* the partner of an odd last tap, or one too many */
}

/* All windows of row h; taps of inner ones move together, so they are listed once, if no row of
 * taps lies outside. */
static void convolve_row(const ek_depthwise_conv2d_s8_t *p, ek_x86_taps_t t, int32_t h,
                         const int8_t *input, const int8_t *weights, const int32_t *factors,
                         list_t list, int8_t *output)
{
    const int inside = h >= 0 && h + (p->kernel_h - 1) * p->dilation_h < p->input_h;
    for (int32_t x = 0; x < p->output_w; x += t.windows) {
        t.windows = inside && x == list.inner.begin ? ek_max(list.inner.end - x, 1) : 1;
        list_taps(p, input, h, x * p->stride_w - p->pad_left, list);
        list.convolve(&t, weights, factors, output + x * t.channels);
    }
}

void ek_depthwise_conv2d_s8__x86(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *factors, int8_t *output,
                                 int8_t *scratch)
{
    const int32_t pairs = ek_ceil_div(p->kernel_h * p->kernel_w, 2);
    const int8_t **const taps = (const int8_t **)(void *)scratch;
    int8_t *const zeros = scratch + (2 * pairs + 1) * (int32_t)sizeof *taps;
    memset(zeros, p->input_zero, (size_t)p->input_c);
    const list_t list = {
        .taps = taps, .zeros = zeros, .convolve = ek_x86_best_taps(),
        .inner = ek_inner_windows(p->output_w, p->stride_w, p->pad_left,
                                  (p->kernel_w - 1) * p->dilation_w, p->input_w),
    };
    const ek_x86_taps_t t = {
        .taps = taps, .pairs = pairs, .windows = 1, .step = p->stride_w * p->input_c,
        .channels = p->input_c, .zero = p->output_zero, .low = p->act_min, .high = p->act_max,
    };
    for (int32_t n = 0; n < p->batches; n++, input += p->input_h * p->input_w * p->input_c) {
        for (int32_t y = 0; y < p->output_h; y++, output += p->output_w * p->output_c) {
            const int32_t h = y * p->stride_h - p->pad_top;
            convolve_row(p, t, h, input, weights, factors, list, output);
        }
    }
}
