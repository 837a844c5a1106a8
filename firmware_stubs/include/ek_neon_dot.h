/* ek_neon_dot.h - dot products of up to four rows x with four rows of weights, held in registers.
 *
 * Rows of weights come in fours, 16 inputs of each in turn, padded with zeros: (O/4, K/16, 4, 16).
 *
 *     w0[0..15] w1[0..15] w2[0..15] w3[0..15] w0[16..31] w1[16..31] ... w4[0..15] w5[0..15] ...
 *
 * Four vectors of factors follow the same fours: bias, multiplier, and the shift's positive and
 * negative parts: (O/4, 4, 4).
 *
 * Every accumulator collects four partial sums of one output, added up at the end: 16 accumulators,
 * four vectors of x and four of w fill the 32 registers with those that products need. `add` is the
 * ISA's multiply-add; being a constant it is inlined.
 */
#ifndef EK_NEON_DOT_H
#define EK_NEON_DOT_H

#include "ek_neon.h"

typedef int32x4_t ek_neon_add_t(int32x4_t sum, int8x16_t x, int8x16_t w);

/* Adds up each of four accumulators. */
static inline int32x4_t ek_neon_totals(const int32x4_t sum[4])
{
    return vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3]));
}

/* y[i]: the dot products of row x[i] with four rows of weights. */
static inline void ek_neon_dot4x4(ek_neon_add_t *add, const int8_t *const x[4], const int8_t *w,
                                  int32_t chunks, int32x4_t y[4])
{
    const int8_t *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
    int32x4_t a[4], b[4], c[4], d[4];
    for (int k = 0; k < 4; k++) a[k] = b[k] = c[k] = d[k] = vdupq_n_s32(0);
    for (int32_t i = 0; i < chunks; i++) {
        const int8x16_t v0 = vld1q_s8(x0), v1 = vld1q_s8(x1), v2 = vld1q_s8(x2), v3 = vld1q_s8(x3);
        for (int k = 0; k < 4; k++) {
            const int8x16_t weights = vld1q_s8(w + k * EK_NEON_CHUNK);
            a[k] = add(a[k], v0, weights);
            b[k] = add(b[k], v1, weights);
            c[k] = add(c[k], v2, weights);
            d[k] = add(d[k], v3, weights);
        }
        x0 += EK_NEON_CHUNK, x1 += EK_NEON_CHUNK, x2 += EK_NEON_CHUNK, x3 += EK_NEON_CHUNK;
        w += 4 * EK_NEON_CHUNK;
    }
    y[0] = ek_neon_totals(a);
    y[1] = ek_neon_totals(b);
    y[2] = ek_neon_totals(c);
    y[3] = ek_neon_totals(d);
}

/* The same for one row. */
static inline int32x4_t ek_neon_dot1x4(ek_neon_add_t *add, const int8_t *x, const int8_t *w,
                                       int32_t chunks)
{
    int32x4_t sum[4];
    for (int k = 0; k < 4; k++) sum[k] = vdupq_n_s32(0);
    for (int32_t i = 0; i < chunks; i++) {
        const int8x16_t v = vld1q_s8(x + i * EK_NEON_CHUNK);
        for (int k = 0; k < 4; k++) sum[k] = add(sum[k], v, vld1q_s8(w + k * EK_NEON_CHUNK));
        w += 4 * EK_NEON_CHUNK;
    }
    return ek_neon_totals(sum);
}

/* The factors of four channels, and their biases in front. */
static inline ek_neon_factor_t ek_neon_quad_factor(const int32_t *factors)
{
    return (ek_neon_factor_t){
        vld1q_s32(factors + 4), vld1q_s32(factors + 8), vld1q_s32(factors + 12),
    };
}

/* Up to four bytes; all four is the usual case and one store. */
static inline void ek_neon_store_quad(int8_t *to, const int8_t *from, int32_t count)
{
    if (count == 4) {
        memcpy(to, from, 4);
        return;
    }
    for (int32_t i = 0; i < count; i++) to[i] = from[i];
}

/* One row of x, of `chunks` chunks, by all rows of weights. */
static inline void ek_neon_multiply_row(ek_neon_add_t *add, const int8_t *x, int32_t chunks,
                                        const int8_t *weights, const int32_t *factors,
                                        ek_neon_range_t range, int32_t channels, int8_t *output)
{
    for (int32_t o = 0; o < channels; o += 4, factors += 16) {
        int8_t bytes[8];
        const int32x4_t sum = vaddq_s32(ek_neon_dot1x4(add, x, weights, chunks),
                                        vld1q_s32(factors));
        const int16x4_t y = ek_neon_finish(sum, ek_neon_quad_factor(factors), range);
        vst1_s8(bytes, ek_neon_clamp(y, y, range));
        ek_neon_store_quad(output + o, bytes, ek_min(4, channels - o));
        weights += chunks * 4 * EK_NEON_CHUNK;
    }
}

/* Four rows of x by all rows of weights, of which `rows` are wanted. Outputs of a row are adjacent,
 * rows `channels` apart. */
static inline void ek_neon_multiply_rows(ek_neon_add_t *add, const int8_t *const x[4],
                                         int32_t rows, int32_t chunks, const int8_t *weights,
                                         const int32_t *factors, ek_neon_range_t range,
                                         int32_t channels, int8_t *output)
{
    for (int32_t o = 0; o < channels; o += 4, factors += 16) {
        const int32x4_t bias = vld1q_s32(factors);
        const ek_neon_factor_t q = ek_neon_quad_factor(factors);
        int32x4_t sum[4];
        int16x4_t y[4];
        int8_t bytes[16];
        ek_neon_dot4x4(add, x, weights, chunks, sum);
        for (int k = 0; k < 4; k++) y[k] = ek_neon_finish(vaddq_s32(sum[k], bias), q, range);
        vst1_s8(bytes, ek_neon_clamp(y[0], y[1], range));
        vst1_s8(bytes + 8, ek_neon_clamp(y[2], y[3], range));
        for (int32_t i = 0; i < rows; i++) {
            ek_neon_store_quad(output + i * channels + o, bytes + 4 * i, ek_min(4, channels - o));
        }
        weights += chunks * 4 * EK_NEON_CHUNK;
    }
}

#endif
