/* ek_phases.h - the transpose of a convolution as one fully connected layer for each phase.
 *
 * Outputs at the same place between the strides (a phase) have the same taps, and in these the inputs
 * of neighbouring pixels lie side by side:
 *
 *     stride 2, taps i = 0 1 2          output    0    1    2    3    4
 *     phase 0: taps 2 and 0 of inputs   y/2-1 and y/2         0,1       1,2
 *     phase 1: tap 1 of input           y/2            0         1
 *
 * So each output pixel is a row of inputs times the weights of its phase: weights are packed phase by
 * phase (a for rows, then b for columns) with taps turned around, each phase as the ISA's fully
 * connected kernel reads its weights, then its factors, whose bias holds the input's zero point. A tap
 * outside the input sees the zero point. A phase that no tap reaches has one weight of 0.
 */
#ifndef EK_PHASES_H
#define EK_PHASES_H

#include <assert.h>
#include <string.h>

#include "ek_requant.h"

typedef void ek_phase_function_t(const ek_fully_connected_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *finish, int8_t *output);

/* The fully connected kernel, the multiples to which it pads inputs and outputs of its weights, and how
 * many words of factors an output has, outputs padded or not. */
typedef struct {
    ek_phase_function_t *multiply;
    int32_t inputs, outputs;
    int32_t words, finished;
} ek_phase_layout_t;

/* One phase: its first output, and its taps. */
typedef struct {
    int32_t y, x, taps_h, taps_w;
} ek_phase_t;

static inline int32_t ek_multiple(int32_t count, int32_t of) { return (count + of - 1) / of * of; }

static inline int32_t ek_phase_taps(int32_t kernel, int32_t phase, int32_t stride)
{
    return phase < kernel ? (kernel - 1 - phase) / stride + 1 : 0;
}

static inline int32_t ek_phase_start(int32_t phase, int32_t pad, int32_t stride)
{
    return (phase + stride - pad % stride) % stride;
}

/* `taps` pixels of a row from column `left` on; zero points where there are none. */
static inline void ek_phase_row(const ek_transpose_conv2d_s8_t *p, const int8_t *row, int32_t left,
                                int32_t taps, int8_t *to)
{
    const int32_t first = ek_clamp(-left, 0, taps), end = ek_clamp(p->input_w - left, first, taps);
    if (first > 0 || end < taps) memset(to, p->input_zero, (size_t)(taps * p->input_c));
    if (first < end) {
        memcpy(to + first * p->input_c, row + (left + first) * p->input_c,
               (size_t)((end - first) * p->input_c));
    }
}

/* The inputs of an output pixel, which begin at (top, left): where they lie, or gathered. */
static inline const int8_t *ek_phase_window(const ek_transpose_conv2d_s8_t *p, const ek_phase_t *s,
                                            const int8_t *input, int32_t top, int32_t left,
                                            int8_t *window)
{
    const int32_t line = p->input_w * p->input_c, row = s->taps_w * p->input_c;
    if (s->taps_h == 1 && top >= 0 && top < p->input_h && left >= 0 &&
        left + s->taps_w <= p->input_w) {
        return input + top * line + left * p->input_c;
    }
    for (int32_t i = 0; i < s->taps_h; i++, top++) {
        if (top >= 0 && top < p->input_h) {
            ek_phase_row(p, input + top * line, left, s->taps_w, window + i * row);
        } else {
            memset(window + i * row, p->input_zero, (size_t)row);
        }
    }
    return window;
}

static inline void ek_phase_outputs(const ek_transpose_conv2d_s8_t *p, const ek_phase_t *s,
                                    const ek_fully_connected_s8_t *dense,
                                    ek_phase_function_t *multiply, const int8_t *input,
                                    const int8_t *weights, const int32_t *finish, int8_t *output,
                                    int8_t *window)
{
    const int32_t first = (s->x + p->pad_left) / p->stride_w - s->taps_w + 1;
    for (int32_t y = s->y; y < p->output_h; y += p->stride_h) {
        const int32_t top = (y + p->pad_top) / p->stride_h - s->taps_h + 1;
        for (int32_t x = s->x, left = first; x < p->output_w; x += p->stride_w, left++) {
            multiply(dense, ek_phase_window(p, s, input, top, left, window), weights, finish,
                     output + (y * p->output_w + x) * p->output_c);
        }
    }
}

/* window: a byte for each input of the phase with the most, at least one. */
static inline void ek_transpose_by_phases(const ek_transpose_conv2d_s8_t *p,
                                          ek_phase_layout_t layout, const int8_t *input,
                                          const int8_t *weights, const int32_t *finish,
                                          int8_t *output, int8_t *window)
{
    const int32_t inputs = p->input_h * p->input_w * p->input_c;
    const int32_t outputs = p->output_h * p->output_w * p->output_c;
    ek_fully_connected_s8_t dense = {1, 0, p->output_c, p->output_zero, p->act_min, p->act_max, 1};
    assert(p->stride_h > 0 && p->stride_w > 0 && p->pad_top >= 0 && p->pad_left >= 0);
    window[0] = 0;
    for (int32_t a = 0; a < p->stride_h; a++) {
        for (int32_t b = 0; b < p->stride_w; b++) {
            ek_phase_t s = {ek_phase_start(a, p->pad_top, p->stride_h),
                            ek_phase_start(b, p->pad_left, p->stride_w),
                            ek_phase_taps(p->kernel_h, a, p->stride_h),
                            ek_phase_taps(p->kernel_w, b, p->stride_w)};
            if (s.taps_w == 0) s.taps_h = 0;
            dense.input_c = ek_max(s.taps_h * s.taps_w * p->input_c, 1);
            for (int32_t n = 0; n < p->batches; n++) {
                ek_phase_outputs(p, &s, &dense, layout.multiply, input + n * inputs, weights,
                                 finish, output + n * outputs, window);
            }
            weights += ek_multiple(dense.input_c, layout.inputs) *
                       ek_multiple(p->output_c, layout.outputs);
            finish += layout.words * ek_multiple(p->output_c, layout.finished);
        }
    }
}

#endif
