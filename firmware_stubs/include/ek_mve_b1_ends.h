/* ek_mve_b1_ends.h - how the `mve` kernels on packed signs go through the output and end.
 *
 * A row of sums is 32 channels. Those of bytes E hold the even ones of the first 16 and, in upper
 * bytes, the odd ones; those of O the next 16: thresholds lie in that order. Widened again, four
 * channels apart share a vector, as multipliers and bias lie; narrowing interleaves all back.
 */
#ifndef EK_MVE_B1_ENDS_H
#define EK_MVE_B1_ENDS_H

#include <string.h>

#include "ek_mve_b1.h"

enum {
    EK_MVE_B1_TILE = 112, /* pixels */
    EK_MVE_B1_ROOM = 264  /* where the scratch may be large */
};

/* Counts of channels 0, 2, ... 14 of 16. */
static inline int16x8_t ek_mve_b1_even(const int16_t sums[2][8])
{
    return vsubq_s16(vldrhq_s16(sums[0]), vshlq_n_s16(vldrhq_s16(sums[1]), 8));
}

/* Bit i is set if count i of 16 is above its threshold. */
static inline uint32_t ek_mve_b1_above(const int16_t sums[2][8], int16x8_t even, int16x8_t odd)
{
    const int16x8_t first = vsubq_s16(even, ek_mve_b1_even(sums));
    const int16x8_t second = vsubq_s16(odd, vldrhq_s16(sums[1]));
    return vcmpltq_n_s8(ek_mve_pair_s8(first, second), 0);
}

/* Four channels as ek_b1_real makes them. Nothing may contract product and sum. */
static inline float32x4_t ek_mve_b1_real(int32x4_t count, const ek_conv2d_b1_t *p,
                                         const float *multiplier, const float *bias)
{
    const int32x4_t twice = vaddq_s32(count, count);
    const int32x4_t above = vmaxq_s32(twice, vdupq_n_s32(p->acc2_min));
    const int32x4_t acc2 = vminq_s32(above, vdupq_n_s32(p->acc2_max));
    const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(acc2), vldrwq_f32(multiplier));
    return vaddq_f32(ek_mve_rounded(scaled), vldrwq_f32(bias));
}

typedef struct {
    float32x4_t a, b, c, d; /* channels 0, 4, 8, 12; 2, 6, ...; 1, 5, ...; 3, 7, ... of 16 */
} ek_mve_b1_reals_t;

static inline ek_mve_b1_reals_t ek_mve_b1_reals(const int16_t sums[2][8], const ek_conv2d_b1_t *p,
                                                const float *multiplier, const float *bias)
{
    const int16x8_t even = ek_mve_b1_even(sums), odd = vldrhq_s16(sums[1]);
    const ek_mve_b1_reals_t y = {
        ek_mve_b1_real(vmovlbq_s16(even), p, multiplier, bias),
        ek_mve_b1_real(vmovltq_s16(even), p, multiplier + 4, bias + 4),
        ek_mve_b1_real(vmovlbq_s16(odd), p, multiplier + 8, bias + 8),
        ek_mve_b1_real(vmovltq_s16(odd), p, multiplier + 12, bias + 12),
    };
    return y;
}

/* Pixels of a tile: at most `most`, as many in one as in the other. */
static inline int32_t ek_mve_b1_tile(const ek_conv2d_b1_t *p, int32_t most)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const int32_t tiles = (pixels + most - 1) / most;
    return (pixels + tiles - 1) / tiles;
}

/* Where a kernel is: 64 channels of a tile, counted. */
typedef struct {
    int32_t first, pixels, channel, rows;
    const uint8_t *weights;
    const ek_b1_record_t *records;
} ek_mve_b1_place_t;

static inline ek_mve_b1_place_t ek_mve_b1_begin(const ek_conv2d_b1_t *p, const uint8_t *weights,
                                                int32_t most)
{
    const ek_mve_b1_place_t at = {0, ek_mve_b1_tile(p, most), 0, 0, weights, 0};
    return at;
}

