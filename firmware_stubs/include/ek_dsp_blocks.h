/* ek_dsp_blocks.h - products of two output channels with four pixels, the heart of the `dsp`
 * convolutions.
 *
 * Activations are widened to int16 once and then serve all output channels. A block of `n` pixels
 * is a list of words with two inputs in each, a row of n words for every pair of inputs:
 *
 *     row 0    inputs 0 and 2 of pixel 0, 1, ..
 *     row 1    inputs 1 and 3
 *     row 2    inputs 4 and 6, and so on: the order in which SXTB16 widens four bytes
 *
 * Weights are words of two output channels by two inputs, channels a and b sharing each int16 lane
 * as 256 * a + b (fully_connected_quads_s8.c draws one). Both come in fours of inputs, padded with
 * zeros.
 */
#ifndef EK_DSP_BLOCKS_H
#define EK_DSP_BLOCKS_H

#include "ek_dsp.h"

enum { EK_BLOCK = 4 /* pixels of a full block */ };

/* Outputs of the channels a and b of one pixel, from the sums 256 * a + b and b. `f` is their row of
 * eight: bias of b, twice that of a; multiplier, addend and right shift of a; of b. `second` is 1,
 * or 0 where there is no b: then a overwrites it. */
static inline void ek_finish_pair(int32_t both, int32_t low, const int32_t *f, int8_t *y,
                                  int32_t second)
{
    const int32_t doubled = f[1] + (ek_wrapping_sub(both, low) >> 7);
    y[second] = (int8_t)ek_finish(low * 2, (ek_finish_t){f[5], f[6], f[7]});
    y[0] = (int8_t)ek_finish(doubled, (ek_finish_t){f[2], f[3], f[4]});
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one pair of inputs, 48 bytes of code: 8 SMLAD, 3 loads, 1 widening. */
#define EK_PAIR                                \
    "ldr    %[v], [%[w]], #4          \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"    \
    "sxtb16 %[u], %[v]                \n\t"    \
    "smlad  %[b0], %[v], %[x0], %[b0] \n\t"    \
    "smlad  %[l0], %[u], %[x0], %[l0] \n\t"    \
    "smlad  %[b1], %[v], %[x1], %[b1] \n\t"    \
    "smlad  %[l1], %[u], %[x1], %[l1] \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"    \
    "smlad  %[b2], %[v], %[x0], %[b2] \n\t"    \
    "smlad  %[l2], %[u], %[x0], %[l2] \n\t"    \
    "smlad  %[b3], %[v], %[x1], %[b3] \n\t"    \
    "smlad  %[l3], %[u], %[x1], %[l3] \n\t"

/* All outputs of a block of four pixels, `channels` bytes apart.
 *
 * Assembly, because the eight sums, two pointers and four words take all 14 registers: compilers
 * spill sums inside the loop and take a third more instructions. What the rest needs is in memory.
 * The loop over pairs of inputs is unrolled eight times and entered where their number asks for.
 * Without optimization compilers keep a register for the frame, and the plain C below is used. */
static inline void ek_convolve_block(const int32_t *block, int32_t pairs, const int8_t *weights,
                                     const int32_t *finish, int32_t channels, int8_t *output)
{
    const int32_t *const block_end = block + EK_BLOCK * pairs;
    const int32_t skipped = (-pairs & 7) * 48;
    for (int32_t left = channels, run; left > 0; left -= run) {
        run = left > 1 ? left & ~1 : 1;
        const int32_t second = run > 1;
        const int32_t *const finish_end = finish + 8 * ((run + 1) >> 1);
        int32_t b0, b1, b2, b3, l0, l1, l2, l3, u, v, x0, x1;
        const int32_t *x;
        __asm__ volatile(
            "1:                                  \n\t" /* sums start at the bias of b */
            "ldr    %[v], %[finish]              \n\t"
            "ldr    %[x], %[block]               \n\t"
            "ldr    %[b0], [%[v]]                \n\t"
            "ldr    %[v], %[skipped]             \n\t"
            "mov    %[l0], %[b0]                 \n\t"
            "mov    %[b1], %[b0]                 \n\t"
            "mov    %[l1], %[b0]                 \n\t"
            "mov    %[b2], %[b0]                 \n\t"
            "mov    %[l2], %[b0]                 \n\t"
            "mov    %[b3], %[b0]                 \n\t"
            "mov    %[l3], %[b0]                 \n\t"
            "add    pc, %[v]                     \n\t"
            "nop                                 \n"
            "2:                                  \n\t"
            EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR
            "ldr    %[v], %[block_end]           \n\t"
            "cmp    %[x], %[v]                   \n\t"
            "bne    2b                           \n\t"

            "ldr    %[v], %[finish]              \n\t" /* b, from its doubled sums */
            "ldr    %[x], %[output]              \n\t"
            "ldr    %[u], [%[v], #20]            \n\t"
            "ldrd   %[x0], %[x1], [%[v], #24]    \n\t"
            "ldr    %[v], %[second]              \n\t"
            "sub    %[b0], %[b0], %[l0]          \n\t"
            "sub    %[b1], %[b1], %[l1]          \n\t"
            "sub    %[b2], %[b2], %[l2]          \n\t"
            "sub    %[b3], %[b3], %[l3]          \n\t"
            "add    %[x], %[v]                   \n\t"
            "lsl    %[l0], %[l0], #1             \n\t"
            "lsl    %[l1], %[l1], #1             \n\t"
            "lsl    %[l2], %[l2], #1             \n\t"
            "lsl    %[l3], %[l3], #1             \n\t"
            EK_FINISH("%[l0]", "[%[x]]")
            "ldr    %[l0], %[channels]           \n\t"
            EK_FINISH("%[l1]", "[%[x], %[l0]]")
            EK_FINISH("%[l2]", "[%[x], %[l0], lsl #1]")
            "add    %[l1], %[l0], %[l0], lsl #1  \n\t"
            EK_FINISH("%[l3]", "[%[x], %[l1]]")

            "ldr    %[l3], %[finish]             \n\t" /* a, from (256 * a + b) - b */
            "ldr    %[x], %[output]              \n\t"
            "ldr    %[v], [%[l3], #4]            \n\t"
            "ldr    %[u], [%[l3], #8]            \n\t"
            "ldrd   %[x0], %[x1], [%[l3], #12]   \n\t"
            "add    %[b0], %[v], %[b0], asr #7   \n\t"
            "add    %[b1], %[v], %[b1], asr #7   \n\t"
            "add    %[b2], %[v], %[b2], asr #7   \n\t"
            "add    %[b3], %[v], %[b3], asr #7   \n\t"
            EK_FINISH("%[b0]", "[%[x]]")
            EK_FINISH("%[b1]", "[%[x], %[l0]]")
            EK_FINISH("%[b2]", "[%[x], %[l0], lsl #1]")
            EK_FINISH("%[b3]", "[%[x], %[l1]]")

            "ldr    %[v], %[finish_end]          \n\t" /* the next two channels */
            "adds   %[l3], #32                   \n\t"
            "adds   %[x], #2                     \n\t"
            "str    %[l3], %[finish]             \n\t"
            "str    %[x], %[output]              \n\t"
            "cmp    %[l3], %[v]                  \n\t"
            "bne    1b                           \n\t"
            : [w] "+&r"(weights), [finish] "+m"(finish), [output] "+m"(output), [b0] "=&r"(b0),
              [b1] "=&r"(b1), [b2] "=&r"(b2), [b3] "=&r"(b3), [l0] "=&r"(l0), [l1] "=&r"(l1),
              [l2] "=&r"(l2), [l3] "=&r"(l3), [x] "=&r"(x), [u] "=&r"(u), [v] "=&r"(v),
              [x0] "=&r"(x0), [x1] "=&r"(x1)
            : [block] "m"(block), [block_end] "m"(block_end), [skipped] "m"(skipped),
              [finish_end] "m"(finish_end), [channels] "m"(channels), [second] "m"(second)
            : "cc", "memory");
    }
}

#else

static inline void ek_convolve_block(const int32_t *block, int32_t pairs, const int8_t *weights,
                                     const int32_t *finish, int32_t channels, int8_t *output)
{
    for (int32_t o = 0; o < channels; o += 2, finish += 8, weights += 4 * pairs) {
        for (int32_t pixel = 0; pixel < EK_BLOCK; pixel++) {
            int32_t both = finish[0], low = finish[0];
            for (int32_t i = 0; i < pairs; i++) {
                const uint32_t v = ek_load4(weights + 4 * i);
                both = ek_smlad((int32_t)v, block[EK_BLOCK * i + pixel], both);
                low = ek_smlad(ek_sxtb16(v), block[EK_BLOCK * i + pixel], low);
            }
            ek_finish_pair(both, low, finish, output + pixel * channels + o, o + 1 < channels);
        }
    }
}

#endif

/* The same for a block of one pixel. `pairs` is even. */
static inline void ek_convolve_pixel(const int32_t *block, int32_t pairs, const int8_t *weights,
                                     const int32_t *finish, int32_t channels, int8_t *output)
{
    for (int32_t o = 0; o < channels; o += 2, finish += 8) {
        int32_t both = finish[0], low = finish[0];
        for (const int32_t *x = block; x != block + pairs; x += 2, weights += 8) {
            const uint32_t v0 = ek_load4(weights), v1 = ek_load4(weights + 4);
            both = ek_smlad((int32_t)v0, x[0], both);
            low = ek_smlad(ek_sxtb16(v0), x[0], low);
            both = ek_smlad((int32_t)v1, x[1], both);
            low = ek_smlad(ek_sxtb16(v1), x[1], low);
        }
        ek_finish_pair(both, low, finish, output + o, o + 1 < channels);
    }
}

/* Widens `count` inputs of one pixel into a column of a block of `row` pixels. */
static inline void ek_widen(const int8_t *input, int32_t count, int32_t *x, int32_t row)
{
    for (; count >= 4; count -= 4, input += 4, x += 2 * row) {
        const uint32_t four = ek_load4(input);
        x[0] = ek_sxtb16(four);
        x[row] = ek_sxtb16_odd(four);
    }
    if (count > 0) {
        const uint32_t tail = ek_load_tail(input, count);
        x[0] = ek_sxtb16(tail);
        x[row] = ek_sxtb16_odd(tail);
    }
}

/* Two pixels at once, into neighbouring columns of a full block. */
static inline void ek_widen_two(const int8_t *a, const int8_t *b, int32_t count, int32_t *x)
{
    for (; count >= 4; count -= 4, a += 4, b += 4, x += 2 * EK_BLOCK) {
        const uint32_t four_a = ek_load4(a), four_b = ek_load4(b);
        x[0] = ek_sxtb16(four_a);
        x[1] = ek_sxtb16(four_b);
        x[EK_BLOCK] = ek_sxtb16_odd(four_a);
        x[EK_BLOCK + 1] = ek_sxtb16_odd(four_b);
    }
    if (count > 0) {
        ek_widen(a, count, x, EK_BLOCK);
        ek_widen(b, count, x + 1, EK_BLOCK);
    }
}

#endif
