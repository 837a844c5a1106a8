/* ek_windows.h - the windows of a convolution one after another, each gathered as one row: all taps
 * in the order of the weights, those outside the input as its zero point. */
#ifndef EK_WINDOWS_H
#define EK_WINDOWS_H

#include <string.h>

#include "ek_window.h"

/* An output pixel's window: where it starts in its input, which may be outside. */
typedef struct {
    int32_t x, y;
    int32_t h, w;
    const int8_t *input;
} ek_window_at_t;

static inline int ek_window_is_inside(const ek_conv2d_s8_t *p, const ek_window_at_t *at)
{
    return at->h >= 0 && at->h + (p->kernel_h - 1) * p->dilation_h < p->input_h && at->w >= 0 &&
           at->w + (p->kernel_w - 1) * p->dilation_w < p->input_w;
}

static inline int8_t *ek_window_copy(int8_t *to, const int8_t *from, int32_t bytes)
{
    memcpy(to, from, (size_t)bytes);
    return to + bytes;
}

static inline int8_t *ek_window_fill(int8_t *to, int32_t value, int32_t bytes)
{
    memset(to, value, (size_t)bytes);
    return to + bytes;
}

/* The window of a kernel without dilation whose taps all lie inside. */
static inline void ek_window_gather_inside(const ek_conv2d_s8_t *p, const int8_t *from, int8_t *to)
{
    for (int32_t i = 0; i < p->kernel_h; i++) {
        to = ek_window_copy(to, from, p->kernel_w * p->input_c);
        from += p->input_w * p->input_c;
    }
}

/* Any window; `origin` is the index of tap (0, 0) in the input, which may lie outside. */
static inline void ek_window_gather_any(const ek_conv2d_s8_t *p, const ek_window_at_t *at,
                                        int32_t origin, int8_t *to)
{
    const ek_span_t rows = ek_taps_inside(at->h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(at->w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t depth = p->input_c;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        if (i < rows.begin || i >= rows.end) {
            to = ek_window_fill(to, p->input_zero, p->kernel_w * depth);
            continue;
        }
        const int32_t row = origin + i * p->dilation_h * p->input_w * depth;
        to = ek_window_fill(to, p->input_zero, columns.begin * depth);
        for (int32_t j = columns.begin; j < columns.end; j++) {
            to = ek_window_copy(to, at->input + (row + j * p->dilation_w * depth), depth);
        }
        to = ek_window_fill(to, p->input_zero, (p->kernel_w - columns.end) * depth);
    }
}

static inline void ek_window_next(const ek_conv2d_s8_t *p, ek_window_at_t *at)
{
    at->w += p->stride_w;
    if (++at->x < p->output_w) return;
    at->x = 0;
    at->w = -p->pad_left;
    at->h += p->stride_h;
    if (++at->y < p->output_h) return;
    at->y = 0;
    at->h = -p->pad_top;
    at->input += p->input_h * p->input_w * p->input_c;
}

/* The window's taps in one row. */
static inline void ek_window_gather(const ek_conv2d_s8_t *p, const ek_window_at_t *at, int8_t *to)
{
    const int32_t origin = (at->h * p->input_w + at->w) * p->input_c;
    if (p->dilation_w == 1 && p->dilation_h == 1 && ek_window_is_inside(p, at)) {
        ek_window_gather_inside(p, at->input + origin, to);
    } else {
        ek_window_gather_any(p, at, origin, to);
    }
}

#endif
