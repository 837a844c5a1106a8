/* ek_dsp_blocks.h - products of two output channels with four pixels, the heart of the `dsp`
 * convolutions.
 *
 * Activations are widened to int16 once and then serve all output channels. A block of four pixels
 * is a list of words, two inputs in each, a row of four for every pair of inputs:
 *
 *     words 0..3   inputs 0 and 2 of pixel 0, 1, 2, 3
 *     words 4..7   inputs 1 and 3
 *     words 8..    inputs 4 and 6, and so on
 *
 * Weights are words of two output channels by two inputs, channels a and b sharing each int16 lane
 * as 256 * a + b (fully_connected_quads_s8.c draws one).
 */
#ifndef EK_DSP_BLOCKS_H
#define EK_DSP_BLOCKS_H

#include "ek_dsp.h"

enum { EK_BLOCK = 4 /* pixels */ };

/* For each pixel of a block: 256 * a + b of two channels' sums, and b. */
typedef struct {
    int32_t both[EK_BLOCK], low[EK_BLOCK];
} ek_sums_t;

#if defined(__ARM_FEATURE_DSP)

/* One pair of inputs: 8 SMLAD, 3 loads, 1 widening. All 14 registers that there are. */
#define EK_PAIR                               \
    "ldr    %[v], [%[w]], #4         \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8 \n\t"    \
    "sxtb16 %[u], %[v]               \n\t"    \
    "smlad  %[b0], %[v], %[x0], %[b0] \n\t"   \
    "smlad  %[l0], %[u], %[x0], %[l0] \n\t"   \
    "smlad  %[b1], %[v], %[x1], %[b1] \n\t"   \
    "smlad  %[l1], %[u], %[x1], %[l1] \n\t"   \
    "ldrd   %[x0], %[x1], [%[x]], #8 \n\t"    \
    "smlad  %[b2], %[v], %[x0], %[b2] \n\t"   \
    "smlad  %[l2], %[u], %[x0], %[l2] \n\t"   \
    "smlad  %[b3], %[v], %[x1], %[b3] \n\t"   \
    "smlad  %[l3], %[u], %[x1], %[l3] \n\t"

/* Assembly, because compilers spill some of the sums: in C the loop takes a third more. */
#define EK_PAIRS(text)                                                                             \
    do {                                                                                           \
        int32_t u, v, x0, x1;                                                                      \
        __asm__ volatile(text                                                                      \
                         : [x] "+r"(x), [w] "+r"(w), [b0] "+r"(s.both[0]), [b1] "+r"(s.both[1]),   \
                           [b2] "+r"(s.both[2]), [b3] "+r"(s.both[3]), [l0] "+r"(s.low[0]),        \
                           [l1] "+r"(s.low[1]), [l2] "+r"(s.low[2]), [l3] "+r"(s.low[3]),          \
                           [u] "=&r"(u), [v] "=&r"(v), [x0] "=&r"(x0), [x1] "=&r"(x1)              \
                         :                                                                         \
                         : "memory");                                                              \
    } while (0)

/* Adds the products of `pairs` pairs of inputs with a block; returns the weights that follow. */
static inline const int8_t *ek_multiply_block(ek_sums_t *sums, const int32_t *x, const int8_t *w,
                                              int32_t pairs)
{
    ek_sums_t s = *sums;
    const int8_t *const whole = w + 16 * (pairs >> 2), *const end = w + 4 * pairs;
    while (w < whole) EK_PAIRS(EK_PAIR EK_PAIR EK_PAIR EK_PAIR);
    while (w < end) EK_PAIRS(EK_PAIR);
    *sums = s;
    return w;
}

#else

static inline const int8_t *ek_multiply_block(ek_sums_t *sums, const int32_t *x, const int8_t *w,
                                              int32_t pairs)
{
    for (int32_t i = 0; i < pairs; i++, w += 4) {
        const uint32_t v = ek_load4(w);
        for (int32_t pixel = 0; pixel < EK_BLOCK; pixel++, x++) {
            sums->both[pixel] = ek_smlad((int32_t)v, *x, sums->both[pixel]);
            sums->low[pixel] = ek_smlad(ek_sxtb16(v), *x, sums->low[pixel]);
        }
    }
    return w;
}

#endif

/* As above for one pixel of a block. */
static inline const int8_t *ek_multiply_pixel(int32_t *both, int32_t *low, const int32_t *x,
                                              const int8_t *w, int32_t pairs)
{
    for (int32_t i = 0; i < pairs; i++, w += 4, x += EK_BLOCK) {
        const uint32_t v = ek_load4(w);
        *both = ek_smlad((int32_t)v, *x, *both);
        *low = ek_smlad(ek_sxtb16(v), *x, *low);
    }
    return w;
}

/* Outputs of the channels a and b from their sums. `f` is a row of eight: bias of b, twice that of
 * a; multiplier, addend and right shift of a; of b. `second` is 1, or 0 where there is no b. */
static inline void ek_finish_pair(int32_t both, int32_t low, const int32_t *f, int8_t *y,
                                  int32_t second)
{
    const int32_t doubled = f[1] + (ek_wrapping_sub(both, low) >> 7);
    y[second] = (int8_t)ek_finish(low * 2, (ek_finish_t){f[5], f[6], f[7]});
    y[0] = (int8_t)ek_finish(doubled, (ek_finish_t){f[2], f[3], f[4]});
}

/* All `channels` outputs of `pixels` <= 4 pixels, `channels` bytes apart. */
static inline void ek_convolve_block(const int32_t *x, int32_t pixels, int32_t pairs,
                                     const int8_t *weights, const int32_t *finish,
                                     int32_t channels, int8_t *output)
{
    for (int32_t o = 0; o < channels; o += 2, finish += 8) {
        const int32_t second = o + 1 < channels, bias = finish[0];
        int8_t *y = output + o;
        if (pixels == EK_BLOCK) {
            ek_sums_t s = {{bias, bias, bias, bias}, {bias, bias, bias, bias}};
            weights = ek_multiply_block(&s, x, weights, pairs);
            for (int32_t i = 0; i < EK_BLOCK; i++) {
                ek_finish_pair(s.both[i], s.low[i], finish, y + i * channels, second);
            }
        } else {
            const int8_t *w = weights;
            for (int32_t i = 0; i < pixels; i++) {
                int32_t both = bias, low = bias;
                weights = ek_multiply_pixel(&both, &low, x + i, w, pairs);
                ek_finish_pair(both, low, finish, y + i * channels, second);
            }
        }
    }
}

/* Widens `count` inputs of pixel a and of pixel b into neighbouring columns of a block. */
static inline void ek_widen_two(const int8_t *a, const int8_t *b, int32_t count, int32_t *x)
{
    for (; count > 0; count -= 4, a += 4, b += 4, x += 2 * EK_BLOCK) {
        const uint32_t four_a = count >= 4 ? ek_load4(a) : ek_load_tail(a, count);
        const uint32_t four_b = count >= 4 ? ek_load4(b) : ek_load_tail(b, count);
        x[0] = ek_sxtb16(four_a);
        x[1] = ek_sxtb16(four_b);
        x[EK_BLOCK] = ek_sxtb16_odd(four_a);
        x[EK_BLOCK + 1] = ek_sxtb16_odd(four_b);
    }
}

#endif
