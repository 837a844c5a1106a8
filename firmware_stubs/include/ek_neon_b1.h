/* ek_neon_b1.h - bits counted with NEON's CNT, four words of as many channels in a vector, and how
 * convolutions end. Layout of weights and windows: ek_lanes_b1.h.
 *
 * A lane of sums is a half-word: UADALP adds the counts of two bytes to it, and four channels have
 * two lanes each, which hold those of 4095 words.
 */
#ifndef EK_NEON_B1_H
#define EK_NEON_B1_H

#include "ek_lanes_b1.h"
#include "ek_neon.h"

#if !(defined(__aarch64__) && defined(__ARM_NEON))
#include "ek_neon_portable_b1.h"
#endif

static inline uint8x16_t ek_neon_differing(uint32x4_t x, uint32x4_t w)
{
    return vcntq_u8(vreinterpretq_u8_u32(veorq_u32(x, w)));
}

/* A word of each of four channels. */
static inline uint16x8_t ek_neon_add_word(uint16x8_t sum, uint32x4_t x, const uint32_t *w)
{
    return vpadalq_u8(sum, ek_neon_differing(x, vld1q_u32(w)));
}

/* Two words, x and y, of each: what they count fits bytes. */
static inline uint16x8_t ek_neon_add_words(uint16x8_t sum, uint32x4_t x, uint32x4_t y,
                                           const uint32_t *w)
{
    const uint8x16_t first = ek_neon_differing(x, vld1q_u32(w));
    return vpadalq_u8(sum, vaddq_u8(first, ek_neon_differing(y, vld1q_u32(w + EK_LANES_B1))));
}

/* Half a block of four windows, two words at a time: 8 accumulators, 12 vectors of x and w. */
static inline void ek_neon_count_four(const uint32_t *x, const uint32_t *w, int32_t words,
                                      uint16_t *counts)
{
    const uint32_t *const end = x + 4 * words;
    uint16x8_t a[2], b[2], c[2], d[2];
    for (int q = 0; q < 2; q++) a[q] = b[q] = c[q] = d[q] = vdupq_n_u16(0);
    for (; end - x > 4; x += 8, w += 2 * EK_LANES_B1) {
        const uint32x4x4_t v = vld4q_dup_u32(x), u = vld4q_dup_u32(x + 4);
        for (int q = 0; q < 2; q++) {
            a[q] = ek_neon_add_words(a[q], v.val[0], u.val[0], w + 4 * q);
            b[q] = ek_neon_add_words(b[q], v.val[1], u.val[1], w + 4 * q);
            c[q] = ek_neon_add_words(c[q], v.val[2], u.val[2], w + 4 * q);
            d[q] = ek_neon_add_words(d[q], v.val[3], u.val[3], w + 4 * q);
        }
    }
    if (x < end) {
        const uint32x4x4_t v = vld4q_dup_u32(x);
        for (int q = 0; q < 2; q++) {
            a[q] = ek_neon_add_word(a[q], v.val[0], w + 4 * q);
            b[q] = ek_neon_add_word(b[q], v.val[1], w + 4 * q);
            c[q] = ek_neon_add_word(c[q], v.val[2], w + 4 * q);
            d[q] = ek_neon_add_word(d[q], v.val[3], w + 4 * q);
        }
    }
    vst1q_u16(counts, vpaddq_u16(a[0], a[1]));
    vst1q_u16(counts + EK_LANES_B1, vpaddq_u16(b[0], b[1]));
    vst1q_u16(counts + 2 * EK_LANES_B1, vpaddq_u16(c[0], c[1]));
    vst1q_u16(counts + 3 * EK_LANES_B1, vpaddq_u16(d[0], d[1]));
}

