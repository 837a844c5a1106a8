/* ek_lanes_b1.h - bits counted with one output channel in each lane of a vector.
 *
 * Weights come in blocks of 16 channels, a word of each in turn, the last block filled up with
 * zeros: (O/16, words, 16). A word of a window meets the same word of 16 channels, so that nothing
 * has to be added up across lanes. Four windows are counted at once and share what is loaded of the
 * weights; they are gathered side by side, (words, 4), or a single one as (words).
 *
 * Counts are half-words, which windows of up to 65535 signs fit. Packed outputs compare with the
 * least count that is -1, the threshold and one, cut to what a count can be.
 *
 * Around the input is +1, bits of 0. Where padding is to be neither +1 nor -1, a tap outside has
 * then added the bits of its weights, and should have added `pad_bits`: half of the signs differ.
 * Only windows at the border need that difference, which is added to their counts afterwards.
 */
#ifndef EK_LANES_B1_H
#define EK_LANES_B1_H

#include <stdbool.h>

#include "ek_b1.h"

enum { EK_LANES_B1 = 16, EK_LANES_B1_ROWS = 4 };

/* Up to four windows: where they start, and the place of the next. Set all to 0 but `input`. */
typedef struct {
    const uint32_t *input;                              /* the image of the next window */
    int32_t x, y, image;                                /* the next window's output pixel */
    int32_t h[EK_LANES_B1_ROWS], w[EK_LANES_B1_ROWS];
    int32_t rows;                                       /* windows gathered, 1 to 4 */
    int32_t stride;                                     /* of a window's words: 1 or 4 */
} ek_lanes_b1_t;

/* Counts bits that differ between gathered windows, `stride` of them, and all blocks of weights:
 * counts (blocks, stride, 16). */
typedef void ek_lanes_b1_count_t(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                                 int32_t words, int32_t blocks, uint16_t *counts);

static inline int32_t ek_lanes_b1_words(const ek_conv2d_b1_t *p)
{
    return p->kernel_h * p->kernel_w * p->group_words;
}

static inline int32_t ek_lanes_b1_blocks(const ek_conv2d_b1_t *p)
{
    return (p->output_c + EK_LANES_B1 - 1) / EK_LANES_B1;
}

/* The counts begin behind four windows. */
static inline uint16_t *ek_lanes_b1_counts(const ek_conv2d_b1_t *p, void *scratch)
{
    return (uint16_t *)scratch + 2 * EK_LANES_B1_ROWS * ek_lanes_b1_words(p);
}

static inline uint32_t *ek_lanes_b1_put(uint32_t *to, int32_t stride, const uint32_t *from,
                                        int32_t words)
{
    for (const uint32_t *end = from + words; from < end; from++, to += stride) *to = *from;
    return to;
}

static inline uint32_t *ek_lanes_b1_zeros(uint32_t *to, int32_t stride, int32_t words)
{
    for (int32_t k = 0; k < words; k++, to += stride) *to = 0;
    return to;
}

/* The window that starts at (h, w), +1 outside. */
static inline void ek_lanes_b1_gather(const ek_conv2d_b1_t *p, const uint32_t *image, int32_t h,
                                      int32_t w, int32_t stride, uint32_t *to)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t own = p->group_words, run = p->dilation_w == 1 ? columns.end - columns.begin : 1;
    to = ek_lanes_b1_zeros(to, stride, rows.begin * p->kernel_w * own);
    for (int32_t i = rows.begin; i < rows.end; i++) {
        const int32_t row = (h + i * p->dilation_h) * p->input_w;
        to = ek_lanes_b1_zeros(to, stride, columns.begin * own);
        for (int32_t j = columns.begin; j < columns.end; j += run) {
            const uint32_t *from = image + (row + w + j * p->dilation_w) * own;
            to = ek_lanes_b1_put(to, stride, from, run * own);
        }
        to = ek_lanes_b1_zeros(to, stride, (p->kernel_w - columns.end) * own);
    }
    ek_lanes_b1_zeros(to, stride, (p->kernel_h - rows.end) * p->kernel_w * own);
}

