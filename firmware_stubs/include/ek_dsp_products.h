/* ek_dsp_products.h - sums of products of two output channels with a block of pixels, and their
 * outputs. ek_dsp_blocks.h draws blocks and weights, block_s8.c says what `finish` holds.
 */
#ifndef EK_DSP_PRODUCTS_H
#define EK_DSP_PRODUCTS_H

#include "ek_dsp_blocks.h"

/* Outputs of a and b from their sums. `second` is 1, or 0 where there is no b: then a overwrites. */
EK_INLINE void ek_finish_pair(int32_t both, int32_t low, const int32_t *f, int8_t *y,
                              int32_t second, ek_ties_t ties)
{
    const int32_t doubled_a = f[1] + (ek_wrapping_sub(both, low) >> 7);
    const int32_t doubled_b = f[0] + low * 2;
    y[second] = (int8_t)ek_finish(doubled_b, (ek_finish_t){f[5], f[6], f[7]}, ties);
    y[0] = (int8_t)ek_finish(doubled_a, (ek_finish_t){f[2], f[3], f[4]}, ties);
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one pair of inputs, 48 bytes of code: 8 multiplications, 3 loads, 1 widening. */
#define EK_LOAD_WEIGHTS                           \
    "ldr    %[v], [%[w]], #4          \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"    \
    "sxtb16 %[u], %[v]                \n\t"
#define EK_LOAD_PIXELS "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"

#define EK_PAIR                                   \
    EK_LOAD_WEIGHTS                               \
    "smlad  %[b0], %[v], %[x0], %[b0] \n\t"    \
    "smlad  %[l0], %[u], %[x0], %[l0] \n\t"    \
    "smlad  %[b1], %[v], %[x1], %[b1] \n\t"    \
    "smlad  %[l1], %[u], %[x1], %[l1] \n\t"    \
    EK_LOAD_PIXELS                                \
    "smlad  %[b2], %[v], %[x0], %[b2] \n\t"    \
    "smlad  %[l2], %[u], %[x0], %[l2] \n\t"    \
    "smlad  %[b3], %[v], %[x1], %[b3] \n\t"    \
    "smlad  %[l3], %[u], %[x1], %[l3] \n\t"

/* The first pair starts the sums. */
#define EK_FIRST_PAIR                             \
    EK_LOAD_WEIGHTS                               \
    "smuad  %[b0], %[v], %[x0]        \n\t"    \
    "smuad  %[l0], %[u], %[x0]        \n\t"    \
    "smuad  %[b1], %[v], %[x1]        \n\t"    \
    "smuad  %[l1], %[u], %[x1]        \n\t"    \
    EK_LOAD_PIXELS                                \
    "smuad  %[b2], %[v], %[x0]        \n\t"    \
    "smuad  %[l2], %[u], %[x0]        \n\t"    \
    "smuad  %[b3], %[v], %[x1]        \n\t"    \
    "smuad  %[l3], %[u], %[x1]        \n\t"

/* Assembly, because the eight sums, two pointers and four words take all 14 registers: compilers
 * spill sums inside the loop and take a third more instructions. What the rest needs is in memory.
 * The loop over pairs of inputs is unrolled eight times and entered where their number asks for.
 * Without optimization compilers keep a register for the frame, and the plain C below is used. */
EK_INLINE void ek_four_pixels(const int32_t *block, int32_t pairs, const int8_t *weights,
                              const int32_t *finish, int32_t channels, int8_t *output,
                              ek_ties_t ties)
{
    const int32_t *const block_end = block + EK_BLOCK * pairs;
    const int32_t skipped = ((1 - pairs) & 7) * 48;
    for (int32_t left = channels, run; left > 0; left -= run) {
        run = left > 1 ? left & ~1 : 1;
        const int32_t second = run > 1;
        const int32_t *const finish_end = finish + 8 * ((run + 1) >> 1);
        int32_t b0, b1, b2, b3, l0, l1, l2, l3, u, v, x0, x1;
        const int32_t *x;
        __asm__ volatile(
            "1:                                  \n\t"
            "ldr    %[x], %[block]               \n\t"
            EK_FIRST_PAIR
            "ldr    %[v], %[skipped]             \n\t"
            "add    pc, %[v]                     \n\t"
            "nop                                 \n"
            "2:                                  \n\t"
            EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR EK_PAIR
            "ldr    %[v], %[block_end]           \n\t"
            "cmp    %[x], %[v]                   \n\t"
            "bne    2b                           \n\t"

            "ldr    %[v], %[finish]              \n\t" /* b, from its sums */
            "ldr    %[x], %[output]              \n\t"
            "sub    %[b0], %[b0], %[l0]          \n\t"
            "ldr    %[u], [%[v]]                 \n\t"
            "sub    %[b1], %[b1], %[l1]          \n\t"
            "sub    %[b2], %[b2], %[l2]          \n\t"
            "sub    %[b3], %[b3], %[l3]          \n\t"
            "add    %[l0], %[u], %[l0], lsl #1   \n\t"
            "add    %[l1], %[u], %[l1], lsl #1   \n\t"
            "add    %[l2], %[u], %[l2], lsl #1   \n\t"
            "add    %[l3], %[u], %[l3], lsl #1   \n\t"
            "ldr    %[u], [%[v], #20]            \n\t"
            "ldrd   %[x0], %[x1], [%[v], #24]    \n\t"
            "ldr    %[v], %[second]              \n\t"
            "add    %[x], %[v]                   \n\t"
            EK_FINISH("%[l0]", "[%[x]]", "%c[ties]")
            "ldr    %[l0], %[channels]           \n\t"
            EK_FINISH("%[l1]", "[%[x], %[l0]]", "%c[ties]")
            EK_FINISH("%[l2]", "[%[x], %[l0], lsl #1]", "%c[ties]")
            "add    %[l1], %[l0], %[l0], lsl #1  \n\t"
            EK_FINISH("%[l3]", "[%[x], %[l1]]", "%c[ties]")

            "ldr    %[l3], %[finish]             \n\t" /* a, from (256 * a + b) - b */
            "ldr    %[x], %[output]              \n\t"
            "ldr    %[v], [%[l3], #4]            \n\t"
            "ldr    %[u], [%[l3], #8]            \n\t"
            "ldrd   %[x0], %[x1], [%[l3], #12]   \n\t"
            "add    %[b0], %[v], %[b0], asr #7   \n\t"
            "add    %[b1], %[v], %[b1], asr #7   \n\t"
            "add    %[b2], %[v], %[b2], asr #7   \n\t"
            "add    %[b3], %[v], %[b3], asr #7   \n\t"
            EK_FINISH("%[b0]", "[%[x]]", "%c[ties]")
            EK_FINISH("%[b1]", "[%[x], %[l0]]", "%c[ties]")
            EK_FINISH("%[b2]", "[%[x], %[l0], lsl #1]", "%c[ties]")
            EK_FINISH("%[b3]", "[%[x], %[l1]]", "%c[ties]")

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
              [finish_end] "m"(finish_end), [channels] "m"(channels), [second] "m"(second),
              [ties] "i"(ties)
            : "cc", "memory");
    }
}

/* `x` and `w` each hold one pair of inputs. */
#define EK_ONE_PAIR(x, w)                                          \
    "smlad  %[both], " w ", " x ", %[both]              \n\t"    \
    "sxtb16 " w ", " w "                                \n\t"    \
    "smlad  %[low], " w ", " x ", %[low]                \n\t"

/* Sums of two channels of one pixel; returns the weights that follow. Assembly for LDM, which loads
 * four words at once; by itself the compiler loads them singly. `pairs` is even. */
static inline const int8_t *ek_sum_pixel(const int32_t *x, int32_t pairs, const int8_t *w,
                                         int32_t sums[2])
{
    const int32_t *const end = x + pairs;
    int32_t both = 0, low = 0;
    if (pairs & 2) {
        __asm__ volatile("ldmia  %[x]!, {r2, r3}             \n\t"
                         "ldmia  %[w]!, {r6, r8}             \n\t"
                         EK_ONE_PAIR("r2", "r6") EK_ONE_PAIR("r3", "r8")
                         : [x] "+&r"(x), [w] "+&r"(w), [both] "+&r"(both), [low] "+&r"(low)
                         :
                         : "r2", "r3", "r6", "r8", "memory");
    }
    while (x != end) {
        __asm__ volatile("ldmia  %[x]!, {r2, r3, r4, r5}     \n\t"
                         "ldmia  %[w]!, {r6, r8, r9, r10}    \n\t"
                         EK_ONE_PAIR("r2", "r6") EK_ONE_PAIR("r3", "r8")
                         EK_ONE_PAIR("r4", "r9") EK_ONE_PAIR("r5", "r10")
                         : [x] "+&r"(x), [w] "+&r"(w), [both] "+&r"(both), [low] "+&r"(low)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "memory");
    }
    sums[0] = both;
    sums[1] = low;
    return w;
}

#else

static inline const int8_t *ek_sum_column(const int32_t *x, int32_t row, int32_t pairs,
                                          const int8_t *w, int32_t sums[2])
{
    int32_t both = 0, low = 0;
    for (; pairs > 0; pairs--, x += row, w += 4) {
        const uint32_t v = ek_load4(w);
        both = ek_smlad((int32_t)v, *x, both);
        low = ek_smlad(ek_sxtb16(v), *x, low);
    }
    sums[0] = both;
    sums[1] = low;
    return w;
}

static inline const int8_t *ek_sum_pixel(const int32_t *x, int32_t pairs, const int8_t *w,
                                         int32_t sums[2])
{
    return ek_sum_column(x, 1, pairs, w, sums);
}

EK_INLINE void ek_four_pixels(const int32_t *block, int32_t pairs, const int8_t *weights,
                              const int32_t *finish, int32_t channels, int8_t *output,
                              ek_ties_t ties)
{
    for (int32_t o = 0; o < channels; o += 2, finish += 8, weights += 4 * pairs) {
        for (int32_t pixel = 0; pixel < EK_BLOCK; pixel++) {
            int32_t sums[2];
            ek_sum_column(block + pixel, EK_BLOCK, pairs, weights, sums);
            ek_finish_pair(sums[0], sums[1], finish, output + pixel * channels + o, o + 1 < channels,
                           ties);
        }
    }
}

#endif

/* All outputs of a block of 4 pixels, or of 1. */
EK_INLINE void ek_multiply_block(const int32_t *block, int32_t pixels, int32_t pairs,
                                 const int8_t *weights, const int32_t *finish, int32_t channels,
                                 int8_t *output, ek_ties_t ties)
{
    if (pixels == EK_BLOCK) {
        ek_four_pixels(block, pairs, weights, finish, channels, output, ties);
        return;
    }
    for (int32_t o = 0; o < channels; o += 2, finish += 8) {
        int32_t sums[2];
        weights = ek_sum_pixel(block, pairs, weights, sums);
        ek_finish_pair(sums[0], sums[1], finish, output + o, o + 1 < channels, ties);
    }
}

#endif