/* A block of one window. */
static inline void ek_neon_count_one(const uint32_t *x, const uint32_t *w, int32_t words,
                                     uint16_t *counts)
{
    const uint32_t *const end = x + words;
    uint16x8_t sums[4];
    for (int q = 0; q < 4; q++) sums[q] = vdupq_n_u16(0);
    for (; end - x > 1; x += 2, w += 2 * EK_LANES_B1) {
        const uint32x4_t v = vld1q_dup_u32(x), u = vld1q_dup_u32(x + 1);
        for (int q = 0; q < 4; q++) sums[q] = ek_neon_add_words(sums[q], v, u, w + 4 * q);
    }
    if (x < end) {
        const uint32x4_t v = vld1q_dup_u32(x);
        for (int q = 0; q < 4; q++) sums[q] = ek_neon_add_word(sums[q], v, w + 4 * q);
    }
    vst1q_u16(counts, vpaddq_u16(sums[0], sums[1]));
    vst1q_u16(counts + 8, vpaddq_u16(sums[2], sums[3]));
}

/* An ek_lanes_b1_count_t. */
static inline void ek_neon_count(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                                 int32_t words, int32_t blocks, uint16_t *counts)
{
    for (int32_t block = 0; block < blocks; block++) {
        if (stride == 1) {
            ek_neon_count_one(windows, weights, words, counts);
        } else {
            ek_neon_count_four(windows, weights, words, counts);
            ek_neon_count_four(windows, weights + 8, words, counts + 8);
        }
        weights += words * EK_LANES_B1;
        counts += stride * EK_LANES_B1;
    }
}

/* Bit l of the result: counts[l] >= least[l]. */
static inline uint32_t ek_neon_negative(const uint16_t *counts, const uint16_t *least)
{
    static const uint16_t bit[8] = {1u << 0, 1u << 1, 1u << 2, 1u << 3,
                                    1u << 4, 1u << 5, 1u << 6, 1u << 7};
    const uint16x8_t low_bits = vld1q_u16(bit), high_bits = vshlq_n_u16(low_bits, 8);
    const uint16x8_t low = vcgeq_u16(vld1q_u16(counts), vld1q_u16(least));
    const uint16x8_t high = vcgeq_u16(vld1q_u16(counts + 8), vld1q_u16(least + 8));
    return vaddvq_u16(vorrq_u16(vandq_u16(low, low_bits), vandq_u16(high, high_bits)));
}

/* Four channels as ek_b1_real. */
static inline float32x4_t ek_neon_real(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                       const float *multiplier, const float *bias)
{
    const int32x4_t twice = vreinterpretq_s32_u32(vshll_n_u16(vld1_u16(counts), 1));
    const int32x4_t raised = vmaxq_s32(twice, vdupq_n_s32(p->acc2_min));
    const int32x4_t clamped = vminq_s32(raised, vdupq_n_s32(p->acc2_max));
    const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(clamped), vld1q_f32(multiplier));
    return vaddq_f32(scaled, vld1q_f32(bias));
}

static inline void ek_neon_finish_f32(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                      const float *multiplier, const float *bias, float *y)
{
    for (int i = 0; i < EK_LANES_B1; i += 4) {
        vst1q_f32(y + i, ek_neon_real(p, counts + i, multiplier + i, bias + i));
    }
}

/* Eight channels; FCVTAS rounds halves away from zero. */
static inline int8x8_t ek_neon_whole(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                     const float *multiplier, const float *bias)
{
    const float32x4_t low = ek_neon_real(p, counts, multiplier, bias);
    const float32x4_t high = ek_neon_real(p, counts + 4, multiplier + 4, bias + 4);
    const int16x4_t narrow = vqmovn_s32(vcvtaq_s32_f32(low));
    return vqmovn_s16(vcombine_s16(narrow, vqmovn_s32(vcvtaq_s32_f32(high))));
}

static inline void ek_neon_finish_s8(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                     const float *multiplier, const float *bias, int8_t *y)
{
    const int8x8_t low = ek_neon_whole(p, counts, multiplier, bias);
    vst1q_s8(y, vcombine_s8(low, ek_neon_whole(p, counts + 8, multiplier + 8, bias + 8)));
}

#endif