/* Counts the next channels, or the next tile's first ones; `weights` are those of all. 0 at the end. */
static inline int ek_mve_b1_next(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint8_t *weights, void *scratch, ek_mve_b1_place_t *at)
{
    const int32_t all = p->batches * p->output_h * p->output_w;
    at->channel += at->rows * EK_MVE_B1_LANES;
    if (at->channel >= p->output_c) {
        at->first += at->pixels;
        at->pixels = ek_min(at->pixels, all - at->first);
        at->channel = 0;
        at->weights = weights;
    }
    if (at->first >= all) return 0;
    uint8_t *const tables = scratch;
    ek_b1_record_t *const records = (ek_b1_record_t *)(void *)(tables + EK_MVE_B1_TABLES);
    const int32_t words = p->kernel_h * p->kernel_w * p->group_words;
    at->rows = p->output_c - at->channel > EK_MVE_B1_LANES ? 2 : 1;
    ek_tables_b1__mve(p, input, at->weights, at->first, at->pixels, at->rows, tables, records);
    at->weights += (words + 1) / 2 * at->rows * EK_MVE_B1_PLANES;
    at->records = records;
    return 1;
}

static inline void ek_mve_b1_signs(const ek_conv2d_b1_t *p, const uint32_t *input,
                                   const uint8_t *weights, const int16_t *threshold,
                                   uint32_t *output, void *scratch, int32_t most)
{
    const int32_t words = ek_b1_words(p->output_c);
    ek_mve_b1_place_t at = ek_mve_b1_begin(p, weights, most);
    while (ek_mve_b1_next(p, input, weights, scratch, &at)) {
        for (int32_t row = 0; row < at.rows; row++) {
            const int16_t *const limits = threshold + at.channel + row * EK_MVE_B1_LANES;
            const int16x8_t a = vldrhq_s16(limits), b = vldrhq_s16(limits + 8);
            const int16x8_t c = vldrhq_s16(limits + 16), d = vldrhq_s16(limits + 24);
            uint32_t *to = output + at.first * words + at.channel / EK_B1_WORD + row;
            for (int32_t n = 0; n < at.pixels; n++, to += words) {
                const int16_t(*const sums)[8] = at.records[n].sums[row];
                *to = ek_mve_b1_above(sums, a, b) | ek_mve_b1_above(sums + 2, c, d) << 16;
            }
        }
    }
}

static inline void ek_mve_b1_bytes(const ek_conv2d_b1_t *p, const uint32_t *input,
                                   const uint8_t *weights, const float *multiplier,
                                   const float *bias, int8_t *output, void *scratch, int32_t most)
{
    ek_mve_b1_place_t at = ek_mve_b1_begin(p, weights, most);
    while (ek_mve_b1_next(p, input, weights, scratch, &at)) {
        for (int32_t c = 0; c < ek_min(p->output_c - at.channel, 64); c += 16) {
            const int32_t channel = at.channel + c;
            const mve_pred16_t some = vctp8q((uint32_t)(p->output_c - channel));
            int8_t *to = output + at.first * p->output_c + channel;
            for (int32_t n = 0; n < at.pixels; n++, to += p->output_c) {
                const int16_t(*const sums)[8] = at.records[n].sums[c / 32] + c % 32 / 8;
                const ek_mve_b1_reals_t y =
                    ek_mve_b1_reals(sums, p, multiplier + channel, bias + channel);
                const int16x8_t even = ek_mve_pair(vcvtaq_s32_f32(y.a), vcvtaq_s32_f32(y.b));
                const int16x8_t odd = ek_mve_pair(vcvtaq_s32_f32(y.c), vcvtaq_s32_f32(y.d));
                vstrbq_p_s8(to, ek_mve_pair_s8(even, odd), some);
            }
        }
    }
}

static inline void ek_mve_b1_floats(const ek_conv2d_b1_t *p, const uint32_t *input,
                                    const uint8_t *weights, const float *multiplier,
                                    const float *bias, float *output, void *scratch, int32_t most)
{
    ek_mve_b1_place_t at = ek_mve_b1_begin(p, weights, most);
    while (ek_mve_b1_next(p, input, weights, scratch, &at)) {
        for (int32_t c = 0; c < ek_min(p->output_c - at.channel, 64); c += 16) {
            const int32_t channel = at.channel + c, count = ek_min(16, p->output_c - channel);
            float *to = output + at.first * p->output_c + channel;
            for (int32_t n = 0; n < at.pixels; n++, to += p->output_c) {
                const int16_t(*const sums)[8] = at.records[n].sums[c / 32] + c % 32 / 8;
                const ek_mve_b1_reals_t y =
                    ek_mve_b1_reals(sums, p, multiplier + channel, bias + channel);
                const float32x4x4_t all = {{y.a, y.c, y.b, y.d}};
                float some[16];
                vst4q_f32(count < 16 ? some : to, all);
                if (count < 16) memcpy(to, some, (size_t)count * sizeof *to);
            }
        }
    }
}

#endif
