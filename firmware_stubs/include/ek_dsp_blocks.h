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

/* All outputs of a block of 4 pixels, or of 1, `channels` bytes from one pixel to the next: see
 * block_s8.c. `pairs` of inputs are even. */
typedef void ek_block_t(const int32_t *block, int32_t pixels, int32_t pairs, const int8_t *weights,
                        const int32_t *finish, int32_t channels, int8_t *output);

ek_block_t ek_block_s8__dsp;
ek_block_t ek_block_relu_s8__dsp;

/* Widens `count` inputs of one pixel into a column of a block of `row` pixels. */
static inline void ek_widen(const int8_t *input, int32_t count, int32_t *x, int32_t row)
{
    for (; count > 0; count -= 4, input += 4, x += 2 * row) {
        const uint32_t four = count >= 4 ? ek_load4(input) : ek_load_tail(input, count);
        x[0] = ek_sxtb16(four);
        x[row] = ek_sxtb16_odd(four);
    }
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The same for the four pixels at `from`, which become a full block: `fours` times four inputs each,
 * then `rows` - 1 times as many that lie `skip` bytes behind. Returns where the next inputs go.
 * Assembly for STM, which stores four words at once; by itself the compiler stores them singly. */
static __attribute__((noinline, unused)) int32_t *ek_widen_rows(const int8_t *const *from, int32_t skip,
                                                                int32_t rows, int32_t fours, int32_t *x)
{
    const int8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];
    const int32_t size = 8 * EK_BLOCK * fours;
    int32_t *end = x;
    if (fours == 0) return x;
    __asm__ volatile("1:                             \n\t"
                     "ldr    r5, %[size]             \n\t"
                     "add    r5, %[x]                \n\t"
                     "str    r5, %[end]              \n"
                     "2:                             \n\t"
                     "ldr    r2, [%[a]], #4          \n\t"
                     "ldr    r3, [%[b]], #4          \n\t"
                     "ldr    r4, [%[c]], #4          \n\t"
                     "ldr    r5, [%[d]], #4          \n\t"
                     "sxtb16 r6, r2                  \n\t"
                     "sxtb16 r8, r3                  \n\t"
                     "sxtb16 r9, r4                  \n\t"
                     "sxtb16 r10, r5                 \n\t"
                     "sxtb16 r2, r2, ror #8          \n\t"
                     "sxtb16 r3, r3, ror #8          \n\t"
                     "sxtb16 r4, r4, ror #8          \n\t"
                     "sxtb16 r5, r5, ror #8          \n\t"
                     "stmia  %[x]!, {r6, r8, r9, r10} \n\t"
                     "ldr    r6, %[end]              \n\t"
                     "stmia  %[x]!, {r2, r3, r4, r5} \n\t"
                     "cmp    %[x], r6                \n\t"
                     "bne    2b                      \n\t"
                     "ldr    r2, %[rows]             \n\t"
                     "ldr    r3, %[skip]             \n\t"
                     "subs   r2, #1                  \n\t"
                     "str    r2, %[rows]             \n\t"
                     "add    %[a], r3                \n\t"
                     "add    %[b], r3                \n\t"
                     "add    %[c], r3                \n\t"
                     "add    %[d], r3                \n\t"
                     "bne    1b                      \n\t"
                     : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [x] "+&r"(x),
                       [end] "+m"(end), [rows] "+m"(rows)
                     : [size] "m"(size), [skip] "m"(skip)
                     : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
    return x;
}

#else

static inline int32_t *ek_widen_rows(const int8_t *const *from, int32_t skip, int32_t rows,
                                     int32_t fours, int32_t *x)
{
    for (int32_t row = 0; row < rows; row++, x += 2 * EK_BLOCK * fours) {
        for (int32_t i = 0; i < EK_BLOCK; i++) {
            ek_widen(from[i] + row * (4 * fours + skip), 4 * fours, x + i, EK_BLOCK);
        }
    }
    return x;
}

#endif

#endif
