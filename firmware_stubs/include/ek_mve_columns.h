/* ek_mve_columns.h - rows of an NHWC input turned into columns, for 3x3 depthwise convolution.
 *
 * Of four rows r, the scratch gets a word for each column and channel:
 *
 *     column 0: r0[c0] r1[c0] r2[c0] r3[c0]   r0[c1] r1[c1] ...   column 1: r0[c0] ...
 *
 * Four words one column apart are a 4x4 patch of one channel, a vector: its dot product with a 3x3
 * kernel laid out the same way, zeros elsewhere, is an output, and with the kernel one row or one
 * column further on, the next. Both sides of a row get columns of the zero point.
 */
#ifndef EK_MVE_COLUMNS_H
#define EK_MVE_COLUMNS_H

#include "ek_mve.h"
#include "ek_requant.h"

enum { EK_MVE_ROWS = 4 };

/* `bytes`, a multiple of 16. */
static inline void ek_mve_fill(int8_t *to, int8x16_t values, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i += 16) vstrbq_s8(to + i, values);
}

/* Rows `h` to h + 3 of `input`, those outside it `input_zero`, as `columns` columns of channels in
 * fours, from pad_left before the first. The scratch ends 64 bytes after the last. */
static inline void ek_mve_columns(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t h,
                                  int32_t columns, int8_t *scratch)
{
    const int32_t width = ek_min(p->input_w, columns - p->pad_left), row = p->input_w * p->input_c;
    const int32_t before = p->pad_left * p->input_c, inside = width * p->input_c;
    const int32_t after = columns * p->input_c - before - inside;
    const int8x16_t zeros = vdupq_n_s8((int8_t)p->input_zero);
    const int8_t *from[EK_MVE_ROWS];
    int32_t step[EK_MVE_ROWS];
    int8_t outside[16];
    vstrbq_s8(outside, zeros);
    for (int32_t r = 0; r < EK_MVE_ROWS; r++) {
        const int there = h + r >= 0 && h + r < p->input_h;
        from[r] = there ? input + (h + r) * row : outside;
        step[r] = there ? 16 : 0;
    }
    ek_mve_fill(scratch, zeros, EK_MVE_ROWS * before);
    int8_t *to = scratch + EK_MVE_ROWS * before;
    const int8_t *r0 = from[0], *r1 = from[1], *r2 = from[2], *r3 = from[3];
    for (int32_t i = inside / 16; i > 0; i--) {
        const int8x16x4_t rows = {{vldrbq_s8(r0), vldrbq_s8(r1), vldrbq_s8(r2), vldrbq_s8(r3)}};
        vst4q_s8(to, rows);
        r0 += step[0];
        r1 += step[1];
        r2 += step[2];
        r3 += step[3];
        to += 64;
    }
    const mve_pred16_t rest = vctp8q((uint32_t)inside % 16);
    const int8x16x4_t rows = {{vldrbq_z_s8(r0, rest), vldrbq_z_s8(r1, rest),
                               vldrbq_z_s8(r2, rest), vldrbq_z_s8(r3, rest)}};
    vst4q_s8(to, rows);
    ek_mve_fill(scratch + EK_MVE_ROWS * (before + inside), zeros, EK_MVE_ROWS * after);
}

/* A 4x4 patch of one channel. */
static inline int8x16_t ek_mve_patch(const int8_t *at, uint32x4_t apart)
{
    const int32_t *words = (const int32_t *)(const void *)at;
    return vreinterpretq_s8_s32(vldrwq_gather_offset_s32(words, apart));
}

#endif
