/* ek_neon_convolution.h - convolution and fully connected layers as rows x of whole chunks.
 *
 * The window of an output pixel is such a row. Where it lies in the input as it is wanted (1x1
 * kernels with a multiple of 16 inputs) it is read there; others are gathered in the scratch, taps
 * in the weights' order. What a row holds behind its taps meets weights of zero.
 */
#ifndef EK_NEON_CONVOLUTION_H
#define EK_NEON_CONVOLUTION_H

#include "ek_neon_dot.h"
#include "ek_window.h"

enum { EK_NEON_ROWS = 4 };

/* An output pixel's window: where it starts in its input, which may be outside. */
typedef struct {
    int32_t x, y;
    int32_t h, w;
    const int8_t *input;
} ek_neon_window_t;

static inline int32_t ek_neon_chunks(int32_t taps)
{
    return (taps + EK_NEON_CHUNK - 1) / EK_NEON_CHUNK;
}

static inline int ek_neon_is_inside(const ek_conv2d_s8_t *p, const ek_neon_window_t *at)
{
    return at->h >= 0 && at->h + (p->kernel_h - 1) * p->dilation_h < p->input_h && at->w >= 0 &&
           at->w + (p->kernel_w - 1) * p->dilation_w < p->input_w;
}

static inline int8_t *ek_neon_copy(int8_t *to, const int8_t *from, int32_t bytes)
{
    memcpy(to, from, (size_t)bytes);
    return to + bytes;
}

static inline int8_t *ek_neon_fill(int8_t *to, int32_t value, int32_t bytes)
{
    memset(to, value, (size_t)bytes);
    return to + bytes;
}

/* The window of a kernel without dilation whose taps all lie inside. */
static inline void ek_neon_gather_inside(const ek_conv2d_s8_t *p, const int8_t *from, int8_t *to)
{
    for (int32_t i = 0; i < p->kernel_h; i++) {
        to = ek_neon_copy(to, from, p->kernel_w * p->input_c);
        from += p->input_w * p->input_c;
    }
}

/* Any window; `origin` is the index of tap (0, 0) in the input, which may lie outside. */
static inline void ek_neon_gather(const ek_conv2d_s8_t *p, const ek_neon_window_t *at,
                                  int32_t origin, int8_t *to)
{
    const ek_span_t rows = ek_taps_inside(at->h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(at->w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t depth = p->input_c;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        if (i < rows.begin || i >= rows.end) {
            to = ek_neon_fill(to, p->input_zero, p->kernel_w * depth);
            continue;
        }
        const int32_t row = origin + i * p->dilation_h * p->input_w * depth;
        to = ek_neon_fill(to, p->input_zero, columns.begin * depth);
        for (int32_t j = columns.begin; j < columns.end; j++) {
            to = ek_neon_copy(to, at->input + (row + j * p->dilation_w * depth), depth);
        }
        to = ek_neon_fill(to, p->input_zero, (p->kernel_w - columns.end) * depth);
    }
}

/* The taps of a window in one row: in the input, or in `scratch`. */
static inline const int8_t *ek_neon_row(const ek_conv2d_s8_t *p, const ek_neon_window_t *at,
                                        int8_t *scratch)
{
    const int32_t origin = (at->h * p->input_w + at->w) * p->input_c;
    const int inside = ek_neon_is_inside(p, at), single = p->kernel_h * p->kernel_w == 1;
    if (inside && single && p->input_c % EK_NEON_CHUNK == 0) return at->input + origin;
    if (inside && p->dilation_w == 1 && p->dilation_h == 1) {
        ek_neon_gather_inside(p, at->input + origin, scratch);
    } else {
        ek_neon_gather(p, at, origin, scratch);
    }
    return scratch;
}

static inline void ek_neon_next_window(const ek_conv2d_s8_t *p, ek_neon_window_t *at)
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

/* One to four rows; a single one without the work for four. */
static inline void ek_neon_multiply(ek_neon_add_t *add, const int8_t *const x[4], int32_t rows,
                                    int32_t chunks, const int8_t *weights, const int32_t *factors,
                                    ek_neon_range_t range, int32_t channels, int8_t *output)
{
    if (rows == 1) {
        ek_neon_multiply_row(add, x[0], chunks, weights, factors, range, channels, output);
    } else {
        ek_neon_multiply_rows(add, x, rows, chunks, weights, factors, range, channels, output);
    }
}

static inline void ek_neon_convolution(ek_neon_add_t *add, const ek_conv2d_s8_t *p,
                                       const int8_t *input, const int8_t *weights,
                                       const int32_t *factors, int8_t *output, int8_t *scratch)
{
    const ek_neon_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t chunks = ek_neon_chunks(p->kernel_h * p->kernel_w * p->input_c);
    ek_neon_window_t at = {0, 0, -p->pad_top, -p->pad_left, input};
    for (int32_t left = p->batches * p->output_h * p->output_w; left > 0; left -= EK_NEON_ROWS) {
        const int32_t rows = ek_min(EK_NEON_ROWS, left);
        const int8_t *x[EK_NEON_ROWS] = {0};
        for (int32_t i = 0; i < rows; i++) {
            x[i] = ek_neon_row(p, &at, scratch + i * chunks * EK_NEON_CHUNK);
            ek_neon_next_window(p, &at);
        }
        for (int32_t i = rows; i < EK_NEON_ROWS; i++) x[i] = x[0];
        ek_neon_multiply(add, x, rows, chunks, weights, factors, range, p->output_c, output);
        output += EK_NEON_ROWS * p->output_c;
    }
}

static inline void ek_neon_fully_connected(ek_neon_add_t *add, const ek_fully_connected_s8_t *p,
                                           const int8_t *input, const int8_t *weights,
                                           const int32_t *factors, int8_t *output,
                                           int8_t *scratch)
{
    const ek_neon_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t depth = p->input_c, chunks = ek_neon_chunks(depth);
    for (int32_t r = 0; r < p->rows; r += EK_NEON_ROWS) {
        const int32_t rows = ek_min(EK_NEON_ROWS, p->rows - r);
        const int8_t *x[EK_NEON_ROWS] = {0};
        for (int32_t i = 0; i < EK_NEON_ROWS; i++) {
            const int8_t *row = input + (r + (i < rows ? i : 0)) * depth;
            int8_t *place = scratch + i * chunks * EK_NEON_CHUNK;
            x[i] = depth % EK_NEON_CHUNK == 0 ? row : memcpy(place, row, (size_t)depth);
        }
        ek_neon_multiply(add, x, rows, chunks, weights, factors, range, p->output_c,
                         output + r * p->output_c);
    }
}

#endif
