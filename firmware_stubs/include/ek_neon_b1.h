/* ek_neon_b1.h - bits counted with NEON's CNT: a window is gathered once and serves all channels. */
#ifndef EK_NEON_B1_H
#define EK_NEON_B1_H

#include <stdbool.h>

#include "ek_b1.h"

#define EK_NEON_B1_WORDS 4 /* of a vector */

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

/* Bits that differ in `words`, whole vectors: a half-word lane holds those of 4095. */
static inline int32_t ek_neon_differing(const uint32_t *x, const uint32_t *w, int32_t words)
{
    uint16x8_t sums = vdupq_n_u16(0);
    for (int32_t k = 0; k < words; k += EK_NEON_B1_WORDS) {
        const uint32x4_t differ = veorq_u32(vld1q_u32(x + k), vld1q_u32(w + k));
        sums = vpadalq_u8(sums, vcntq_u8(vreinterpretq_u8_u32(differ)));
    }
    return (int32_t)vaddlvq_u16(sums);
}

#else

static inline int32_t ek_neon_differing(const uint32_t *x, const uint32_t *w, int32_t words)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < words; k++) sum += ek_bits(x[k] ^ w[k]);
    return sum;
}

#endif

/* Words of a window in whole vectors. */
static inline int32_t ek_neon_window_words(const ek_conv2d_b1_t *p)
{
    const int32_t words = p->kernel_h * p->kernel_w * p->group_words;
    return (words + EK_NEON_B1_WORDS - 1) / EK_NEON_B1_WORDS * EK_NEON_B1_WORDS;
}

/* The window that starts at (h, w), +1 outside and behind. */
static inline void ek_neon_gather(const ek_conv2d_b1_t *p, const uint32_t *input, int32_t h,
                                  int32_t w, uint32_t *window)
{
    const int32_t own = p->group_words;
    uint32_t *const end = window + ek_neon_window_words(p);
    for (int32_t i = 0; i < p->kernel_h; i++) {
        const int32_t y = h + i * p->dilation_h;
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t x = w + j * p->dilation_w;
            const bool inside = y >= 0 && y < p->input_h && x >= 0 && x < p->input_w;
            const uint32_t *from = inside ? input + (y * p->input_w + x) * own : 0;
            for (int32_t k = 0; k < own; k++) *window++ = inside ? from[k] : 0;
        }
    }
    while (window < end) *window++ = 0;
}

#endif