static inline void ek_lanes_b1_advance(const ek_conv2d_b1_t *p, ek_lanes_b1_t *tile)
{
    if (++tile->x < p->output_w) return;
    tile->x = 0;
    if (++tile->y < p->output_h) return;
    tile->y = 0;
    tile->image++;
    tile->input += p->input_h * p->input_w * p->group_words;
}

/* Gathers the next windows; false when there are none. Places of four that are left over hold the
 * last window again. */
static inline bool ek_lanes_b1_next(const ek_conv2d_b1_t *p, ek_lanes_b1_t *tile,
                                    uint32_t *windows)
{
    const int32_t lines = (p->batches - tile->image) * p->output_h - tile->y;
    const int32_t left = lines * p->output_w - tile->x;
    tile->rows = ek_min(left, EK_LANES_B1_ROWS);
    tile->stride = left == 1 ? 1 : EK_LANES_B1_ROWS;
    const uint32_t *image = tile->input;
    int32_t h = 0, w = 0;
    for (int32_t r = 0; left > 0 && r < tile->stride; r++) {
        if (r < tile->rows) {
            image = tile->input;
            h = tile->h[r] = tile->y * p->stride_h - p->pad_top;
            w = tile->w[r] = tile->x * p->stride_w - p->pad_left;
            ek_lanes_b1_advance(p, tile);
        }
        ek_lanes_b1_gather(p, image, h, w, tile->stride, windows + r);
    }
    return left > 0;
}

/* Adds what a tap outside should have counted to one window's counts, less what it did. */
static inline void ek_lanes_b1_add_tap(const ek_conv2d_b1_t *p, int32_t tap, int32_t stride,
                                       const uint32_t *weights, uint16_t *counts)
{
    const int32_t words = ek_lanes_b1_words(p), own = p->group_words;
    for (int32_t block = 0; block < ek_lanes_b1_blocks(p); block++) {
        const uint32_t *w = weights + (block * words + tap * own) * EK_LANES_B1;
        uint16_t *sums = counts + block * stride * EK_LANES_B1;
        for (int32_t l = 0; l < EK_LANES_B1; l++) {
            int32_t more = p->pad_bits;
            for (int32_t k = 0; k < own; k++) more -= ek_bits(w[k * EK_LANES_B1 + l]);
            sums[l] = (uint16_t)(sums[l] + more);
        }
    }
}

/* For padding that is neither +1 nor -1. */
static inline void ek_lanes_b1_pad(const ek_conv2d_b1_t *p, const ek_lanes_b1_t *tile,
                                   const uint32_t *weights, uint16_t *counts)
{
    for (int32_t r = 0; r < tile->rows; r++) {
        for (int32_t tap = 0; tap < p->kernel_h * p->kernel_w; tap++) {
            const int32_t y = tile->h[r] + tap / p->kernel_w * p->dilation_h;
            const int32_t x = tile->w[r] + tap % p->kernel_w * p->dilation_w;
            if (y >= 0 && y < p->input_h && x >= 0 && x < p->input_w) continue;
            ek_lanes_b1_add_tap(p, tap, tile->stride, weights, counts + r * EK_LANES_B1);
        }
    }
}

/* Counts of the next windows: where they are, or 0 when there are none. */
static inline const uint16_t *ek_lanes_b1_counted(const ek_conv2d_b1_t *p, ek_lanes_b1_t *tile,
                                                 ek_lanes_b1_count_t *count,
                                                 const uint32_t *weights, void *scratch)
{
    uint32_t *const windows = scratch;
    uint16_t *const counts = ek_lanes_b1_counts(p, scratch);
    if (!ek_lanes_b1_next(p, tile, windows)) return 0;
    count(windows, tile->stride, weights, ek_lanes_b1_words(p), ek_lanes_b1_blocks(p), counts);
    if (!p->pad_ones) ek_lanes_b1_pad(p, tile, weights, counts);
    return counts;
}

#endif
