/* ek_dsp_windows.h - convolution of any shape: windows gathered into blocks of four pixels.
 * conv2d_blocks_s8.c says how it works.
 */
#ifndef EK_DSP_WINDOWS_H
#define EK_DSP_WINDOWS_H

#include <stdbool.h>

#include "ek_dsp_blocks.h"
#include "ek_kernels.h"
#include "ek_window.h"

/* A window in memory: rows of whole words, `stride` bytes apart. */
typedef struct {
    const int8_t *first;
    int32_t stride;
} ek_patch_t;

/* What windows are made from, and where the next one is. */
typedef struct {
    const ek_conv2d_s8_t *p;
    const int8_t *input;
    int8_t *patch[2];
    int32_t row, line;          /* bytes of a kernel row; from one to the next in the input */
    int32_t rows, fours;        /* of a window, as it is widened */
    int32_t inside_h, inside_w; /* first taps below these, from 0, make windows wholly inside */
    int32_t h, w, left;         /* the next window's first tap; windows left in its row */
} ek_conv_windows_t;

/* The window at (h, w) with its outside and dilated taps. */
static inline void ek_copy_clipped(const ek_conv_windows_t *s, int8_t *patch)
{
    const ek_conv2d_s8_t *p = s->p;
    const ek_span_t rows = ek_taps_inside(s->h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(s->w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t run = p->dilation_w == 1 ? columns.end - columns.begin : 1;
    memset(patch, p->input_zero, (size_t)(p->kernel_h * s->row));
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j += run) {
            const int32_t h = s->h + i * p->dilation_h, w = s->w + j * p->dilation_w;
            memcpy(patch + i * s->row + j * p->input_c,
                   s->input + (h * p->input_w + w) * p->input_c, (size_t)(run * p->input_c));
        }
    }
}

/* Rows of a window that is wholly inside, in words; the last may overlap the one before. */
static inline void ek_copy_rows(const ek_conv_windows_t *s, const int8_t *from, int8_t *to)
{
    const int32_t row = s->row, line = s->line;
    for (int32_t i = s->p->kernel_h; i > 0; i--, from += line, to += row) {
        if (row < 4) {
            for (int32_t j = 0; j < row; j++) to[j] = from[j];
            continue;
        }
        if (row > 8) memcpy(to, from, 4), memcpy(to + 4, from + 4, 4);
        for (int32_t at = row > 8 ? 8 : 0; at < row - 4; at += 4) memcpy(to + at, from + at, 4);
        memcpy(to + row - 4, from + row - 4, 4);
    }
}

static inline ek_patch_t ek_window_inside(const ek_conv_windows_t *s, const int8_t *first, int8_t *patch)
{
    if ((s->row & 3) == 0) return (ek_patch_t){first, s->line};
    ek_copy_rows(s, first, patch);
    return (ek_patch_t){patch, s->row};
}

static inline void ek_windows_advance(ek_conv_windows_t *s, int32_t pixels)
{
    s->w += pixels * s->p->stride_w;
    s->left -= pixels;
    if (s->left > 0) return;
    s->left = s->p->output_w;
    s->w = -s->p->pad_left;
    s->h += s->p->stride_h;
}

/* Whether the next `pixels` windows lie in one row and wholly inside. */
static inline bool ek_windows_inside(const ek_conv_windows_t *s, int32_t pixels)
{
    const int32_t last = s->w + (pixels - 1) * s->p->stride_w;
    return s->h >= 0 && s->h < s->inside_h && s->w >= 0 && last < s->inside_w && s->left >= pixels;
}

static inline const int8_t *ek_first_tap(const ek_conv_windows_t *s)
{
    return s->input + (s->h * s->p->input_w + s->w) * s->p->input_c;
}

/* The next window, in the input or in `patch`. */
static inline ek_patch_t ek_next_window(ek_conv_windows_t *s, int8_t *patch)
{
    ek_patch_t found = {patch, s->row};
    if (ek_windows_inside(s, 1)) {
        found = ek_window_inside(s, ek_first_tap(s), patch);
    } else {
        ek_copy_clipped(s, patch);
    }
    ek_windows_advance(s, 1);
    return found;
}

