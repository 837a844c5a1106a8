/* ek_dsp_windows.h - convolution of any shape: windows gathered into blocks of four pixels.
 * conv2d_blocks_s8.c says how it works.
 */
#ifndef EK_DSP_WINDOWS_H
#define EK_DSP_WINDOWS_H

#include <stdbool.h>

#include "ek_dsp_blocks.h"
#include "ek_kernels.h"
#include "ek_window.h"

/* What windows are made from, and where the next one is. */
typedef struct {
    const ek_conv2d_s8_t *p;
    const int8_t *input;
    int8_t *outside, *patch, *rest; /* a kernel row of zero points; four copied ones; see ek_keep_rest */
    int32_t row, line;              /* bytes of a kernel row; from one to the next in the input */
    int32_t patch_row;              /* bytes from one row in `patch` to the next, whole words */
    int32_t rest_fours;             /* words of one window in `rest` */
    int32_t inside_h, inside_w;     /* first taps below these, from 0, make windows wholly inside */
    int32_t h, w, left;             /* the next window's first tap; windows left in its row */
} ek_conv_windows_t;

static inline void ek_windows_advance(ek_conv_windows_t *s, int32_t pixels)
{
    s->w += pixels * s->p->stride_w;
    s->left -= pixels;
    if (s->left > 0) return;
    s->left = s->p->output_w;
    s->w = -s->p->pad_left;
    s->h += s->p->stride_h;
}

/* A window: its first tap, and which taps of a kernel row are inside. */
typedef struct {
    int32_t h, w;
    ek_span_t taps;
    bool whole; /* all of them, side by side */
} ek_place_t;

/* The next window. If its kernel rows have to be copied, `patch` gets zero points for what is outside. */
static inline ek_place_t ek_next_place(ek_conv_windows_t *s, int8_t *patch)
{
    const ek_conv2d_s8_t *p = s->p;
    const ek_place_t at = {s->h, s->w, ek_taps_inside(s->w, p->kernel_w, p->dilation_w, p->input_w),
                           s->w >= 0 && s->w < s->inside_w};
    if (!at.whole) memset(patch, p->input_zero, (size_t)s->row);
    ek_windows_advance(s, 1);
    return at;
}

/* Kernel row `i` of a window: where it lies, or a copy in `patch` if some taps are outside. */
static inline const int8_t *ek_find_row(const ek_conv_windows_t *s, const ek_place_t *at, int32_t i,
                                        int8_t *patch)
{
    const ek_conv2d_s8_t *p = s->p;
    const int32_t h = at->h + i * p->dilation_h, channels = p->input_c;
    if (h < 0 || h >= p->input_h) return s->outside;
    const int8_t *const line = s->input + h * p->input_w * channels;
    if (at->whole) return line + at->w * channels;
    const int32_t run = p->dilation_w == 1 ? at->taps.end - at->taps.begin : 1;
    for (int32_t j = at->taps.begin; j < at->taps.end; j += run) {
        const int8_t *const from = line + (at->w + j * p->dilation_w) * channels;
        memcpy(patch + j * channels, from, (size_t)(run * channels));
    }
    return patch;
}

/* Makes window number `index` of the image the next one. */
static inline void ek_windows_seek(ek_conv_windows_t *s, int32_t index)
{
    const ek_conv2d_s8_t *p = s->p;
    const int32_t row = index / p->output_w, column = index - row * p->output_w;
    s->h = row * p->stride_h - p->pad_top;
    s->w = column * p->stride_w - p->pad_left;
    s->left = p->output_w - column;
}

/* Whether the next `pixels` windows lie in one row and wholly inside. */
static inline bool ek_windows_inside(const ek_conv_windows_t *s, int32_t pixels)
{
    const int32_t last = s->w + (pixels - 1) * s->p->stride_w;
    return s->h >= 0 && s->h < s->inside_h && s->w >= 0 && last < s->inside_w && s->left >= pixels;
}

/* Of kernel row `i` of four windows what is no whole four, `at` bytes from `from`: to where those of
 * all rows become fours. */
static inline void ek_keep_rest(const ek_conv_windows_t *s, int32_t i, const int8_t *const *from,
                                int32_t at)
{
    const int32_t each = s->row & 3, step = 4 * s->rest_fours;
    int8_t *to = s->rest + i * each;
    for (const int8_t *const end = to + each; to != end; to++, at++) {
        to[0] = from[0][at];
        to[step] = from[1][at];
        to[2 * step] = from[2][at];
        to[3 * step] = from[3][at];
    }
}

/* The next four windows as a block: of each kernel row the whole fours, then the rest of all rows. */
void ek_gather_s8__dsp(ek_conv_windows_t *s, int32_t *x);

static inline void ek_gather_one(ek_conv_windows_t *s, int32_t *x)
{
    const int32_t whole = s->row & ~3;
    const ek_place_t at = ek_next_place(s, s->patch);
    for (int32_t i = 0; i < s->p->kernel_h; i++, x += whole >> 1) {
        const int8_t *const row = ek_find_row(s, &at, i, s->patch);
        const int8_t *const from[EK_BLOCK] = {row, row, row, row};
        ek_widen(row, whole, x, 1);
        ek_keep_rest(s, i, from, whole);
    }
    ek_widen(s->rest, 4 * s->rest_fours, x, 1);
}

/* The windows of one image, from the first; `spare` is for five kernel rows and the rest. */
static inline ek_conv_windows_t ek_windows(const ek_conv2d_s8_t *p, const int8_t *input,
                                           int8_t *spare)
{
    const int32_t row = p->kernel_w * p->input_c, patch_row = (row + 3) & ~3;
    memset(spare, p->input_zero, (size_t)row);
    return (ek_conv_windows_t){
        .p = p,
        .input = input,
        .outside = spare,
        .patch = spare + patch_row,
        .rest = spare + (1 + EK_BLOCK) * patch_row,
        .row = row,
        .line = p->dilation_h * p->input_w * p->input_c,
        .patch_row = patch_row,
        .rest_fours = (p->kernel_h * (row & 3) + 3) / 4,
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
    int8_t *const spare = (int8_t *)(block + 2 * EK_BLOCK * fours), *y = output;
    for (int32_t n = 0; n < p->batches; n++) {
        ek_conv_windows_t s = ek_windows(p, input, spare);
        for (int32_t left = pixels, count; left > 0; left -= count) {
            count = left >= EK_BLOCK ? EK_BLOCK : 1;
            if (count == EK_BLOCK) {
                ek_gather_s8__dsp(&s, block);
            } else {
                ek_gather_one(&s, block);
            }
            multiply(block, count, 2 * fours, weights, finish, p->output_c, y);
            y += count * p->output_c;
        }
        input += p->input_h * p->input_w * p->input_c;
    }
    ek_clamp_s8__dsp(output, p->batches * pixels * p->output_c, p->act_min, p->act_max);
}

#endif
