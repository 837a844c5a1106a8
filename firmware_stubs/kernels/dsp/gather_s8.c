/* gather_s8.c - four windows become a block; conv2d_blocks_s8.c says how. */
#include "ek_dsp_windows.h"

/* Four windows of one row, wholly inside, from the one at `first`. */
static void gather_inside(const ek_conv_windows_t *s, const int8_t *first, int32_t *x)
{
    const int32_t step = s->p->stride_w * s->p->input_c, whole = s->row & ~3, rows = s->p->kernel_h;
    const int8_t *const from[EK_BLOCK] = {first, first + step, first + 2 * step, first + 3 * step};
    for (int32_t i = 0; s->rest_fours && i < rows; i++) ek_keep_rest(s, i, from, i * s->line + whole);
    ek_widen_rows_s8__dsp(from, s->line - whole, rows, s->row >> 2, x);
}

/* The next four windows, wherever they are. */
static void gather_anywhere(ek_conv_windows_t *s, int32_t *x)
{
    ek_place_t at[EK_BLOCK];
    const int8_t *from[EK_BLOCK];
    for (int32_t n = 0; n < EK_BLOCK; n++) at[n] = ek_next_place(s, s->patch + n * s->patch_row);
    for (int32_t i = 0; i < s->p->kernel_h; i++, x += 2 * EK_BLOCK * (s->row >> 2)) {
        for (int32_t n = 0; n < EK_BLOCK; n++) {
            from[n] = ek_find_row(s, &at[n], i, s->patch + n * s->patch_row);
        }
        if (s->rest_fours) ek_keep_rest(s, i, from, s->row & ~3);
        ek_widen_rows_s8__dsp(from, 0, 1, s->row >> 2, x);
    }
}

void ek_gather_s8__dsp(ek_conv_windows_t *s, int32_t *x)
{
    if (ek_windows_inside(s, EK_BLOCK)) {
        gather_inside(s, s->input + (s->h * s->p->input_w + s->w) * s->p->input_c, x);
        ek_windows_advance(s, EK_BLOCK);
    } else {
        gather_anywhere(s, x);
    }
    const int8_t *const rest = s->rest;
    const int32_t step = 4 * s->rest_fours;
    const int8_t *const from[EK_BLOCK] = {rest, rest + step, rest + 2 * step, rest + 3 * step};
    x += 2 * EK_BLOCK * s->p->kernel_h * (s->row >> 2);
    if (step) ek_widen_rows_s8__dsp(from, 0, 1, s->rest_fours, x);
}
