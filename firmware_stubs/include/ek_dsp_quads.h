/* ek_dsp_quads.h - sums of products of one row of inputs with four outputs' weights, two of them in
 * each word: fully_connected_quads_s8.c draws them.
 */
#ifndef EK_DSP_QUADS_H
#define EK_DSP_QUADS_H

#include "ek_dsp.h"

/* 256 * y[o] + y[o+1] and y[o+1], for two pairs of outputs. */
typedef struct {
    int32_t both0, low0, both1, low1;
} ek_quad_t;

/* Adds the products of four inputs in a word; returns the weights that follow. */
static inline const int8_t *ek_add_tail(ek_quad_t *sum, uint32_t four, const int8_t *w)
{
    const int32_t lanes[2] = {ek_sxtb16(four), ek_sxtb16_odd(four)};
    for (int32_t i = 0; i < 2; i++, w += 8) {
        const uint32_t w0 = ek_load4(w), w1 = ek_load4(w + 4);
        sum->both0 = ek_smlad((int32_t)w0, lanes[i], sum->both0);
        sum->low0 = ek_smlad(ek_sxtb16(w0), lanes[i], sum->low0);
        sum->both1 = ek_smlad((int32_t)w1, lanes[i], sum->both1);
        sum->low1 = ek_smlad(ek_sxtb16(w1), lanes[i], sum->low1);
    }
    return w;
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* Products of four inputs: 8 SMLAD, 6 to widen, 2 loads. */
#define EK_FOUR_INPUTS                          \
    "ldr    r3, [%[x]], #4             \n\t" \
    "ldmia  %[w]!, {r4, r5, r6, r8}    \n\t" \
    "sxtb16 r2, r3                     \n\t" \
    "sxtb16 r3, r3, ror #8             \n\t" \
    "smlad  %[b0], r4, r2, %[b0]       \n\t" \
    "sxtb16 r4, r4                     \n\t" \
    "smlad  %[b1], r5, r2, %[b1]       \n\t" \
    "sxtb16 r5, r5                     \n\t" \
    "smlad  %[l0], r4, r2, %[l0]       \n\t" \
    "smlad  %[l1], r5, r2, %[l1]       \n\t" \
    "smlad  %[b0], r6, r3, %[b0]       \n\t" \
    "sxtb16 r6, r6                     \n\t" \
    "smlad  %[b1], r8, r3, %[b1]       \n\t" \
    "sxtb16 r8, r8                     \n\t" \
    "smlad  %[l0], r6, r3, %[l0]       \n\t" \
    "smlad  %[l1], r8, r3, %[l1]       \n\t"

/* Adds the products of `fours` > 0 times four inputs; returns the weights that follow. Assembly for
 * LDM, which loads all weights of four inputs at once; by itself the compiler loads them singly. */
EK_INLINE const int8_t *ek_add_inputs(ek_quad_t *sum, const int8_t *x, const int8_t *w, int32_t fours)
{
    const int8_t *const end = x + 4 * fours;
    ek_quad_t s = *sum;
    if (fours & 1) {
        __asm__ volatile(EK_FOUR_INPUTS
                         : [x] "+&r"(x), [w] "+&r"(w), [b0] "+&r"(s.both0), [l0] "+&r"(s.low0),
                           [b1] "+&r"(s.both1), [l1] "+&r"(s.low1)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "memory");
    }
    while (x != end) {
        __asm__ volatile(EK_FOUR_INPUTS EK_FOUR_INPUTS
                         : [x] "+&r"(x), [w] "+&r"(w), [b0] "+&r"(s.both0), [l0] "+&r"(s.low0),
                           [b1] "+&r"(s.both1), [l1] "+&r"(s.low1)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "memory");
    }
    *sum = s;
    return w;
}

#else

EK_INLINE const int8_t *ek_add_inputs(ek_quad_t *sum, const int8_t *x, const int8_t *w, int32_t fours)
{
    for (; fours > 0; fours--, x += 4) w = ek_add_tail(sum, ek_load4(x), w);
    return w;
}

#endif

#endif
