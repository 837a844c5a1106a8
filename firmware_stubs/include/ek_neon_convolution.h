/* ek_neon_convolution.h - convolution and fully connected layers as rows x of whole chunks.
 *
 * The window of an output pixel is such a row. Where it lies in the input as it is wanted (1x1
 * kernels with a multiple of 16 inputs) it is read there; others are gathered in the scratch, taps
 * in the weights' order. What a row holds behind its taps meets weights of zero.
 */
#ifndef EK_NEON_CONVOLUTION_H
#define EK_NEON_CONVOLUTION_H

#include "ek_neon_dot.h"
#include "ek_windows.h"

enum { EK_NEON_ROWS = 4 };

static inline int32_t ek_neon_chunks(int32_t taps)
{
    return (taps + EK_NEON_CHUNK - 1) / EK_NEON_CHUNK;
}

/* The taps of a window in one row: in the input, or in `scratch`. */
static inline const int8_t *ek_neon_row(const ek_conv2d_s8_t *p, const ek_window_at_t *at,
                                        int8_t *scratch)
{
    const int single = p->kernel_h * p->kernel_w == 1 && p->input_c % EK_NEON_CHUNK == 0;
    if (single && ek_window_is_inside(p, at)) {
        return at->input + (at->h * p->input_w + at->w) * p->input_c;
    }
    ek_window_gather(p, at, scratch);
    return scratch;
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
    ek_window_at_t at = {0, 0, -p->pad_top, -p->pad_left, input};
    for (int32_t left = p->batches * p->output_h * p->output_w; left > 0; left -= EK_NEON_ROWS) {
        const int32_t rows = ek_min(EK_NEON_ROWS, left);
        const int8_t *x[EK_NEON_ROWS] = {0};
        for (int32_t i = 0; i < rows; i++) {
            x[i] = ek_neon_row(p, &at, scratch + i * chunks * EK_NEON_CHUNK);
            ek_window_next(p, &at);
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
