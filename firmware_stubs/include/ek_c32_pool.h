/* ek_c32_pool.h - windows of a pooling, four channels at a time.
 *
 * Four sums or maxima stay in registers while a window's taps go by, so that the address of a tap
 * and the loop around it are paid for once in four.
 */
#ifndef EK_C32_POOL_H
#define EK_C32_POOL_H

#include <stdint.h>

#include "ek_kernels_c32.h"
#include "ek_window.h"

enum { EK_C32_LANES = 4 };

/* The taps inside of one window: `rows` by `columns` pixels; sizes are bytes. */
typedef struct {
    const int8_t *first;
    int32_t rows, columns;
    int32_t row_size, pixel_size;
} ek_c32_patch_t;

/* Adds the taps of four channels, or of one, to `sums`. */
static inline void ek_c32_sum_four(ek_c32_patch_t patch, int32_t sums[EK_C32_LANES])
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t left = patch.columns; left > 0; left--, x += patch.pixel_size) {
            a += x[0];
            b += x[1];
            c += x[2];
            d += x[3];
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static inline int32_t ek_c32_sum_one(ek_c32_patch_t patch)
{
    int32_t sum = 0;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t left = patch.columns; left > 0; left--, x += patch.pixel_size) sum += *x;
    }
    return sum;
}

/* All channels of one window, from `patch.first` on. */
typedef void ek_c32_pool_t(const ek_pool2d_s8_t *p, ek_c32_patch_t patch, int8_t *y);

static inline void ek_c32_window(ek_c32_pool_t *pool, const ek_pool2d_s8_t *p,
                                 const int8_t *input, int32_t h, int32_t w, int8_t *y)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    ek_c32_patch_t patch = {
        .first = input + ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .row_size = p->input_w * p->channels,
        .pixel_size = p->channels,
    };
    if (patch.columns == p->input_w) { /* whole rows are one long row */
        patch.columns *= patch.rows;
        patch.rows = 1;
    }
    pool(p, patch, y);
}

static inline void ek_c32_windows(ek_c32_pool_t *pool, const ek_pool2d_s8_t *p,
                                  const int8_t *input, int8_t *output)
{
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                ek_c32_window(pool, p, input, y * p->stride_h - p->pad_top,
                              x * p->stride_w - p->pad_left, output);
                output += p->channels;
            }
        }
        input += p->input_h * p->input_w * p->channels;
    }
}

#endif