/* Two windows as neighbours in a full block. */
static inline void ek_gather_two(const ek_conv_windows_t *s, ek_patch_t a, ek_patch_t b, int32_t *x)
{
    for (int32_t i = s->rows; i > 0; i--, a.first += a.stride, b.first += b.stride) {
        x = ek_widen_two(a.first, b.first, s->fours, x);
    }
}

static inline void ek_gather_four(ek_conv_windows_t *s, int32_t *x)
{
    const bool fast = ek_windows_inside(s, EK_BLOCK);
    const int32_t step = s->p->stride_w * s->p->input_c;
    const int8_t *first = fast ? ek_first_tap(s) : s->input;
    for (int32_t i = 0; i < EK_BLOCK; i += 2, first += 2 * step) {
        if (fast) {
            const ek_patch_t a = ek_window_inside(s, first, s->patch[0]);
            ek_gather_two(s, a, ek_window_inside(s, first + step, s->patch[1]), x + i);
        } else {
            const ek_patch_t a = ek_next_window(s, s->patch[0]);
            ek_gather_two(s, a, ek_next_window(s, s->patch[1]), x + i);
        }
    }
    if (fast) ek_windows_advance(s, EK_BLOCK);
}

static inline void ek_gather_one(ek_conv_windows_t *s, int32_t *x)
{
    ek_patch_t a = ek_next_window(s, s->patch[0]);
    for (int32_t i = s->rows; i > 0; i--, a.first += a.stride, x += 2 * s->fours) {
        ek_widen(a.first, 4 * s->fours, x, 1);
    }
}

/* The windows of one image, from the first; `patch` holds two, whole words each. */
static inline ek_conv_windows_t ek_windows(const ek_conv2d_s8_t *p, const int8_t *input,
                                           int8_t *patch)
{
    const int32_t row = p->kernel_w * p->input_c, fours = (p->kernel_h * row + 3) / 4;
    return (ek_conv_windows_t){
        .p = p,
        .input = input,
        .patch = {patch, patch + 4 * fours},
        .row = row,
        .line = p->dilation_h * p->input_w * p->input_c,
        /* Rows that are not whole words are copied, and then the window is one row. */
        .rows = row & 3 ? 1 : p->kernel_h,
        .fours = row & 3 ? fours : row / 4,
        .inside_h = p->input_h - (p->kernel_h - 1) * p->dilation_h,
        .inside_w = p->dilation_w == 1 ? p->input_w - p->kernel_w + 1 : 0,
        .h = -p->pad_top,
        .w = -p->pad_left,
        .left = p->output_w,
    };
}

/* A convolution; `multiply` makes the outputs of a block. */
EK_INLINE void ek_convolve_windows(const ek_conv2d_s8_t *p, const int8_t *input,
                                   const int8_t *weights, const int32_t *finish, int8_t *output,
                                   void *scratch, ek_block_t *multiply)
{
    const int32_t fours = (p->kernel_h * p->kernel_w * p->input_c + 3) / 4;
    const int32_t pixels = p->output_h * p->output_w;
    int32_t *const block = scratch;
    int8_t *const patch = (int8_t *)(block + 2 * EK_BLOCK * fours), *y = output;
    for (int32_t n = 0; n < p->batches; n++) {
        ek_conv_windows_t s = ek_windows(p, input, patch);
        for (int32_t left = pixels, count; left > 0; left -= count) {
            count = left >= EK_BLOCK ? EK_BLOCK : 1;
            if (count == EK_BLOCK) {
                ek_gather_four(&s, block);
            } else {
                ek_gather_one(&s, block);
            }
            multiply(block, count, 2 * fours, weights, finish, p->output_c, y);
            y += count * p->output_c;
        }
        input += p->input_h * p->input_w * p->input_c;
    }
    ek_clamp_s8(output, p->batches * pixels * p->output_c, p->act_min, p->act_max);
}

#endif
