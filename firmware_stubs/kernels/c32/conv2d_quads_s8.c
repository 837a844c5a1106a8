/* conv2d_quads_s8.c - any convolution, two windows by four output channels at a time.
 *
 * An input then serves four multiplications and a weight two: 14 loads and multiplications for 8
 * products. Two windows are read where they lie when both are wholly inside the input; else they
 * are first copied to scratch, with zero points for what is outside.
 *
 * weights, for output channels o..o+3 (padded with zeros to four), tap after tap of the window:
 *
 *     byte 0       1         2         3         4       5  ..
 *     w[o][0]  w[o+1][0]  w[o+2][0]  w[o+3][0]  w[o][1]  ..
 *
 * finish: a row for each output channel, see ek_c32.h.
 * scratch: two windows, a byte a tap.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "ek_c32.h"
#include "ek_c32_taps.h"
#include "ek_kernels_c32.h"
#include "ek_window.h"

enum { QUAD = 4 };

/* Two windows: `rows` of `row` bytes, `stride` bytes from one to the next, the second window `apart`
 * bytes from the first. */
typedef struct {
    const int8_t *first;
    int32_t apart, rows, row, stride;
} windows_t;

/* Where a window starts: its first tap. */
typedef struct {
    int32_t h, w;
} tap_t;

/* Sums of four channels, of the first window in 0..3 and of the second in 4..7; returns the weights
 * that follow. Not inlined, so that sums have the registers. */
static __attribute__((noinline)) const int8_t *sum_quad(windows_t at, const int8_t *w, int32_t sums[2 * QUAD])
{
    ek_eight_t s = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int32_t left = at.rows; left > 0; left--, at.first += at.stride) {
        w = ek_add_taps(&s, at.first, at.first + at.apart, at.row, w);
    }
    const int32_t found[2 * QUAD] = {s.a0, s.a1, s.a2, s.a3, s.b0, s.b1, s.b2, s.b3};
    memcpy(sums, found, sizeof found);
    return w;
}

/* All output channels of two windows, to `y` and `z`. */
static void convolve_two(windows_t at, const int8_t *weights, const int32_t *finish,
                         int32_t channels, int8_t *y, int8_t *z)
{
    for (int32_t left = channels; left > 0; left -= QUAD) {
        int32_t sums[2 * QUAD];
        weights = sum_quad(at, weights, sums);
        for (int32_t l = 0; l < QUAD && l < left; l++, finish += EK_FINISH) {
            const ek_c32_finish_t f = ek_c32_finish(finish);
            *y++ = ek_c32_output(sums[l], f);
            *z++ = ek_c32_output(sums[QUAD + l], f);
        }
    }
}

static bool is_inside(const ek_conv2d_s8_t *p, tap_t at)
{
    return at.h >= 0 && at.h + (p->kernel_h - 1) * p->dilation_h < p->input_h && at.w >= 0 &&
           at.w + p->kernel_w <= p->input_w && p->dilation_w == 1;
}

/* The window's taps, one after another. */
static void copy_window(const ek_conv2d_s8_t *p, const int8_t *input, tap_t at, int8_t *patch)
{
    const ek_span_t rows = ek_taps_inside(at.h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(at.w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t row = p->kernel_w * p->input_c;
    const int32_t run = p->dilation_w == 1 ? columns.end - columns.begin : 1;
    memset(patch, p->input_zero, (size_t)(p->kernel_h * row));
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j += run) {
            const int32_t h = at.h + i * p->dilation_h, w = at.w + j * p->dilation_w;
            memcpy(patch + i * row + j * p->input_c, input + (h * p->input_w + w) * p->input_c,
                   (size_t)(run * p->input_c));
        }
    }
}

static windows_t two_windows(const ek_conv2d_s8_t *p, const int8_t *input, tap_t a, tap_t b,
                             int8_t *scratch)
{
    const int32_t row = p->kernel_w * p->input_c, line = p->input_w * p->input_c;
    const int32_t size = p->kernel_h * row;
    if (is_inside(p, a) && is_inside(p, b)) {
        const int32_t apart = (b.h - a.h) * line + (b.w - a.w) * p->input_c;
        const int8_t *const first = input + a.h * line + a.w * p->input_c;
        return (windows_t){first, apart, p->kernel_h, row, p->dilation_h * line};
    }
    copy_window(p, input, a, scratch);
    copy_window(p, input, b, scratch + size);
    return (windows_t){scratch, size, 1, size, 0};
}

/* To the next window; `left` counts those of its row. */
static tap_t advance(const ek_conv2d_s8_t *p, tap_t at, int32_t *left)
{
    at.w += p->stride_w;
    if (--*left == 0) {
        *left = p->output_w;
        at.w = -p->pad_left;
        at.h += p->stride_h;
    }
    return at;
}

void ek_conv2d_quads_s8__c32(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                             const int32_t *finish, int8_t *output, void *scratch)
{
    const int32_t channels = p->output_c, pixels = p->output_h * p->output_w;
    int8_t *y = output;
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        int32_t left = p->output_w;
        tap_t next = {-p->pad_top, -p->pad_left};
        for (int32_t i = 0; i < pixels; i += 2) {
            const bool two = i + 1 < pixels; /* else the last window is its own neighbour */
            const tap_t a = next, b = two ? advance(p, a, &left) : a;
            int8_t *const z = two ? y + channels : y;
            convolve_two(two_windows(p, input, a, b, scratch), weights, finish, channels, y, z);
            next = advance(p, b, &left);
            y = z + channels;
        }
        input += p->input_h * p->input_w * p->input_c;
    }
    ek_c32_clamp(output, (int32_t)(y - output), p->act_min, p->act_max);
}
