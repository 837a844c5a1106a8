/* ek_window.h - which taps of a sliding window lie inside the input.
 *
 * Kernels loop over the inside only, without a test per tap. A convolution then adds what the
 * taps outside contribute: they read the input's zero point, so it is that times their weights.
 */
#ifndef EK_WINDOW_H
#define EK_WINDOW_H

#include "ek_requant.h"

/* Taps begin <= t < end of one axis read inside the input. */
typedef struct {
    int32_t begin, end;
} ek_span_t;

static inline int32_t ek_ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

/* Tap t reads position origin + t * dilation; inside is 0 <= position < extent. */
static inline ek_span_t ek_taps_inside(int32_t origin, int32_t taps, int32_t dilation,
                                       int32_t extent)
{
    const int32_t begin = ek_min(taps, ek_ceil_div(ek_max(-origin, 0), dilation));
    const int32_t end = ek_min(taps, ek_ceil_div(ek_max(extent - origin, 0), dilation));
    return (ek_span_t){begin, ek_max(begin, end)};
}

/* A kernel of one output channel: `rows` x `columns` taps, each of `depth` adjacent weights. */
typedef struct {
    int32_t rows, columns, depth;
    int32_t row_stride, column_stride;
} ek_kernel_shape_t;

static inline int32_t ek_sum_taps(const int8_t *weights, const ek_kernel_shape_t *k,
                                  ek_span_t rows, ek_span_t columns)
{
    int32_t sum = 0;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j++) {
            const int8_t *tap = weights + i * k->row_stride + j * k->column_stride;
            for (int32_t c = 0; c < k->depth; c++) sum += tap[c];
        }
    }
    return sum;
}

/* Sum of the weights whose taps fall outside: above, below, left and right of the inside. */
static inline int32_t ek_sum_taps_outside(const int8_t *weights, const ek_kernel_shape_t *k,
                                          ek_span_t rows, ek_span_t columns)
{
    const ek_span_t all_columns = {0, k->columns};
    return ek_sum_taps(weights, k, (ek_span_t){0, rows.begin}, all_columns) +
           ek_sum_taps(weights, k, (ek_span_t){rows.end, k->rows}, all_columns) +
           ek_sum_taps(weights, k, rows, (ek_span_t){0, columns.begin}) +
           ek_sum_taps(weights, k, rows, (ek_span_t){columns.end, k->columns});
}

#endif
